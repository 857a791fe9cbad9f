"""What the steps of all billing systems have in common: an invoice, and a page of rows read as events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from clients.kit.errors import title
from clients.kit.http import mismatches
from clients.kit.stretches import Row, RowPage
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery, NoFailedPayment
from models.bounds import within
from models.event import EventSource
from models.events import FailedPayment

LONGEST_NAME = 100
"""Bytes of a row's id, where it is named."""


class BillingClient(Protocol):
    async def invoice(self, id: str, /) -> InvoiceNow | None: ...

    async def failed_payments(
        self, since: datetime, until: datetime, cursor: str | None = None
    ) -> RowPage: ...


@dataclass(frozen=True)
class Billing:
    """`clients` by ChartMogul's account: one that has none here has no invoices here. `read` raises
    NoFailedPayment for a row of another kind."""

    system: str
    clients: Mapping[str, BillingClient]
    read: Callable[[Row, str, EventSource], FailedPayment]

    async def invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        client = self.clients.get(query.account)
        return await client.invoice(query.invoice) if client else None

    async def failed_payments(self, query: FailedSince) -> FailedPage:
        """One page."""
        client = self.clients.get(query.account)
        if client is None:
            note = f"{title(self.system)} is not connected for account {query.account}"
            return FailedPage(events=[], until=query.until, note=note)
        page = await client.failed_payments(query.since, query.until, query.cursor)
        return _events(page, lambda row: self.read(row, query.account, query.source))


def _events(page: RowPage, read: Callable[[Row], FailedPayment]) -> FailedPage:
    """What is another kind of event is left out; what cannot be read is named."""
    events, unreadable = list[FailedPayment](), list[str]()
    for row in page.rows:
        try:
            events.append(read(row))
        except NoFailedPayment:
            continue
        except ValidationError as error:
            unreadable.append(f"{_name(row.get('id'))}: {mismatches(error)}")
    return FailedPage(
        events=events,
        unreadable=unreadable,
        cursor=page.cursor,
        until=page.until,
        gone_before=page.gone_before,
    )


def _name(id: Any) -> str:
    return within(id, LONGEST_NAME) if isinstance(id, str) and id else "a row without an id"
