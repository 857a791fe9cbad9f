"""Reading from Recurly what an invoice is now, and which payments have failed."""

from collections.abc import Mapping

from activities.billing import Billing
from activities.definition import step_activity
from clients.kit.stretches import Row
from clients.recurly.client import RecurlyClient
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery
from models.event import EventSource
from models.events import FailedPayment
from models.recurly import RecurlyTransaction, from_recurly_transaction


class RecurlyActivities:
    """`clients` by ChartMogul's account."""

    def __init__(self, clients: Mapping[str, RecurlyClient]) -> None:
        self._billing = Billing("recurly", clients, _event)

    @step_activity("recurly.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        return await self._billing.invoice(query)

    @step_activity("recurly.failed_payments")
    async def failed_payments(self, query: FailedSince) -> FailedPage:
        """One page."""
        return await self._billing.failed_payments(query)


def _event(row: Row, account: str, source: EventSource) -> FailedPayment:
    return from_recurly_transaction(RecurlyTransaction.model_validate(row), account, source)
