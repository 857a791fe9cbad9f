"""Recurly's invoices, read."""

from typing import Literal

from models.billing import Amount, Id, InvoiceNow, InvoiceStatus, NeededId, Said, When, Words
from models.minor_units import whole_money
from models.recurly import RecurlyAccountName, RecurlyAttempt

STATUS: dict[str, InvoiceStatus] = {
    "open": "open",
    "pending": "open",
    "processing": "open",
    "past_due": "open",
    "paid": "paid",
    "closed": "paid",
    "failed": "lost",
    "voided": "voided",
}


class _Attempt(RecurlyAttempt):
    created_at: When = None


class RecurlyInvoice(Said):
    """`GET /invoices/{id}`, with its transactions."""

    id: Id = None
    number: NeededId
    state: Literal["open", "pending", "processing", "past_due", "paid", "closed", "failed", "voided"]
    currency: Words = None
    balance: Amount = None
    closed_at: When = None
    account: RecurlyAccountName = RecurlyAccountName()
    transactions: list[_Attempt] = []

    @property
    def status(self) -> InvoiceStatus:
        return STATUS[self.state]

    @property
    def reason(self) -> str:
        """Of the newest attempt that failed, while nobody has paid."""
        if self.status not in ("open", "lost"):
            return ""
        dated = [
            (each.created_at, each.reason) for each in self.transactions if each.failed and each.created_at
        ]
        return max(dated)[1] if dated else ""

    def now(self, link: str | None, pay_link: str | None) -> InvoiceNow:
        """Recurly does not say when it tries again."""
        return InvoiceNow(
            id=self.number,
            number=self.number,
            status=self.status,
            due=whole_money(self.balance, self.currency),
            paid_at=self.closed_at if self.status == "paid" else None,
            attempts=sum(each.collects for each in self.transactions),
            reason=self.reason,
            link=link,
            pay_link=pay_link,
            customer_external_id=self.account.code,
            email=self.account.email,
            customer_name=self.account.label,
        )
