"""Invoices, credit invoices and transactions of Recurly's as records. Amounts are in the currency, 19.99."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from clients.kit.tables import Row, Unreadable
from models.billing import Amount, Id, NeededAmount, NeededId, Person, Said, When, Words
from models.minor_units import in_minor, minor_of
from models.reconciliation.books import (
    CashEntry,
    CashKind,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    ItemKind,
)

STATUS = {
    "open": DocumentStatus.OPEN,
    "pending": DocumentStatus.OPEN,
    "processing": DocumentStatus.OPEN,
    "past_due": DocumentStatus.OPEN,
    "paid": DocumentStatus.PAID,
    "closed": DocumentStatus.PAID,
    "failed": DocumentStatus.WRITTEN_OFF,
    "voided": DocumentStatus.VOIDED,
}
KINDS = {"purchase": CashKind.PAYMENT, "capture": CashKind.PAYMENT, "refund": CashKind.REFUND}
ONCE = ("setup_fee", "one_time")
"""Origins of lines that are billed once. What a debit, a credit or a coupon is of, they do not tell."""

UNDER_WAY = ("pending", "scheduled", "processing")


class _Account(Person):
    id: Id = None
    code: Id = None


class _Tax(Said):
    rate: Amount = None


class _Line(Said):
    subtotal: Amount = None
    discount: Amount = None
    tax: Amount = None
    tax_inclusive: bool = False
    tax_info: _Tax = _Tax()
    id: Id = None
    uuid: Id = None
    subscription_id: Id = None
    origin: Words = None
    plan_code: Id = None
    add_on_code: Id = None
    proration_rate: Amount = None
    start_date: When = None
    end_date: When = None

    def record(self, currency: str, uuid_of: Callable[[str], str], *, credit: bool) -> DocumentLine:
        """UNVERIFIED: that `subtotal` of a tax-inclusive line has the tax in it."""
        net = (self.subtotal or Decimal(0)) - (self.discount or 0)
        if self.tax_inclusive:
            net -= self.tax or 0
        rate = None if self.tax_info.rate is None else self.tax_info.rate * 100
        tax = None if self.tax is None else _signed(self.tax, currency, credit=credit)
        subscription = uuid_of(self.subscription_id) if self.subscription_id else ""
        return DocumentLine(
            net=_signed(net, currency, credit=credit),
            tax=tax,
            tax_percent=rate,
            tax_inside=self.tax_inclusive,
            id=self.uuid or self.id or "",
            subscription=subscription,
            item=self.add_on_code or (subscription if self.origin == "plan" else ""),
            plan=self.plan_code or "",
            kind=ItemKind.ONE_TIME if self.origin in ONCE else None,
            starts_at=self.start_date,
            ends_at=self.end_date,
            prorated=None if self.proration_rate is None else self.proration_rate < 1,
        )


class _Credit(Said):
    action: Words = None
    amount: Amount = None
    voided_at: When = None


class _Invoice(Said):
    id: Id = None
    number: NeededId
    type: Literal["charge", "credit", "legacy"] = "charge"
    state: Literal["open", "pending", "processing", "past_due", "paid", "closed", "failed", "voided"]
    account: _Account = _Account()
    currency: str
    total: NeededAmount
    tax: Amount = None
    balance: Amount = None
    po_number: Words = None
    subscription_ids: list[str] = []
    previous_invoice_id: Id = None
    line_items: list[_Line] = []
    credit_payments: list[_Credit] = []
    created_at: When = None
    updated_at: When = None


class _InvoiceName(Said):
    number: Id = None


class _Transaction(Said):
    id: Id = None
    uuid: NeededId
    type: Words = None
    status: Words = None
    amount: NeededAmount
    currency: str
    account: _Account = _Account()
    invoice: _InvoiceName | None = None
    gateway_reference: Words = None
    original_transaction_id: Id = None
    created_at: When = None
    collected_at: When = None
    voided_at: When = None


def invoice_of(row: Row, site: str, link: str, uuid_of: Callable[[str], str] = lambda id: id) -> Document:
    """Raises ValidationError, and Unreadable. A credit invoice's amounts are negative there. Its lines name a
    subscription by its id, of which `uuid_of` makes what ChartMogul knows it by."""
    said = _Invoice.model_validate(row)
    currency, credit = said.currency.upper(), said.type == "credit"
    used = [each.amount or Decimal(0) for each in said.credit_payments if not each.voided_at]
    return Document(
        side="billing",
        system="recurly",
        site=site,
        id=said.id or said.number,
        number=said.number,
        kind=DocumentKind.CREDIT_NOTE if credit else DocumentKind.INVOICE,
        status=STATUS[said.state],
        at=said.created_at,
        currency=currency,
        total=_of_kind(_whole(said.total, currency), credit=credit),
        tax=None if said.tax is None else _of_kind(_whole(said.tax, currency), credit=credit),
        due=None if said.balance is None else _of_kind(_whole(said.balance, currency), credit=credit),
        from_balance=0 if credit else abs(_whole(sum(used, Decimal(0)), currency)),
        lines=[each.record(currency, uuid_of, credit=credit) for each in said.line_items],
        references=[each for each in (*said.subscription_ids[:20], said.po_number) if each],
        links=[said.previous_invoice_id] if credit and said.previous_invoice_id else [],
        customer_id=said.account.code or "",
        customer_name=said.account.label,
        email=said.account.email or "",
        created_at=said.created_at,
        changed_at=said.updated_at,
        link=link,
    )


def transaction_of(row: Row, site: str) -> CashEntry | None:
    """None where no money has moved: of a card that was looked at, and of what is under way."""
    said = _Transaction.model_validate(row)
    if said.type not in KINDS or said.status in UNDER_WAY:
        return None
    currency = said.currency.upper()
    charged_back = said.status == "chargeback"
    return CashEntry(
        side="billing",
        system="recurly",
        site=site,
        id=said.uuid,
        kind=KINDS[said.type],
        failed=said.status in ("declined", "error"),
        voided=said.status == "void" or said.voided_at is not None or charged_back,
        at=said.collected_at or said.created_at,
        currency=currency,
        amount=abs(_whole(said.amount, currency)),
        documents=[said.invoice.number] if said.invoice and said.invoice.number else [],
        references=[each for each in (said.gateway_reference, said.original_transaction_id) if each],
        customer_id=said.account.code or "",
        customer_name=said.account.label,
    )


def _of_kind(minor: int, *, credit: bool) -> int:
    return abs(minor) if credit else minor


def _signed(amount: Decimal, currency: str, *, credit: bool) -> Decimal:
    """A line that gives back is negative among others, and positive in a credit invoice."""
    exact = in_minor(amount, currency)
    return abs(exact) if credit else exact


def _whole(amount: Decimal, currency: str) -> int:
    try:
        return minor_of(amount, currency)
    except ValueError as error:
        raise Unreadable(f"an amount {error}") from None
