"""Reading from Recurly what an invoice is now, and which payments have failed."""

from collections.abc import Mapping

from activities.billing import Billing
from activities.definition import step_activity
from activities.month import Books, Store
from clients.kit.stretches import Row
from clients.kit.tables import BooksReader
from clients.recurly.books.reader import RecurlyBooks
from clients.recurly.client import RecurlyClient
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery
from models.event import EventSource
from models.events import FailedPayment
from models.reconciliation.books import MonthCut, Reading
from models.recurly import RecurlyTransaction, from_recurly_transaction
from models.templates.reconciliation import BooksWork


class RecurlyActivities:
    """`clients` by ChartMogul's account."""

    def __init__(self, clients: Mapping[str, RecurlyClient], snapshots: Store | None = None) -> None:
        self._billing = Billing("recurly", clients, _event)
        self._books = Books("recurly", clients, _reader, snapshots)

    @step_activity("recurly.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        return await self._billing.invoice(query)

    @step_activity("recurly.failed_payments")
    async def failed_payments(self, query: FailedSince) -> FailedPage:
        """One page."""
        return await self._billing.failed_payments(query)

    @step_activity("recurly.read_books")
    async def read_books(self, work: BooksWork) -> Reading:
        return await self._books.read(work)


def _event(row: Row, account: str, source: EventSource) -> FailedPayment:
    return from_recurly_transaction(RecurlyTransaction.model_validate(row), account, source)


def _reader(client: RecurlyClient, cut: MonthCut, site: str, customers: list[str]) -> BooksReader:
    return RecurlyBooks(client, cut, site)
