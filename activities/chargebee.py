"""Reading from Chargebee what an invoice is now, and which payments have failed."""

from collections.abc import Mapping

from activities.billing import Billing
from activities.definition import step_activity
from clients.chargebee.client import ChargebeeClient
from clients.kit.stretches import Row
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery
from models.chargebee import ChargebeeEvent, from_chargebee
from models.event import EventSource
from models.events import FailedPayment


class ChargebeeActivities:
    """`clients` by ChartMogul's account."""

    def __init__(self, clients: Mapping[str, ChargebeeClient]) -> None:
        self._billing = Billing("chargebee", clients, _event)

    @step_activity("chargebee.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        return await self._billing.invoice(query)

    @step_activity("chargebee.failed_payments")
    async def failed_payments(self, query: FailedSince) -> FailedPage:
        """One page."""
        return await self._billing.failed_payments(query)


def _event(row: Row, account: str, source: EventSource) -> FailedPayment:
    return from_chargebee(ChargebeeEvent.model_validate(row), account, source)
