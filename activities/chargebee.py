"""Reading from Chargebee what an invoice is now, and which payments have failed."""

from collections.abc import Mapping

from activities.billing import Billing
from activities.definition import step_activity
from activities.month import Books, Store
from clients.chargebee.books.reader import ChargebeeBooks
from clients.chargebee.client import ChargebeeClient
from clients.kit.stretches import Row
from clients.kit.tables import BooksReader
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery
from models.chargebee import ChargebeeEvent, from_chargebee
from models.event import EventSource
from models.events import FailedPayment
from models.reconciliation.books import MonthCut, Reading
from models.templates.reconciliation import BooksWork


class ChargebeeActivities:
    """`clients` by ChartMogul's account."""

    def __init__(self, clients: Mapping[str, ChargebeeClient], snapshots: Store | None = None) -> None:
        self._billing = Billing("chargebee", clients, _event)
        self._books = Books("chargebee", clients, _reader, snapshots)

    @step_activity("chargebee.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        return await self._billing.invoice(query)

    @step_activity("chargebee.failed_payments")
    async def failed_payments(self, query: FailedSince) -> FailedPage:
        """One page."""
        return await self._billing.failed_payments(query)

    @step_activity("chargebee.read_books")
    async def read_books(self, work: BooksWork) -> Reading:
        return await self._books.read(work)


def _event(row: Row, account: str, source: EventSource) -> FailedPayment:
    return from_chargebee(ChargebeeEvent.model_validate(row), account, source)


def _reader(client: ChargebeeClient, cut: MonthCut, site: str, customers: list[str]) -> BooksReader:
    return ChargebeeBooks(client, cut, site)
