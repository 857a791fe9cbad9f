"""A subscription of Chargebee's as a record: of both product catalogs, items or plans with add-ons. Whether
its prices have a tax in them it does not tell: its invoices do."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from clients.kit.tables import Row, Unreadable
from models.billing import Amount, Id, NeededId, Person, Said, When, Words
from models.reconciliation.books import (
    BillingDiscount,
    BillingItem,
    BillingSubscription,
    ItemKind,
    Standing,
)

STANDING = {
    "future": Standing.FUTURE,
    "in_trial": Standing.TRIALING,
    "active": Standing.ACTIVE,
    "non_renewing": Standing.ACTIVE,
    "paused": Standing.PAUSED,
    "cancelled": Standing.ENDED,
    "transferred": Standing.ENDED,
}
RUNNING = ("active", "non_renewing")
DURATION = {"one_time": "once", "limited_period": "repeating", "forever": "forever"}
METERED = "metered"


class _Tier(Said):
    item_price_id: Id = None


class _Item(Said):
    item_price_id: NeededId
    item_type: Literal["plan", "addon", "charge"]
    quantity: Amount = None
    quantity_in_decimal: Amount = None
    unit_price: Amount = None
    amount: Amount = None
    metered_quantity: Words = None
    free_quantity: Amount = None
    billing_period: int | None = None
    billing_period_unit: Words = None

    def record(self, said: "_Subscription") -> BillingItem:
        """`amount` is Chargebee's own, with tiers and free units in it. UNVERIFIED: that it is of the item's
        own period where that differs from the subscription's."""
        metered = self.item_price_id in said.metered
        seats = self.quantity_in_decimal if self.quantity is None else self.quantity
        if self.amount is None and (self.unit_price is None or (metered is False and seats is None)):
            raise Unreadable(f"item {self.item_price_id} has no amount")
        seats = Decimal(1) if seats is None else seats
        cost = self.amount if self.amount is not None else (self.unit_price or 0) * seats
        return BillingItem.model_validate(
            {
                "id": self.item_price_id,
                "plan": self.item_price_id,
                "kind": ItemKind.METERED if metered else _kind(self.item_type),
                "amount": Decimal(0) if metered else cost,
                "quantity": seats,
                "interval": self.billing_period_unit or said.billing_period_unit,
                "interval_count": self.billing_period or said.billing_period,
            }
        )


class _Addon(Said):
    """Of the older catalog."""

    id: NeededId
    quantity: Amount = None
    unit_price: Amount = None
    amount: Amount = None


class _Discount(Said):
    id: Id = None
    coupon_id: Id = None
    type: Words = None
    percentage: Amount = None
    amount: Amount = None
    duration_type: Literal["one_time", "limited_period", "forever"]
    apply_on: Words = None
    item_price_id: Id = None
    apply_till: When = None
    created_at: When = None
    included_in_mrr: bool | None = None

    def record(self) -> BillingDiscount:
        return BillingDiscount.model_validate(
            {
                "id": self.id or self.coupon_id or "",
                "item": self.item_price_id,
                "percent": self.percentage,
                "amount": None if self.percentage is not None else self.amount,
                "duration": DURATION[self.duration_type],
                "start": self.created_at,
                "end": self.apply_till,
                "in_own_mrr": self.included_in_mrr,
            }
        )


class _Coupon(Said):
    """A subscription tells its id alone; what it takes is the coupon's, and was put into the row."""

    coupon_id: NeededId
    apply_till: When = None
    discount_type: Words = None
    discount_percentage: Amount = None
    discount_amount: Amount = None
    duration_type: Words = None
    valid_from: When = None

    def record(self) -> BillingDiscount:
        if self.discount_percentage is None and self.discount_amount is None:
            raise Unreadable(f"coupon {self.coupon_id} is not told")
        return BillingDiscount.model_validate(
            {
                "id": self.coupon_id,
                "percent": self.discount_percentage,
                "amount": None if self.discount_percentage is not None else self.discount_amount,
                "duration": DURATION.get(self.duration_type or "", self.duration_type),
                "end": self.apply_till,
            }
        )


class _Tax(Said):
    rate: Amount = None


class _Subscription(Said):
    id: NeededId
    customer_id: Id = None
    currency_code: str
    status: Literal["future", "in_trial", "active", "non_renewing", "paused", "cancelled", "transferred"]
    billing_period: int = 1
    billing_period_unit: Words = None
    subscription_items: list[_Item] = []
    plan_id: Id = None
    plan_quantity: Amount = None
    plan_unit_price: Amount = None
    plan_amount: Amount = None
    addons: list[_Addon] = []
    discounts: list[_Discount] = []
    coupons: list[_Coupon] = []
    mrr: Amount = None
    deleted: bool = False
    created_at: When = None
    started_at: When = None
    start_date: When = None
    activated_at: When = None
    trial_start: When = None
    trial_end: When = None
    current_term_start: When = None
    current_term_end: When = None
    cancelled_at: When = None
    cancel_schedule_created_at: When = None
    pause_date: When = None
    due_invoices_count: int = 0
    due_since: When = None
    updated_at: When = None
    metered: list[str] = Field(default=[], description="Ours, looked up: ids of item prices by usage")
    pending: list[_Item] | None = Field(default=None, description="Ours: of its scheduled changes")
    pending_at: When = None

    @property
    def standing(self) -> Standing:
        """It has no state of its own for what is not paid."""
        owed = self.status in RUNNING and self.due_invoices_count > 0 and self.due_since is not None
        return Standing.PAST_DUE if owed else STANDING[self.status]

    @property
    def items(self) -> list[BillingItem]:
        if self.subscription_items:
            return [each.record(self) for each in self.subscription_items]
        return [_of_plan(self), *(_of_addon(self, each) for each in self.addons)]


class _Customer(Person):
    id: Id = None


def subscription_of(row: Row, site: str, web_url: str) -> BillingSubscription:
    """`row` has the subscription and its customer. Raises ValidationError, and Unreadable."""
    said = _Subscription.model_validate(row["subscription"])
    buyer = _Customer.model_validate(row.get("customer") or {})
    ended = said.status in ("cancelled", "transferred")
    return BillingSubscription(
        system="chargebee",
        site=site,
        id=said.id,
        customer_id=said.customer_id or buyer.id or "",
        email=buyer.email or "",
        customer_name=buyer.label,
        currency=said.currency_code.upper(),
        standing=said.standing,
        status="deleted" if said.deleted else said.status,
        items=said.items,
        discounts=[each.record() for each in said.discounts or said.coupons],
        created_at=said.created_at,
        started_at=said.activated_at or said.started_at or said.start_date,
        trial_started_at=said.trial_start,
        trial_ends_at=said.trial_end,
        period_start=said.current_term_start,
        period_end=said.current_term_end,
        cancel_asked_at=said.cancel_schedule_created_at or (said.cancelled_at if ended else None),
        ends_at=_ends_at(said) if said.status == "non_renewing" else None,
        ended_at=said.cancelled_at if ended else None,
        paused_at=said.pause_date if said.status == "paused" else None,
        past_due_since=said.due_since if said.standing is Standing.PAST_DUE else None,
        changed_at=said.updated_at,
        pending=None if said.pending is None else [each.record(said) for each in said.pending],
        pending_at=said.pending_at,
        own_mrr=said.mrr,
        link=f"{web_url.rstrip('/')}/d/subscriptions/{said.id}",
    )


def _ends_at(said: _Subscription) -> datetime | None:
    return said.cancelled_at or said.current_term_end


def _kind(item_type: str) -> ItemKind:
    """A charge is billed once, whenever it is."""
    return ItemKind.ONE_TIME if item_type == "charge" else ItemKind.RECURRING


def _of_plan(said: _Subscription) -> BillingItem:
    seats = said.plan_quantity or Decimal(1)
    amount = said.plan_amount
    if amount is None and said.plan_unit_price is not None:
        amount = said.plan_unit_price * seats
    if amount is None or said.plan_id is None:
        raise Unreadable("it has neither items nor a plan with an amount")
    return BillingItem.model_validate({**_billed(said, said.plan_id, amount), "quantity": seats})


def _of_addon(said: _Subscription, addon: _Addon) -> BillingItem:
    seats = addon.quantity or Decimal(1)
    amount = addon.amount
    if amount is None:
        if addon.unit_price is None:
            raise Unreadable(f"add-on {addon.id} has no amount")
        amount = addon.unit_price * seats
    return BillingItem.model_validate({**_billed(said, addon.id, amount), "quantity": seats})


def _billed(said: _Subscription, id: str, amount: Decimal) -> dict[str, Any]:
    return {
        "id": id,
        "plan": id,
        "amount": amount,
        "interval": said.billing_period_unit,
        "interval_count": said.billing_period,
    }
