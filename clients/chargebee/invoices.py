"""Chargebee's invoices, read."""

from typing import Literal

from models.billing import InvoiceNow, InvoiceStatus, Minor, Person, When, Words
from models.chargebee import ChargebeeInvoice

OPEN = ("posted", "payment_due", "pending")


class BilledTo(Person):
    """A customer, or the address of an invoice."""


class BilledInvoice(ChargebeeInvoice):
    """`GET /invoices/{id}`."""

    status: Literal["paid", "posted", "payment_due", "not_paid", "voided", "pending"]
    paid_at: When = None
    amount_paid: Minor = None
    write_off_amount: Minor = None
    dunning_status: Words = None
    billing_address: BilledTo = BilledTo()

    @property
    def standing(self) -> InvoiceStatus:
        """`not_paid` may still be collected while the dunning is in progress. What was written off counts as
        paid there. UNVERIFIED, and so only where nothing was paid of it."""
        if self.status == "voided":
            return "voided"
        if self.status == "paid":
            return "lost" if self.write_off_amount and not self.amount_paid else "paid"
        collecting = self.status in OPEN or self.dunning_status == "in_progress"
        return "open" if collecting else "lost"

    @property
    def last_failure(self) -> str | None:
        """The transaction of the newest attempt that failed."""
        dated = [(each.txn_date, each.txn_id) for each in self.failed if each.txn_date and each.txn_id]
        return max(dated)[1] if dated else None

    def now(self, link: str, pay_link: str, customer: Person, reason: str) -> InvoiceNow:
        status = self.standing
        return InvoiceNow(
            id=self.id,
            number=self.id,
            status=status,
            due=self.due,
            paid_at=self.paid_at if status == "paid" else None,
            attempts=self.attempts,
            next_attempt_at=self.next_retry_at,
            reason=reason,
            link=link,
            pay_link=pay_link,
            customer_external_id=self.customer_id,
            email=customer.email,
            customer_name=customer.label,
        )
