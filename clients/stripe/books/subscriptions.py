"""A subscription of Stripe's as a record. What lists do not tell whole (tiers, coupons, tax rates, prices of
agreed changes) was put into the row before."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from clients.kit.tables import Row, Unreadable
from clients.stripe.books.prices import Price
from models.billing import Amount, Id, NeededId, Said, When, Words
from models.minor_units import STRIPE, exact_minor
from models.reconciliation.books import (
    BillingDiscount,
    BillingItem,
    BillingSubscription,
    ItemKind,
    Standing,
)

STANDING = {
    "trialing": Standing.TRIALING,
    "active": Standing.ACTIVE,
    "past_due": Standing.PAST_DUE,
    "unpaid": Standing.UNPAID,
    "paused": Standing.PAUSED,
    "canceled": Standing.ENDED,
    "incomplete": Standing.INCOMPLETE,
    "incomplete_expired": Standing.ENDED,
}
OWED = ("past_due", "unpaid")


def _whole(value: Any) -> Any:
    """What was not expanded is its id alone."""
    return value if isinstance(value, dict) else None


def _wholes(value: Any) -> Any:
    rows = value if isinstance(value, list) else []
    if any(not isinstance(each, dict) for each in rows):
        raise Unreadable("a discount is told by its id alone")
    return rows


class TaxRate(Said):
    percentage: Amount = None
    inclusive: bool = False


class Coupon(Said):
    id: NeededId
    percent_off: Amount = None
    amount_off: Amount = None
    currency: Words = None
    currency_options: dict[str, Any] = {}
    duration: Literal["once", "repeating", "forever"]

    def amount_in(self, currency: str) -> Decimal | None:
        """Raises Unreadable where it has one of other currencies alone."""
        if self.amount_off is None:
            return None
        code = currency.lower()
        off: Any = self.amount_off
        if (self.currency or code).lower() != code:
            off = (self.currency_options.get(code) or {}).get("amount_off")
        if off is None:
            raise Unreadable(f"coupon {self.id} is of another currency")
        return exact_minor(Decimal(str(off)), currency, STRIPE)


class _Source(Said):
    coupon: Annotated[Coupon | None, BeforeValidator(_whole)] = None


class Discount(Said):
    """`source.coupon` in newer versions of the API, `coupon` in older."""

    id: NeededId
    source: _Source = _Source()
    coupon: Annotated[Coupon | None, BeforeValidator(_whole)] = None
    start: When = None
    end: When = None

    def record(self, currency: str, item: str | None = None) -> BillingDiscount:
        coupon = self.source.coupon or self.coupon
        if coupon is None:
            raise Unreadable(f"the coupon of discount {self.id} is not told")
        return BillingDiscount(
            id=self.id,
            item=item,
            percent=coupon.percent_off,
            amount=coupon.amount_in(currency),
            duration=coupon.duration,
            start=self.start,
            end=self.end,
        )


Discounts = Annotated[list[Discount], BeforeValidator(_wholes)]


class _Item(Said):
    id: NeededId
    price: Price
    quantity: Amount = None
    discounts: Discounts = []
    tax_rates: list[TaxRate] = []
    current_period_start: When = None
    current_period_end: When = None


class _Items(Said):
    data: list[_Item] = []
    has_more: bool = False


class _Customer(Said):
    id: Id = None
    email: Words = None
    name: Words = None
    discount: Annotated[Discount | None, BeforeValidator(_whole)] = None


class _LatestInvoice(Said):
    status: Words = None
    billing_reason: Words = None
    created: When = None


class _Automatic(Said):
    enabled: bool = False


class _Cancellation(Said):
    reason: Words = None


class _Phase(Said):
    start_date: When = None
    items: list["_PhaseItem"] = []


class _PhaseItem(Said):
    price: Annotated[Price | None, BeforeValidator(_whole)] = None
    quantity: Amount = None


class _Schedule(Said):
    status: Words = None
    phases: list[_Phase] = []


class StripeSubscription(Said):
    id: NeededId
    status: Literal[
        "trialing", "active", "past_due", "unpaid", "paused", "canceled", "incomplete", "incomplete_expired"
    ]
    currency: str
    livemode: bool = True
    customer: Any = None
    items: _Items = _Items()
    discounts: Discounts = []
    discount: Annotated[Discount | None, BeforeValidator(_whole)] = Field(
        default=None, description="Of older versions of the API"
    )
    created: When = None
    start_date: When = None
    trial_start: When = None
    trial_end: When = None
    current_period_start: When = None
    current_period_end: When = None
    cancel_at_period_end: bool = False
    cancel_at: When = None
    canceled_at: When = None
    ended_at: When = None
    pause_collection: Any = None
    default_tax_rates: list[TaxRate] = []
    automatic_tax: _Automatic = _Automatic()
    cancellation_details: _Cancellation = _Cancellation()
    latest_invoice: Annotated[_LatestInvoice | None, BeforeValidator(_whole)] = None
    schedule: Annotated[_Schedule | None, BeforeValidator(_whole)] = None
    automatic_rates: list[TaxRate] = Field(default=[], description="Of the last invoice; ours, looked up")

    @property
    def buyer(self) -> _Customer:
        return _Customer.model_validate(self.customer if isinstance(self.customer, dict) else {})


def subscription_of(row: Row, site: str, web_url: str, now: datetime) -> BillingSubscription:
    """Raises ValidationError, and Unreadable."""
    said = StripeSubscription.model_validate(row)
    if said.items.has_more:
        raise Unreadable("it has more items than one answer tells")
    currency, buyer = said.currency.upper(), said.buyer
    customer = buyer.id if isinstance(said.customer, dict) else said.customer
    items = [_item(said, each) for each in said.items.data]
    periods = [(each.current_period_start, each.current_period_end) for each in said.items.data]
    begin, end = next(iter(periods), (None, None))
    begin, end = begin or said.current_period_start, end or said.current_period_end
    pending, pending_at = _pending(said, now)
    mode = "" if said.livemode else "/test"
    return BillingSubscription(
        system="stripe",
        site=site,
        id=said.id,
        customer_id=str(customer or ""),
        email=buyer.email or "",
        customer_name=buyer.name or "",
        currency=currency,
        standing=STANDING[said.status],
        status=f"{said.status}, collection paused" if said.pause_collection else said.status,
        items=items,
        discounts=_discounts(said, currency),
        created_at=said.created,
        started_at=said.start_date,
        trial_started_at=said.trial_start,
        trial_ends_at=said.trial_end,
        period_start=begin,
        period_end=end,
        cancel_asked_at=said.canceled_at,
        ends_at=None if said.ended_at else said.cancel_at or (end if said.cancel_at_period_end else None),
        ended_at=said.ended_at,
        past_due_since=_past_due_since(said),
        pending=pending,
        pending_at=pending_at,
        first_invoice_open=_first_is_open(said),
        link=f"{web_url.rstrip('/')}{mode}/subscriptions/{said.id}",
    )


def _item(said: StripeSubscription, item: _Item) -> BillingItem:
    rates = item.tax_rates or said.default_tax_rates or said.automatic_rates
    return _billed(item.id, item.price, item.quantity, said.currency, rates)


def _billed(
    id: str, price: Price, quantity: Decimal | None, currency: str, rates: list[TaxRate]
) -> BillingItem:
    if price.recurring is None:
        raise Unreadable(f"price {price.id} says no interval")
    seats = Decimal(1) if quantity is None else quantity
    cost = Decimal(0) if price.is_metered else price.cost(seats)
    return BillingItem.model_validate(
        {
            "id": id,
            "plan": price.id or "",
            "name": price.nickname or "",
            "kind": ItemKind.METERED if price.is_metered else ItemKind.RECURRING,
            "amount": exact_minor(cost, currency, STRIPE),
            "quantity": seats,
            "interval": price.recurring.interval,
            "interval_count": price.recurring.interval_count,
            "tax_included": _percent(rates, inclusive=True),
            "tax_on_top": _percent(rates, inclusive=False),
        }
    )


def _percent(rates: list[TaxRate], *, inclusive: bool) -> Decimal | None:
    found = [each.percentage for each in rates if each.inclusive is inclusive and each.percentage is not None]
    return sum(found, Decimal(0)) if found else None


def _discounts(said: StripeSubscription, currency: str) -> list[BillingDiscount]:
    """The customer's own counts where the subscription has none."""
    own = said.discounts or ([said.discount] if said.discount else [])
    if not own and said.buyer.discount:
        own = [said.buyer.discount]
    of_items = [each.record(currency, item.id) for item in said.items.data for each in item.discounts]
    return [*(each.record(currency) for each in own), *of_items]


def _pending(said: StripeSubscription, now: datetime) -> tuple[list[BillingItem] | None, datetime | None]:
    """Of the next phase of its schedule."""
    phases = said.schedule.phases if said.schedule and said.schedule.status == "active" else []
    later = [(each.start_date, each) for each in phases if each.start_date and each.start_date > now]
    if not later:
        return None, None
    at, phase = min(later, key=lambda dated: dated[0])
    items = [
        _billed(f"{said.id}:{number}", each.price, each.quantity, said.currency, said.default_tax_rates)
        for number, each in enumerate(phase.items)
        if each.price
    ]
    return items, at


def _past_due_since(said: StripeSubscription) -> datetime | None:
    invoice = said.latest_invoice
    owed = said.status in OWED and invoice is not None and invoice.status in ("open", "uncollectible")
    return invoice.created if owed and invoice else None


def _first_is_open(said: StripeSubscription) -> bool | None:
    """None where the last invoice is not told."""
    if (invoice := said.latest_invoice) is None:
        return None
    return invoice.billing_reason == "subscription_create" and invoice.status in ("draft", "open")
