"""Reading from Stripe what an invoice is now, and which payments have failed."""

from collections.abc import Mapping

from activities.billing import Billing
from activities.definition import step_activity
from activities.month import Books, Store
from clients.kit.stretches import Row
from clients.kit.tables import BooksReader
from clients.stripe.client import StripeClient
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery
from models.event import EventSource
from models.events import FailedPayment
from models.reconciliation.books import MonthCut, Reading
from models.stripe import StripeEvent, from_stripe
from models.templates.reconciliation import BooksWork


class StripeActivities:
    """`clients` by ChartMogul's account."""

    def __init__(self, clients: Mapping[str, StripeClient], snapshots: Store | None = None) -> None:
        self._billing = Billing("stripe", clients, _event)
        self._books = Books("stripe", clients, _reader, snapshots)

    @step_activity("stripe.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        return await self._billing.invoice(query)

    @step_activity("stripe.failed_payments")
    async def failed_payments(self, query: FailedSince) -> FailedPage:
        """One page."""
        return await self._billing.failed_payments(query)

    @step_activity("stripe.read_books")
    async def read_books(self, work: BooksWork) -> Reading:
        return await self._books.read(work)


def _event(row: Row, account: str, source: EventSource) -> FailedPayment:
    return from_stripe(StripeEvent.model_validate(row), account, source)


def _reader(client: StripeClient, cut: MonthCut, site: str, customers: list[str]) -> BooksReader:
    from clients.stripe.books.reader import StripeBooks

    return StripeBooks(client, cut, site)
