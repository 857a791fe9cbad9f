"""Reading from Stripe what an invoice is now, and which payments have failed."""

from collections.abc import Mapping

from activities.billing import Billing
from activities.definition import step_activity
from clients.kit.stretches import Row
from clients.stripe.client import StripeClient
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery
from models.event import EventSource
from models.events import FailedPayment
from models.stripe import StripeEvent, from_stripe


class StripeActivities:
    """`clients` by ChartMogul's account."""

    def __init__(self, clients: Mapping[str, StripeClient]) -> None:
        self._billing = Billing("stripe", clients, _event)

    @step_activity("stripe.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        return await self._billing.invoice(query)

    @step_activity("stripe.failed_payments")
    async def failed_payments(self, query: FailedSince) -> FailedPage:
        """One page."""
        return await self._billing.failed_payments(query)


def _event(row: Row, account: str, source: EventSource) -> FailedPayment:
    return from_stripe(StripeEvent.model_validate(row), account, source)
