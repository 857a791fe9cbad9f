"""Invoices and credit notes of Stripe's as records."""

from decimal import Decimal
from typing import Any, Literal

from clients.kit.tables import Row, Unreadable
from models.billing import Amount, Id, NeededId, Said, When, Words
from models.minor_units import STRIPE, exact_minor, minor_of
from models.reconciliation.books import Document, DocumentKind, DocumentLine, DocumentStatus, ItemKind

STATUS = {
    "draft": DocumentStatus.DRAFT,
    "open": DocumentStatus.OPEN,
    "paid": DocumentStatus.PAID,
    "uncollectible": DocumentStatus.WRITTEN_OFF,
    "void": DocumentStatus.VOIDED,
}
CREDIT = {"issued": DocumentStatus.PAID, "void": DocumentStatus.VOIDED}


class _Off(Said):
    amount: Amount = None


class _Tax(Said):
    """`taxes` of newer versions of the API, `tax_amounts` of older."""

    amount: Amount = None
    tax_behavior: Words = None
    inclusive: bool = False

    @property
    def is_inside(self) -> bool:
        return self.inclusive or self.tax_behavior == "inclusive"


class _Period(Said):
    start: When = None
    end: When = None


class _Billed(Said):
    """What a line is of: an item of a subscription, or one that is billed by itself."""

    subscription: Id = None
    subscription_item: Id = None
    proration: bool = False


class _LineParent(Said):
    type: Words = None
    subscription_item_details: _Billed | None = None
    invoice_item_details: _Billed | None = None


class _PriceDetails(Said):
    price: Id = None


class _Pricing(Said):
    price_details: _PriceDetails = _PriceDetails()


class _Line(Said):
    """`parent` and `pricing` of newer versions of the API; `type`, `price` and the like of older."""

    id: Id = None
    amount: Amount = None
    discount_amounts: list[_Off] = []
    taxes: list[_Tax] = []
    tax_amounts: list[_Tax] = []
    period: _Period = _Period()
    parent: _LineParent | None = None
    pricing: _Pricing = _Pricing()
    type: Words = None
    price: Id = None
    subscription: Id = None
    subscription_item: Id = None
    proration: bool = False

    @property
    def billed(self) -> _Billed:
        parent = self.parent or _LineParent()
        found = parent.subscription_item_details or parent.invoice_item_details
        old = _Billed(
            subscription=self.subscription,
            subscription_item=self.subscription_item,
            proration=self.proration,
        )
        return found or old

    @property
    def kind(self) -> ItemKind | None:
        """Of an invoice item that is no proration: billed once. Else the subscription's item tells."""
        said = self.parent.type if self.parent else self.type
        alone = said in ("invoice_item_details", "invoiceitem") and not self.billed.proration
        return ItemKind.ONE_TIME if alone else None

    def record(self, currency: str) -> DocumentLine:
        taxes = self.taxes or self.tax_amounts
        off = sum((each.amount or 0 for each in self.discount_amounts), Decimal(0))
        inside = sum((each.amount or 0 for each in taxes if each.is_inside), Decimal(0))
        tax = sum((each.amount or 0 for each in taxes), Decimal(0))
        net = (self.amount or 0) - off - inside
        billed = self.billed
        return DocumentLine(
            net=exact_minor(net, currency, STRIPE),
            tax=exact_minor(tax, currency, STRIPE) if taxes else None,
            id=self.id or "",
            subscription=billed.subscription or self.subscription or "",
            item=billed.subscription_item or "",
            plan=self.pricing.price_details.price or self.price or "",
            kind=self.kind,
            starts_at=self.period.start,
            ends_at=self.period.end,
            prorated=billed.proration,
        )


class _Lines(Said):
    data: list[_Line] = []


class _Transitions(Said):
    finalized_at: When = None
    marked_uncollectible_at: When = None
    paid_at: When = None
    voided_at: When = None


class _Details(Said):
    subscription: Id = None


class _Parent(Said):
    subscription_details: _Details = _Details()


class _Noted(Said):
    """What an invoice and a credit note have in common. Amounts are as Stripe counts."""

    id: NeededId
    number: Words = None
    currency: str
    livemode: bool = True
    customer: Id = None
    total: int
    total_excluding_tax: Amount = None
    created: When = None
    effective_at: When = None

    @property
    def tax(self) -> int | None:
        untaxed = self.total_excluding_tax
        return None if untaxed is None else self.minor(Decimal(self.total) - untaxed)

    def minor(self, amount: Decimal | int) -> int:
        """Raises Unreadable."""
        try:
            return minor_of(amount, self.currency, STRIPE)
        except ValueError as error:
            raise Unreadable(f"an amount {error}") from None


class _Invoice(_Noted):
    status: Literal["draft", "open", "paid", "uncollectible", "void"]
    amount_remaining: int | None = None
    starting_balance: int = 0
    ending_balance: int | None = None
    pre_payment_credit_notes_amount: int = 0
    customer_email: Words = None
    customer_name: Words = None
    lines: _Lines = _Lines()
    status_transitions: _Transitions = _Transitions()
    parent: _Parent = _Parent()

    @property
    def from_balance(self) -> int:
        """A customer's credit is negative there."""
        used = 0 if self.ending_balance is None else self.ending_balance - self.starting_balance
        return max(used, 0) + self.pre_payment_credit_notes_amount


class _CreditNote(_Noted):
    status: Literal["issued", "void"]
    invoice: Id = None
    voided_at: When = None
    lines: _Lines = _Lines()


def invoice_of(row: Row, site: str, web_url: str) -> Document:
    """Raises ValidationError, and Unreadable. Dated by the instant alone: in which zone Stripe prints a date,
    its API does not tell."""
    said = _Invoice.model_validate(row)
    moved = said.status_transitions
    changes = (moved.finalized_at, moved.paid_at, moved.voided_at, moved.marked_uncollectible_at)
    return Document(
        **_common(said, site, web_url, "invoices"),
        kind=DocumentKind.INVOICE,
        status=STATUS[said.status],
        at=said.effective_at or moved.finalized_at or said.created,
        due=None if said.amount_remaining is None else said.minor(said.amount_remaining),
        from_balance=said.minor(said.from_balance),
        lines=[each.record(said.currency) for each in said.lines.data],
        references=[each for each in (said.parent.subscription_details.subscription,) if each],
        customer_name=said.customer_name or "",
        email=said.customer_email or "",
        changed_at=max((each for each in changes if each), default=said.created),
    )


def credit_note_of(row: Row, site: str, web_url: str) -> Document:
    """Raises ValidationError, and Unreadable."""
    said = _CreditNote.model_validate(row)
    return Document(
        **_common(said, site, web_url, "credit_notes"),
        kind=DocumentKind.CREDIT_NOTE,
        status=CREDIT[said.status],
        at=said.effective_at or said.created,
        lines=[each.record(said.currency) for each in said.lines.data],
        links=[said.invoice] if said.invoice else [],
        changed_at=said.voided_at or said.created,
    )


def _common(said: _Noted, site: str, web_url: str, page: str) -> dict[str, Any]:
    mode = "" if said.livemode else "/test"
    return {
        "side": "billing",
        "system": "stripe",
        "site": site,
        "id": said.id,
        "number": said.number or "",
        "currency": said.currency.upper(),
        "total": said.minor(said.total),
        "tax": said.tax,
        "customer_id": said.customer or "",
        "created_at": said.created,
        "link": f"{web_url.rstrip('/')}{mode}/{page}/{said.id}",
    }
