"""Invoices, credit notes and transactions of Chargebee's as records. Amounts are in the smallest unit."""

from decimal import Decimal
from typing import Any, Literal

from clients.kit.tables import Row
from models.billing import Amount, Id, NeededId, Said, When, Words
from models.reconciliation.books import (
    CashEntry,
    CashKind,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    ItemKind,
)

OPEN = ("posted", "payment_due", "not_paid")
ONCE = ("charge_item_price", "adhoc", "plan_setup")
"""Kinds of lines that are billed once; those of plans and add-ons their items tell more of."""

CREDIT = {
    "adjusted": DocumentStatus.PAID,
    "refunded": DocumentStatus.PAID,
    "refund_due": DocumentStatus.OPEN,
    "voided": DocumentStatus.VOIDED,
}


class _Line(Said):
    """`amount` is before discounts, and has the tax in it where prices are inclusive."""

    id: Id = None
    subscription_id: Id = None
    entity_type: Words = None
    entity_id: Id = None
    date_from: When = None
    date_to: When = None
    amount: Amount = None
    discount_amount: Amount = None
    item_level_discount_amount: Amount = None
    tax_amount: Amount = None
    tax_rate: Amount = None

    def record(self, *, inclusive: bool) -> DocumentLine:
        net = (self.amount or Decimal(0)) - (self.discount_amount or 0)
        tax, once = self.tax_amount, self.entity_type in ONCE
        return DocumentLine(
            net=net - (tax or 0) if inclusive else net,
            tax=tax,
            tax_percent=self.tax_rate,
            tax_inside=inclusive,
            id=self.id or "",
            subscription=self.subscription_id or "",
            item=self.entity_id or "",
            plan=self.entity_id or "",
            kind=ItemKind.ONE_TIME if once else None,
            starts_at=self.date_from,
            ends_at=self.date_to,
        )


class _Credit(Said):
    cn_id: Id = None
    applied_amount: int = 0


class _Payment(Said):
    invoice_id: Id = None


class _Address(Said):
    first_name: Words = None
    last_name: Words = None
    company: Words = None
    email: Words = None

    @property
    def label(self) -> str:
        return self.company or " ".join(filter(None, (self.first_name, self.last_name)))


class _Noted(Said):
    id: NeededId
    customer_id: Id = None
    subscription_id: Id = None
    currency_code: str
    price_type: Words = None
    total: int
    tax: int | None = None
    date: When = None
    updated_at: When = None
    exchange_rate: Amount = None
    base_currency_code: Words = None
    line_items: list[_Line] = []
    deleted: bool = False

    @property
    def lines(self) -> list[DocumentLine]:
        return [each.record(inclusive=self.price_type == "tax_inclusive") for each in self.line_items]


class _Invoice(_Noted):
    status: Literal["paid", "posted", "payment_due", "not_paid", "voided", "pending"]
    amount_due: int | None = None
    amount_paid: int = 0
    write_off_amount: int = 0
    credits_applied: int = 0
    dunning_status: Words = None
    po_number: Words = None
    billing_address: _Address = _Address()
    applied_credits: list[_Credit] = []

    @property
    def standing(self) -> DocumentStatus:
        """Written off counts as paid there. UNVERIFIED, and so only where nothing was paid of it."""
        if self.deleted:
            return DocumentStatus.DELETED
        if self.status == "paid":
            lost = self.write_off_amount and not self.amount_paid
            return DocumentStatus.WRITTEN_OFF if lost else DocumentStatus.PAID
        named = {"voided": DocumentStatus.VOIDED, "pending": DocumentStatus.DRAFT}
        return named.get(self.status, DocumentStatus.OPEN)


class _CreditNote(_Noted):
    status: Literal["adjusted", "refunded", "refund_due", "voided"]
    reference_invoice_id: Id = None
    amount_available: int | None = None


class _Transaction(Said):
    id: NeededId
    type: Literal["authorization", "payment", "refund", "payment_reversal"]
    status: Words = None
    amount: int
    currency_code: str
    date: When = None
    customer_id: Id = None
    id_at_gateway: Id = None
    reference_number: Words = None
    amount_unused: int = 0
    linked_invoices: list[_Payment] = []
    linked_refunds: list[Any] = []
    deleted: bool = False


def invoice_of(row: Row, site: str, web_url: str) -> Document:
    """Raises ValidationError. The number is the id."""
    said = _Invoice.model_validate(row)
    return Document(
        **_common(said, site, web_url, "invoices"),
        kind=DocumentKind.INVOICE,
        status=said.standing,
        due=said.amount_due,
        from_balance=said.credits_applied or sum(each.applied_amount for each in said.applied_credits),
        references=[each for each in (said.subscription_id, said.po_number) if each],
        customer_name=said.billing_address.label,
        email=said.billing_address.email or "",
    )


def credit_note_of(row: Row, site: str, web_url: str) -> Document:
    """Raises ValidationError."""
    said = _CreditNote.model_validate(row)
    return Document(
        **_common(said, site, web_url, "credit_notes"),
        kind=DocumentKind.CREDIT_NOTE,
        status=DocumentStatus.DELETED if said.deleted else CREDIT[said.status],
        due=said.amount_available,
        references=[said.subscription_id] if said.subscription_id else [],
        links=[said.reference_invoice_id] if said.reference_invoice_id else [],
    )


def _common(said: _Noted, site: str, web_url: str, page: str) -> dict[str, Any]:
    return {
        "side": "billing",
        "system": "chargebee",
        "site": site,
        "id": said.id,
        "number": said.id,
        "at": said.date,
        "currency": said.currency_code.upper(),
        "total": said.total,
        "tax": said.tax,
        "lines": said.lines,
        "customer_id": said.customer_id or "",
        "created_at": said.date,
        "changed_at": said.updated_at,
        "link": f"{web_url.rstrip('/')}/d/{page}/{said.id}",
    }


KINDS = {"payment": CashKind.PAYMENT, "refund": CashKind.REFUND, "payment_reversal": CashKind.DISPUTE}
FAILED = ("failure", "timeout", "late_failure")


def transaction_of(row: Row, site: str, web_url: str) -> CashEntry | None:
    """None of an authorization, and of what is under way: no money has moved."""
    said = _Transaction.model_validate(row)
    if said.type == "authorization" or said.status in ("in_progress", "needs_attention"):
        return None
    return CashEntry(
        side="billing",
        system="chargebee",
        site=site,
        id=said.id,
        kind=KINDS[said.type],
        failed=said.status in FAILED,
        voided=said.status == "voided" or said.deleted,
        at=said.date,
        currency=said.currency_code.upper(),
        amount=said.amount,
        unapplied=said.amount_unused,
        documents=[each.invoice_id for each in said.linked_invoices if each.invoice_id],
        references=[each for each in (said.id_at_gateway, said.reference_number) if each],
        customer_id=said.customer_id or "",
        link=f"{web_url.rstrip('/')}/d/transactions/{said.id}",
    )
