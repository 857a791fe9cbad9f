"""Subscriptions: of one customer, or of the account, customer by customer: there is no such list."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from models.chartmogul_details import CustomerDetail, SubscriptionDetail
from models.foreign import foreign
from models.reads.customers import SubscriptionFacts
from models.reads.subscriptions import Subscriptions
from operations.reads.account import About, NotAnswered, Source
from operations.reads.customers import meant, subscription_facts
from operations.reads.pages import MOST_BYTES, Wanted, page_of

Status = Literal["active", "past", "trial", "all"]

MOST_CUSTOMERS = 25
"""Of a page of the account: one call each."""

PAYING, LEADS = (
    ("Active", "Past_Due", "Cancelled"),
    ("New_Lead", "Working_Lead", "Qualified_Lead", "Unqualified_Lead"),
)
ASKED_FOR: dict[str, Sequence[str]] = {
    "active": PAYING[:2],
    "past": PAYING,
    "all": PAYING,
    "trial": LEADS,
}
"""Customers among whom there may be such subscriptions, by the statuses that ChartMogul filters by."""

PER_CUSTOMER = (
    "ChartMogul lists subscriptions by customer: there are no totals, and of the whole account the warehouse"
    " answers sooner."
)


async def of_customer(source: Source, named: str, status: Status, wanted: Wanted) -> Subscriptions:
    """Raises NotAnswered, IntegrationError."""
    about, found = await asyncio.gather(source.about(), meant(source, named))
    rows = await _of(source, about, found, status)
    page, told = page_of(rows, wanted)
    sums = {"count": len(rows), "mrr_cents": sum(each.mrr_cents or 0 for each in rows)}
    return Subscriptions.model_validate(about.envelope | {"subscriptions": page} | sums | told)


async def of_account(source: Source, status: Status, wanted: Wanted) -> Subscriptions:
    """A page holds up to MOST_CUSTOMERS customers. Raises NotAnswered, IntegrationError."""
    about = await source.about()
    place = _Place.read(wanted.position())
    statuses = ASKED_FOR[status]
    if place.status >= len(statuses):
        raise NotAnswered("invalid_arguments", "The cursor is none of ours.", "Ask again without a cursor.")
    size = min(wanted.rows, MOST_CUSTOMERS)
    customers, following = await source.reads.customers(statuses[place.status], size, place.cursor)
    lists = await asyncio.gather(*(_of(source, about, each, status) for each in customers[place.skipped :]))
    rows, taken = _as_many_as_fit(lists)
    after = place.after(taken, len(customers), following, len(statuses))
    return Subscriptions.model_validate(
        about.envelope
        | {
            "subscriptions": rows,
            "next_cursor": wanted.cursor_at(after) if after else None,
            "truncated": after is not None,
            "notes": [PER_CUSTOMER],
        }
    )


class _Place:
    """Which of the statuses, ChartMogul's cursor in it, and customers of that page who were told already."""

    def __init__(self, status: int = 0, cursor: str | None = None, skipped: int = 0) -> None:
        self.status, self.cursor, self.skipped = status, cursor, skipped

    @classmethod
    def read(cls, position: Any) -> "_Place":
        match position:
            case None:
                return cls()
            case [int(status), str() | None as cursor, int(skipped)] if status >= 0 and skipped >= 0:
                return cls(status, cursor, skipped)
            case _:
                raise NotAnswered(
                    "invalid_arguments", "The cursor is none of ours.", "Ask again without a cursor."
                )

    def after(self, taken: int, customers: int, following: str | None, statuses: int) -> Any:
        if self.skipped + taken < customers:
            return [self.status, self.cursor, self.skipped + taken]
        if following:
            return [self.status, following, 0]
        return [self.status + 1, None, 0] if self.status + 1 < statuses else None


def _as_many_as_fit(lists: Sequence[Sequence[SubscriptionFacts]]) -> tuple[list[SubscriptionFacts], int]:
    """With the number of customers whose subscriptions they are. The first has its own cut, if need be."""
    rows: list[SubscriptionFacts] = []
    size = 0
    for number, each in enumerate(lists):
        size += sum(len(row.model_dump_json().encode()) for row in each)
        if number and size > MOST_BYTES:
            return rows, number
        rows += each[:50] if size > MOST_BYTES else each
    return rows, len(lists)


async def _of(source: Source, about: About, of: CustomerDetail, status: Status) -> list[SubscriptionFacts]:
    if status == "trial":
        return _trial(about, of)
    found = await source.reads.subscriptions(of.uuid)
    return [subscription_facts(about, each, of) for each in found if _is_wanted(each, status)]


def _is_wanted(row: SubscriptionDetail, status: Status) -> bool:
    return status == "all" or row.alive == (status == "active")


def _trial(about: About, of: CustomerDetail) -> list[SubscriptionFacts]:
    """To ChartMogul who tries is a lead: it has no subscription of theirs."""
    if of.trial_started_at is None or of.customer_since is not None:
        return []
    return [
        SubscriptionFacts(
            status="trial",
            started_at=about.local(of.trial_started_at),
            customer_uuid=of.uuid,
            customer=foreign(of.label),
        )
    ]
