"""Polling for failed payments: the billing systems' lists, and ChartMogul's invoices of who is past due."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.chartmogul import client_of
from activities.definition import step_activity
from activities.errors import application_error
from activities.heartbeats import heartbeats
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import IntegrationError, title
from models.billing import FailedPage, FailedSince
from models.chartmogul_invoices import failed_payments
from models.events import DataSources, FailedPayment
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
        self,
        clients: Mapping[str, ChartMogulClient],
        billing: Mapping[str, Poll],
        scan: PaymentScanner,
        data_sources: DataSources,
    ) -> None:
        self._clients, self._billing, self._scan = clients, billing, scan
        self._data_sources = data_sources

    @step_activity("payments.sweep")
    async def sweep(self, scan: Scan) -> Tally:
        """Start what has no run."""
        return await self._read(scan, self._scan.take)

    @step_activity("payments.compare")
    async def compare(self, scan: Scan) -> Tally:
        """Which run each has."""
        return await self._read(scan, self._scan.compare)

    async def _read(self, scan: Scan, see_to: SeeTo) -> Tally:
        """A preview starts nothing that the next list would find: it sees to all lists at once."""
        tally, known, later = Tally(), _Known(), list[FailedPayment]()
        async with heartbeats(lambda: tally.rows):
            async for page in self._pages(scan):
                new = known.without(each.of_source(self._data_sources) for each in page.payments)
                tally += page.tally(len(new))
                if scan.preview:
                    later += new
                else:
                    tally += await see_to(scan, new, datetime.now(UTC))
            tally += await see_to(scan, later, datetime.now(UTC))
        return tally

    async def _pages(self, scan: Scan) -> AsyncIterator["_Page"]:
        """The billing systems' first: they say why, and when it is tried again."""
        for name, pages in self._lists(scan):
            try:
                async for page in pages:
                    yield page
            except (ApplicationError, IntegrationError) as error:
                failure = _as_ours(error)
                if _is_waited_for(failure, scan.waits):
                    raise failure from None
                yield _Page([], [], unasked=[f"{name} could not be asked: {failure.message}"])

    def _lists(self, scan: Scan) -> Iterator[tuple[str, AsyncIterator["_Page"]]]:
        for system, poll in self._billing.items():
            yield title(system), _of_billing(system, poll, scan)
        if scan.invoices:
            yield "ChartMogul's list of invoices", self._of_chartmogul(scan)

    async def _of_chartmogul(self, scan: Scan) -> AsyncIterator["_Page"]:
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
    unasked: list[str] = field(default_factory=list)

    def tally(self, new: int) -> Tally:
        unreadable = len(self.unreadable)
        return Tally(
            rows=new + unreadable,
            requests=self.requests,
            unreadable_rows=unreadable,
            unreadable=self.unreadable,
            gone=self.gone,
            unasked=self.unasked,
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


def _as_ours(error: ApplicationError | IntegrationError) -> ApplicationError:
    """A billing system's step has said it already in Temporal's words, ChartMogul's client in its own."""
    return application_error(error, local=False) if isinstance(error, IntegrationError) else error


def _is_waited_for(failure: ApplicationError, waits: timedelta | None) -> bool:
    """Whether the step is to fail by it, and so to be tried again, or to end for good."""
    if waits is None:
        return True
    again_at = datetime.now(UTC) + (failure.next_retry_delay or timedelta(0))
    return not failure.non_retryable and again_at < activity.info().scheduled_time + waits


async def _of_billing(system: str, poll: Poll, scan: Scan) -> AsyncIterator[_Page]:
    async for page in _all(poll, scan):
        yield _page_of(system, page)


def _page_of(system: str, page: FailedPage) -> _Page:
    name, gone = title(system), []
    if page.gone_before:
        gone = [f"{name} tells nothing from before {page.gone_before:%d %b %Y}"]
    unreadable = [f"{name} {each}" for each in page.unreadable]
    return _Page(page.events, unreadable, 0 if page.note else 1, gone)


async def _all(poll: Poll, scan: Scan) -> AsyncIterator[FailedPage]:
    query = FailedSince(
        account=scan.account,
        since=scan.start,
        until=min(scan.end, datetime.now(UTC)),
        source=scan.source,
    )
    while True:
        page = await poll(query)
        yield page
        if page.cursor is None:
            return
        query = query.model_copy(update={"cursor": page.cursor})
