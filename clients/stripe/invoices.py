"""Stripe's invoices, read."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from models.billing import Count, Id, InvoiceNow, InvoiceStatus, Link, Minor, NeededId, Said, When, Words
from models.minor_units import STRIPE, money

STATUS: dict[str, InvoiceStatus] = {
    "draft": "open",
    "open": "open",
    "paid": "paid",
    "uncollectible": "lost",
    "void": "voided",
}


class _PaymentError(Said):
    message: Words = None
    decline_code: Words = None
    code: Words = None


class _Intent(Said):
    last_payment_error: _PaymentError | None = None


def _whole(value: Any) -> Any:
    """An object that was not expanded is its id alone."""
    return value if isinstance(value, dict) else None


class _Paid(Said):
    payment_intent: Annotated[_Intent | None, BeforeValidator(_whole)] = None


class _Payment(Said):
    payment: _Paid = _Paid()


class _Payments(Said):
    data: list[_Payment] = []


class _Transitions(Said):
    paid_at: When = None


class StripeInvoice(Said):
    """`GET /v1/invoices/{id}`, with the intents of its payments where the key may read them."""

    id: NeededId
    number: Words = None
    status: Literal["draft", "open", "paid", "uncollectible", "void"]
    livemode: bool = True
    currency: Words = None
    amount_due: Minor = None
    amount_remaining: Minor = None
    attempt_count: Count = None
    next_payment_attempt: When = None
    hosted_invoice_url: Link = None
    customer: Id = None
    customer_email: Words = None
    customer_name: Words = None
    status_transitions: _Transitions = _Transitions()
    payments: _Payments = _Payments()

    @property
    def reason(self) -> str:
        """Why the last attempt failed, while nobody has paid."""
        if STATUS[self.status] not in ("open", "lost"):
            return ""
        intents = (each.payment.payment_intent for each in self.payments.data)
        errors = (intent.last_payment_error for intent in intents if intent)
        return next((_words(each) for each in errors if each), "")

    def now(self, web_url: str) -> InvoiceNow:
        """Links are for the dashboard at `web_url`."""
        left = self.amount_due if self.amount_remaining is None else self.amount_remaining
        mode = "" if self.livemode else "/test"
        return InvoiceNow(
            id=self.id,
            number=self.number or "",
            status=STATUS[self.status],
            due=money(left, self.currency, STRIPE),
            paid_at=self.status_transitions.paid_at,
            attempts=self.attempt_count or 0,
            next_attempt_at=self.next_payment_attempt,
            reason=self.reason,
            link=f"{web_url.rstrip('/')}{mode}/invoices/{self.id}",
            pay_link=self.hosted_invoice_url,
            customer_external_id=self.customer,
            email=self.customer_email,
            customer_name=self.customer_name or "",
        )


def _words(error: _PaymentError) -> str:
    """`Your card has insufficient funds. (insufficient_funds)`."""
    code = error.decline_code or error.code
    return f"{error.message} ({code})" if error.message and code else error.message or code or ""
