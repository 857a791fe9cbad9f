"""Read customer and invoice back: by the billing system that told of it, else as ChartMogul has it."""

from typing import Any

from activities.chargebee import ChargebeeActivities
from activities.chartmogul import ChartMogulActivities, PayerQuery
from activities.recurly import RecurlyActivities
from activities.stripe import StripeActivities
from models.billing import InvoiceNow, InvoiceQuery
from models.chartmogul import CustomerNow
from models.events import FailedPayment
from workflows.engine.acting import Acting
from workflows.engine.steps import StepFailed, step
from workflows.failed_payment.facts import PaymentFacts

BILLING: dict[str, Any] = {
    "stripe": StripeActivities.read_invoice,
    "chargebee": ChargebeeActivities.read_invoice,
    "recurly": RecurlyActivities.read_invoice,
}


async def facts_of(acting: Acting) -> PaymentFacts:
    """As they are now. Raises StepFailed where the customer cannot be read."""
    event = acting.given.event
    assert isinstance(event, FailedPayment)
    customer = await _customer(event)
    return PaymentFacts(event=event, customer=customer, invoice=await _invoice(acting, event))


async def _customer(event: FailedPayment) -> CustomerNow | None:
    query = PayerQuery(
        account=event.account,
        customer_uuid=event.customer_uuid,
        external_id=event.customer_external_id,
        data_source=event.data_source,
    )
    return await step(ChartMogulActivities.find_payer, query, summary="Read the customer")


async def _invoice(acting: Acting, event: FailedPayment) -> InvoiceNow | None:
    """None where nobody can be asked: what the event said is then all that is known."""
    query = InvoiceQuery(account=event.account, invoice=event.invoice, data_source=event.data_source)
    asked = [BILLING.get(event.billing_system), ChartMogulActivities.read_invoice]
    for activity in filter(None, asked):
        try:
            found: InvoiceNow | None = await step(activity, query, summary="Read the invoice")
        except StepFailed as failure:
            acting.log.note_fallback(failure)
            continue
        if found is not None:
            return found
    return None
