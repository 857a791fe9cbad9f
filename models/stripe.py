"""Stripe's events of failed payments. Amounts are in the currency's smallest unit."""

from models.billing import Count, Id, Link, Minor, NeededId, NeededWhen, NoFailedPayment, Said, When, Words
from models.event import EventSource
from models.events import FailedPayment
from models.minor_units import STRIPE, money


class _StripeInvoice(Said):
    """`data.object` of `invoice.payment_failed`."""

    id: NeededId
    customer: Id = None
    customer_name: Words = None
    amount_due: Minor = None
    amount_remaining: Minor = None
    currency: Words = None
    attempt_count: Count = None
    next_payment_attempt: When = None
    hosted_invoice_url: Link = None


class _StripeData(Said):
    object: _StripeInvoice


class StripeEvent(Said):
    """The envelope, of the webhook and of `GET /v1/events`; `created` is when it happened."""

    id: Id = None
    type: str
    created: NeededWhen
    data: _StripeData


CONFIRM = "invoice.payment_action_required"
STRIPE_TYPES = ("invoice.payment_failed", CONFIRM)


def from_stripe(body: StripeEvent, account: str, source: EventSource = EventSource.BILLING) -> FailedPayment:
    """Raises NoFailedPayment. The transaction stays open: Stripe's invoice names none, its attempt does. What
    a customer tries by hand counts as no attempt of its own, and is the same event."""
    if body.type not in STRIPE_TYPES:
        raise NoFailedPayment(f"type is none of {', '.join(STRIPE_TYPES)}")
    invoice = body.data.object
    due = invoice.amount_due if invoice.amount_remaining is None else invoice.amount_remaining
    return FailedPayment(
        account=account,
        occurred_at=body.created,
        customer_external_id=invoice.customer,
        customer_name=invoice.customer_name or "",
        invoice=invoice.id,
        attempt=invoice.attempt_count,
        next_attempt_at=invoice.next_payment_attempt,
        amount=money(due, invoice.currency, STRIPE),
        reason="the bank asks the customer to confirm" if body.type == CONFIRM else "",
        link=invoice.hosted_invoice_url,
        billing_system="stripe",
        source=source,
    )
