"""Polling for failed payments: the billing systems' lists, and ChartMogul's invoices of who is past due."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from activities.chartmogul import client_of
from activities.definition import step_activity
from activities.heartbeats import heartbeats
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import title
from models.billing import FailedPage, FailedSince
from models.chartmogul_invoices import failed_payments
from models.events import FailedPayment
from models.movements import Scan, Tally

Poll = Callable[[FailedSince], Awaitable[FailedPage]]
"""A billing system's step that gives one page of its list."""

SeeTo = Callable[[Scan, Sequence[FailedPayment], datetime], Awaitable[Tally]]


class PaymentScanner(Protocol):
    """What `dispatch.payment_scan` gives: the dispatcher, seen from here."""

    @property
    def take(self) -> SeeTo: ...

    @property
    def compare(self) -> SeeTo: ...


class PaymentActivities:
    """`billing` are the polls of the billing systems, by name. One that is off has nothing to tell."""

    def __init__(
        self, clients: Mapping[str, ChartMogulClient], billing: Mapping[str, Poll], scan: PaymentScanner
    ) -> None:
        self._clients, self._billing, self._scan = clients, billing, scan

    @step_activity("payments.sweep")
    async def sweep(self, scan: Scan) -> Tally:
        """Start what has no run."""
        return await self._read(scan, self._scan.take)

    @step_activity("payments.compare")
    async def compare(self, scan: Scan) -> Tally:
        """Which run each has."""
        return await self._read(scan, self._scan.compare)

    async def _read(self, scan: Scan, see_to: SeeTo) -> Tally:
        tally, known = Tally(), _Known()
        async with heartbeats(lambda: tally.rows):
            async for page in self._pages(scan):
                new = known.without(page.payments)
                tally += await see_to(scan, new, datetime.now(UTC))
                tally += page.tally(len(new))
        return tally

    async def _pages(self, scan: Scan) -> AsyncIterator["_Page"]:
        """The billing systems' first: they say why, and when it is tried again."""
        for system, poll in self._billing.items():
            async for found in _all(poll, scan):
                yield _of_billing(system, found)
        if not scan.invoices:
            return
        async for block in client_of(self._clients, scan.account).invoices_past_due(scan.start):
            said = (each for row in block.rows for each in failed_payments(row, scan.account, scan.source))
            yield _Page(
                [each for each in said if scan.start <= each.occurred_at < scan.end],
                [f"ChartMogul {each}" for each in block.unreadable],
            )


@dataclass(frozen=True)
class _Page:
    payments: list[FailedPayment]
    unreadable: list[str]
    requests: int = 1
    gone: list[str] = field(default_factory=list)

    def tally(self, new: int) -> Tally:
        unreadable = len(self.unreadable)
        return Tally(
            rows=new + unreadable,
            requests=self.requests,
            unreadable_rows=unreadable,
            unreadable=self.unreadable,
            gone=self.gone,
        )


class _Known:
    """Attempts that were listed already. One that several lists have counts once: there it is the same in
    other words."""

    def __init__(self) -> None:
        self._by_invoice: dict[str, list[FailedPayment]] = {}

    def without(self, payments: Iterable[FailedPayment]) -> list[FailedPayment]:
        return [each for each in payments if self._is_new(each)]

    def _is_new(self, payment: FailedPayment) -> bool:
        of_invoice = self._by_invoice.setdefault(payment.run_key, [])
        if any(each.is_same_attempt(payment) for each in of_invoice):
            return False
        of_invoice.append(payment)
        return True


def _of_billing(system: str, page: FailedPage) -> _Page:
    name, gone = title(system), []
    if page.gone_before:
        gone = [f"{name} tells nothing from before {page.gone_before:%d %b %Y}"]
    unreadable = [f"{name} {each}" for each in page.unreadable]
    return _Page(page.events, unreadable, 0 if page.note else 1, gone)


async def _all(poll: Poll, scan: Scan) -> AsyncIterator[FailedPage]:
    query = FailedSince(account=scan.account, since=scan.start, until=min(scan.end, datetime.now(UTC)))
    while True:
        page = await poll(query)
        yield page
        if page.cursor is None:
            return
        query = query.model_copy(update={"cursor": page.cursor})
