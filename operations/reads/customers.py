"""Who is meant, and all that ChartMogul says of them."""

import asyncio
import re
from collections.abc import Collection, Sequence
from typing import Any, Literal

from clients.kit.errors import NotFound
from models.base import Record
from models.chartmogul import Invoice
from models.chartmogul_details import CustomerDetail, MovementDetail, SubscriptionDetail
from models.foreign import LONGEST, Foreign, foreign
from models.reads.customers import (
    CustomerAnswer,
    CustomerFacts,
    InvoiceFacts,
    MovementFacts,
    SubscriptionFacts,
)
from operations.reads.account import About, NotAnswered, Source
from operations.reads.pages import fitting

Part = Literal["subscriptions", "movements", "invoices", "attributes"]

MOST_OF_EACH, MOST_BYTES_OF_EACH, CANDIDATES = 50, 7_000, 5
MOST_TAGS, MOST_IDS = 20, 10

STATUSES = (
    "New Lead", "Working Lead", "Qualified Lead", "Unqualified Lead", "Active", "Past Due", "Cancelled"
)  # fmt: skip

_UUID = re.compile(r"cus_[0-9a-f-]{36}")


async def meant(source: Source, named: str) -> CustomerDetail:
    """The one customer of that uuid, e-mail or external id. Raises NotAnswered where there is none, or where
    there are several."""
    named = named.strip()
    found = await _of_uuid(source, named)
    if not found and "@" in named:
        found = await source.reads.with_email(named)
    found = found or await source.reads.with_external_id(named)
    by_uuid = {each.uuid: each for each in found}
    if not by_uuid:
        raise _nobody()
    if len(by_uuid) > 1:
        raise NotAnswered(
            "ambiguous_customer",
            f"{len(by_uuid)} customers are meant: {_candidates(list(by_uuid.values()))}",
            "Name one of them by its uuid.",
        )
    return next(iter(by_uuid.values()))


async def _of_uuid(source: Source, named: str) -> list[CustomerDetail]:
    """Billing systems have ids that look like one, such as cus_N1001."""
    if not _UUID.fullmatch(named):
        return []
    try:
        return [await source.reads.customer(named)]
    except NotFound:
        return []


def _nobody() -> NotAnswered:
    return NotAnswered(
        "customer_not_found",
        "ChartMogul has no such customer: it may have been merged or deleted.",
        "Name it by uuid, external id or e-mail address.",
    )


def _candidates(found: Sequence[CustomerDetail]) -> str:
    """Nothing that strangers wrote."""
    told = [
        f"{each.uuid} ({_source_of(each)}, {_status_of(each)}, MRR {each.mrr} cents)"
        for each in found[:CANDIDATES]
    ]
    return "; ".join(told)


def _source_of(found: CustomerDetail) -> str:
    uuid = found.data_source_uuid or ""
    return uuid if re.fullmatch(r"ds_[0-9a-f-]{36}", uuid) else "data source unknown"


def _status_of(found: CustomerDetail) -> str:
    return found.status if found.status in STATUSES else "status unknown"


async def customer(source: Source, named: str, include: Collection[Part] = ()) -> CustomerAnswer:
    """Raises NotAnswered, IntegrationError."""
    about, found = await asyncio.gather(source.about(), meant(source, named))
    subscriptions, (movements, older), invoices = await asyncio.gather(
        source.reads.subscriptions(found.uuid),
        source.reads.newest_movements(found.uuid) if "movements" in include else _nothing(),
        source.reads.newest_invoices(found.uuid, MOST_OF_EACH) if "invoices" in include else _no_invoices(),
    )
    lists: dict[str, Sequence[Record]] = {
        "subscriptions": [subscription_facts(about, each) for each in subscriptions],
        "movements": [_movement(about, each) for each in movements],
        "invoices": [_invoice(about, each) for each in invoices],
    }
    shown: dict[str, Any] = {
        name: fitting(rows[:MOST_OF_EACH], MOST_BYTES_OF_EACH)
        for name, rows in lists.items()
        if name in include
    }
    cut = older or any(len(rows) < len(lists[name]) for name, rows in shown.items())
    if "attributes" in include:
        shown["attributes"] = attributes(found)
        cut = cut or len(shown["attributes"]) < len(found.attributes.custom)
    return CustomerAnswer.model_validate(
        about.envelope | {"customer": facts(about, found, subscriptions), "truncated": cut} | shown
    )


def attributes(found: CustomerDetail) -> dict[Foreign, Any]:
    """Custom ones, as many as fit."""
    told: dict[Foreign, Any] = {}
    size = 0
    for name, value in found.attributes.custom.items():
        size += len(f"{Foreign.of(name)}{foreign(value)}".encode()) + 6
        if size > MOST_BYTES_OF_EACH:
            break
        told[Foreign.of(name)] = foreign(value)
    return told


async def _nothing() -> tuple[list[MovementDetail], bool]:
    return [], False


async def _no_invoices() -> list[Invoice]:
    return []


def facts(about: About, found: CustomerDetail, subscriptions: Sequence[SubscriptionDetail]) -> CustomerFacts:
    alive = next((each for each in subscriptions if each.alive), None)
    return CustomerFacts.model_validate(
        {
            "uuid": found.uuid,
            "external_ids": [each for each in found.ids if each != found.uuid][:MOST_IDS],
            "data_source_uuid": found.data_source_uuid,
            "name": found.name,
            "company": found.company,
            "email": found.email,
            "status": found.status,
            "mrr_cents": found.mrr,
            "arr_cents": found.arr if found.arr is not None else found.mrr * 12,
            "plan": alive.plan if alive else None,
            "billing_cycle": _cycle(alive) if alive else None,
            "owner": found.owner,
            "country": found.country,
            "city": found.city,
            "customer_since": about.local(found.customer_since),
            "trial_started_at": about.local(found.trial_started_at),
            "tags": found.tags[:MOST_TAGS],
            "link": _link(found.link),
        }
    )


def _link(link: str | None) -> str | None:
    """Its page, whose address has the name in it. None where it is too long to be told whole."""
    return link if link and len(link) <= LONGEST else None


def subscription_facts(
    about: About, row: SubscriptionDetail, of: CustomerDetail | None = None
) -> SubscriptionFacts:
    return SubscriptionFacts.model_validate(
        {
            "external_id": row.external_id,
            "plan": row.plan,
            "status": row.status,
            "mrr_cents": row.mrr,
            "billing_cycle": _cycle(row),
            "quantity": row.quantity,
            "started_at": about.local(row.start),
            "current_period_end": about.local(row.end) if row.alive else None,
            "ended_at": None if row.alive else about.local(row.end),
            "customer_uuid": of.uuid if of else None,
            "customer": of.label if of else None,
        }
    )


def _cycle(row: SubscriptionDetail) -> str:
    """`month`, `3 months`."""
    return f"{row.cycles} {row.cycle}s" if row.cycles and row.cycles > 1 else row.cycle


def _movement(about: About, row: MovementDetail) -> MovementFacts:
    return MovementFacts(
        date=row.date.astimezone(about.zone),
        type=row.type,
        cents=row.change or 0,
        mrr_after_cents=row.mrr,
        description=Foreign.of(row.description),
        subscription_external_id=foreign(row.subscription_external_id),
    )


def _invoice(about: About, row: Invoice) -> InvoiceFacts:
    return InvoiceFacts(
        external_id=foreign(row.external_id),
        date=about.local(row.date),
        currency=row.currency,
        total_cents=row.total,
        status=row.status,
        paid=any(each.paid for each in row.transactions),
        failed_payments=len(row.failures),
    )
