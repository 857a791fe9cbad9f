"""What ChartMogul's invoices say of failed payments. It counts no attempts, and gives no reasons."""

from models.billing import InvoiceNow, InvoiceStatus
from models.chartmogul import Invoice
from models.event import EventSource
from models.events import FailedPayment
from models.money import Money

STATUSES: dict[str, InvoiceStatus] = {
    "open": "open",
    "paid": "paid",
    "refunded": "paid",
    "written_off": "lost",
    "voided": "voided",
}


def failed_payments(invoice: Invoice, account: str, source: EventSource) -> list[FailedPayment]:
    """Oldest first."""
    return [
        FailedPayment(
            account=account,
            occurred_at=each.date,
            customer_uuid=invoice.customer_uuid or "",
            customer_external_id=invoice.customer_external_id,
            invoice=invoice.external_id or invoice.uuid,
            transaction=each.external_id or each.uuid,
            amount=_money(each.amount if each.amount is not None else invoice.total, invoice.currency),
            source=source,
            data_source=invoice.data_source_uuid or "",
        )
        for each in invoice.failures
        if each.date
    ]


def invoice_now(invoice: Invoice) -> InvoiceNow:
    """Accounts without the newer `status` tell by the payments alone."""
    paid_at = max((each.date for each in invoice.transactions if each.paid and each.date), default=None)
    status = STATUSES.get(invoice.status.casefold(), "paid" if paid_at else "open")
    return InvoiceNow(
        id=invoice.external_id or invoice.uuid,
        status=status,
        due=_money(invoice.total, invoice.currency),
        paid_at=paid_at if status == "paid" else None,
        attempts=len(invoice.failures),
        customer_external_id=invoice.customer_external_id,
    )


def _money(cents: int, currency: str | None) -> Money | None:
    code = (currency or "").strip().upper()
    return Money(cents=cents, currency=code) if len(code) == 3 and code.isalpha() else None
