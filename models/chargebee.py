"""Chargebee's events of failed payments, and its invoices. Amounts are in the currency's smallest unit."""

from typing import Any

from models.billing import Id, Minor, NeededId, NeededWhen, NoFailedPayment, Person, Said, When, Words
from models.event import EventSource
from models.events import FailedPayment
from models.minor_units import ISO_4217, money
from models.money import Money


class ChargebeeTransaction(Said):
    id: Id = None
    error_text: Words = None
    error_code: Words = None
    date: When = None

    @property
    def reason(self) -> str:
        return self.error_text or self.error_code or ""


class _ChargebeePayment(Said):
    txn_id: Id = None
    txn_status: Words = None
    txn_date: When = None


class ChargebeeInvoice(Said):
    """`linked_payments` are all that were tried; `dunning_attempts` those of the dunning alone."""

    id: NeededId
    customer_id: Id = None
    amount_due: Minor = None
    currency_code: Words = None
    next_retry_at: When = None
    dunning_attempts: list[Any] = []
    linked_payments: list[_ChargebeePayment] = []

    @property
    def failed(self) -> list[_ChargebeePayment]:
        return [each for each in self.linked_payments if each.txn_status in ("failure", "timeout")]

    @property
    def attempts(self) -> int:
        return max(len(self.dunning_attempts), len(self.failed))

    @property
    def due(self) -> Money | None:
        """ISO 4217 says what the smallest unit is: Chargebee's page names JPY, and no table."""
        return money(self.amount_due, self.currency_code, ISO_4217)


class _ChargebeeCustomer(Person):
    id: Id = None


class _ChargebeeContent(Said):
    transaction: ChargebeeTransaction = ChargebeeTransaction()
    invoice: ChargebeeInvoice | None = None
    customer: _ChargebeeCustomer = _ChargebeeCustomer()


class ChargebeeEvent(Said):
    """The envelope, of the webhook and of `GET /events`."""

    id: Id = None
    event_type: str
    occurred_at: NeededWhen
    content: _ChargebeeContent


CHARGEBEE_TYPE = "payment_failed"


def from_chargebee(
    body: ChargebeeEvent, account: str, source: EventSource = EventSource.BILLING
) -> FailedPayment:
    """Raises NoFailedPayment."""
    if body.event_type != CHARGEBEE_TYPE:
        raise NoFailedPayment(f"event_type is not {CHARGEBEE_TYPE}")
    invoice, transaction, customer = body.content.invoice, body.content.transaction, body.content.customer
    if invoice is None:
        raise NoFailedPayment("the payment was for no invoice")
    return FailedPayment(
        account=account,
        occurred_at=transaction.date or body.occurred_at,
        customer_external_id=invoice.customer_id or customer.id,
        customer_name=customer.label,
        invoice=invoice.id,
        transaction=transaction.id,
        attempt=invoice.attempts or None,
        next_attempt_at=invoice.next_retry_at,
        amount=invoice.due,
        reason=transaction.reason,
        billing_system="chargebee",
        source=source,
    )
