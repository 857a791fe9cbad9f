"""Recurly's notifications of failed payments, and its API's transactions. Amounts are in the currency."""

from pydantic import Field

from models.billing import Amount, Id, Minor, NeededWhen, NoFailedPayment, Person, Said, Words
from models.event import EventSource
from models.events import FailedPayment
from models.minor_units import has_cents, money, whole_money
from models.money import Money


class _RecurlyPerson(Person):
    account_code: Id = None


class _NotifiedTransaction(Said):
    """`id` is the uuid of Recurly's API."""

    id: Id = None
    invoice_number_prefix: Words = None
    invoice_number: Id = None
    invoice_id: Id = None
    date: NeededWhen
    amount_in_cents: Minor = None
    currency: Words = None
    message: Words = None
    failure_type: Words = None

    @property
    def invoice(self) -> str | None:
        """As the API's `number` has it: with the prefix of a country."""
        number = self.invoice_number
        return f"{self.invoice_number_prefix or ''}{number}" if number else self.invoice_id

    @property
    def amount(self) -> Money | None:
        """None of a currency without cents: whether `amount_in_cents` counts yen or hundredths of one, the
        documentation does not say."""
        return money(self.amount_in_cents, self.currency, {}) if has_cents(self.currency) else None


class _RecurlyFailed(Said):
    account: _RecurlyPerson = _RecurlyPerson()
    transaction: _NotifiedTransaction


class OnlyPoints(NoFailedPayment):
    """Whether the transaction is a failed payment, and of what, only Recurly's API tells."""

    def __init__(self, transaction: str) -> None:
        super().__init__("it only points at a transaction: read that from Recurly")
        self.transaction = transaction


class RecurlyNotification(Said):
    """In one of two forms. The older tells all, under the notification's type. The newer only points at what
    it is about: `{"object_type": "payment", "event_type": "failed", "uuid": …}`; the API tells the rest."""

    failed_payment_notification: _RecurlyFailed | None = None
    object_type: Words = None
    event_type: Words = None
    uuid: Id = None

    @property
    def points_at(self) -> str | None:
        """The uuid of the transaction that failed, where that is all there is."""
        failed = self.object_type == "payment" and self.event_type == "failed"
        return self.uuid if failed and self.failed_payment_notification is None else None


def from_recurly(body: RecurlyNotification, account: str) -> FailedPayment:
    """Of the older form. Raises NoFailedPayment, and OnlyPoints of the newer one."""
    if body.points_at:
        raise OnlyPoints(body.points_at)
    if (failed := body.failed_payment_notification) is None:
        raise NoFailedPayment("it tells of no failed payment")
    transaction = failed.transaction
    if not transaction.invoice:
        raise NoFailedPayment("the payment was for no invoice")
    return FailedPayment(
        account=account,
        occurred_at=transaction.date,
        customer_external_id=failed.account.account_code,
        customer_name=failed.account.label,
        invoice=transaction.invoice,
        transaction=transaction.id,
        amount=transaction.amount,
        reason=transaction.message or transaction.failure_type or "",
        billing_system="recurly",
        source=EventSource.BILLING,
    )


class RecurlyAccountName(Person):
    id: Id = None
    code: Id = None


class _RecurlyInvoiceName(Said):
    number: Id = None


class RecurlyAttempt(Said):
    """What a transaction of an invoice says of itself."""

    type: Words = None
    status: Words = None
    status_message: Words = Field(default=None, description="For the merchant")
    customer_message: Words = None

    @property
    def collects(self) -> bool:
        """Others check a card, or give money back."""
        return self.type in ("purchase", "capture")

    @property
    def failed(self) -> bool:
        return self.collects and self.status in ("declined", "error")

    @property
    def reason(self) -> str:
        return self.status_message or self.customer_message or ""


class RecurlyTransaction(RecurlyAttempt):
    """Of Recurly's API."""

    id: Id = None
    uuid: Id = None
    amount: Amount = None
    currency: Words = None
    created_at: NeededWhen
    account: RecurlyAccountName = RecurlyAccountName()
    invoice: _RecurlyInvoiceName | None = None


def from_recurly_transaction(row: RecurlyTransaction, account: str, source: EventSource) -> FailedPayment:
    """Raises NoFailedPayment. The same event as of the older notification: uuid and number are in both."""
    if not row.failed:
        raise NoFailedPayment("it is no payment that failed")
    if row.invoice is None or not row.invoice.number:
        raise NoFailedPayment("the payment was for no invoice")
    return FailedPayment(
        account=account,
        occurred_at=row.created_at,
        customer_external_id=row.account.code,
        customer_name=row.account.label,
        invoice=row.invoice.number,
        transaction=row.uuid or row.id,
        amount=whole_money(row.amount, row.currency),
        reason=row.reason,
        billing_system="recurly",
        source=source,
    )
