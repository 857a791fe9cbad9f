"""A subscription of Recurly's as a record. Amounts are in the currency itself, 19.99. How long a period is,
its plan says, and how long a coupon lasts, the coupon: both were put into the row before."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from dateutil.relativedelta import relativedelta
from pydantic import Field

from clients.kit.tables import Row, Unreadable
from models.billing import Amount, Id, NeededId, Person, Said, When, Words
from models.minor_units import in_minor
from models.reconciliation.books import (
    BillingDiscount,
    BillingItem,
    BillingSubscription,
    ItemKind,
    Standing,
)

STANDING = {
    "active": Standing.ACTIVE,
    "canceled": Standing.ACTIVE,
    "expired": Standing.ENDED,
    "failed": Standing.INCOMPLETE,
    "future": Standing.FUTURE,
    "paused": Standing.PAUSED,
}
"""`canceled` ends with its term, and pays until then."""

UNITS = {"days": "day", "months": "month"}
DURATION = {"single_use": "once", "temporal": "repeating", "forever": "forever"}


class _Account(Person):
    id: Id = None
    code: Id = None


class Plan(Said):
    """`GET /plans`."""

    id: Id = None
    code: Id = None
    name: Words = None
    interval_unit: Words = None
    interval_length: int = 1


class _Tier(Said):
    ending_quantity: Amount = None
    unit_amount: Amount = None
    unit_amount_decimal: Amount = None

    @property
    def unit(self) -> Decimal:
        found = self.unit_amount_decimal if self.unit_amount_decimal is not None else self.unit_amount
        if found is None:
            raise Unreadable("a tier has no amount")
        return found


class _AddOnName(Said):
    code: Id = None
    name: Words = None
    add_on_type: Words = None


class _AddOn(Said):
    id: Id = None
    add_on: _AddOnName = _AddOnName()
    quantity: Amount = None
    unit_amount: Amount = None
    unit_amount_decimal: Amount = None
    tier_type: Words = None
    tiers: list[_Tier] = []
    expired_at: When = None

    @property
    def is_metered(self) -> bool:
        return self.add_on.add_on_type == "usage"

    def cost(self, seats: Decimal) -> Decimal:
        if self.tier_type in (None, "flat"):
            unit = self.unit_amount if self.unit_amount_decimal is None else self.unit_amount_decimal
            if unit is None:
                raise Unreadable(f"add-on {self.add_on.code} has no amount")
            return unit * seats
        if not self.tiers:
            raise Unreadable(f"the tiers of add-on {self.add_on.code} are not told")
        if self.tier_type == "tiered":
            return _graduated(self.tiers, seats)
        tier = next((each for each in self.tiers if _reaches(each, seats)), self.tiers[-1])
        if self.tier_type not in ("volume", "stairstep"):
            raise Unreadable(f"add-on {self.add_on.code} has tiers of an unknown kind")
        return tier.unit * seats if self.tier_type == "volume" else tier.unit


class _Amount(Said):
    currency: Words = None
    amount: Amount = None


class _Off(Said):
    type: Words = None
    percent: Amount = None
    currencies: list[_Amount] = []


class _Coupon(Said):
    id: Id = None
    code: Id = None
    discount: _Off = _Off()
    duration: Words = None
    temporal_unit: Words = None
    temporal_amount: int | None = None


class _Redemption(Said):
    id: NeededId
    coupon: _Coupon = _Coupon()
    state: Words = None
    created_at: When = None
    removed_at: When = None

    def record(self, currency: str) -> BillingDiscount | None:
        """None of a free trial, which the subscription has as such."""
        coupon, off = self.coupon, self.coupon.discount
        if off.type == "free_trial":
            return None
        amounts = [each.amount for each in off.currencies if (each.currency or "").upper() == currency]
        if off.type == "fixed" and not (amounts and amounts[0] is not None):
            raise Unreadable(f"coupon {coupon.code} has no amount in {currency}")
        return BillingDiscount.model_validate(
            {
                "id": coupon.code or self.id,
                "percent": off.percent if off.type == "percent" else None,
                "amount": in_minor(amounts[0], currency)
                if off.type == "fixed" and amounts[0] is not None
                else None,
                "duration": DURATION.get(coupon.duration or "", coupon.duration),
                "start": self.created_at,
                "end": self.removed_at or _end(self.created_at, coupon),
            }
        )


class _Tax(Said):
    rate: Amount = None


class _Change(Said):
    plan: Plan | None = None
    unit_amount: Amount = None
    quantity: Amount = None
    add_ons: list[_AddOn] = []
    activate_at: When = None
    activated: bool = False
    tax_inclusive: bool = False


class _Ramp(Said):
    starting_on: When = None
    ending_on: When = None
    unit_amount: Amount = None


class _Subscription(Said):
    id: Id = None
    uuid: NeededId
    state: Literal["active", "canceled", "expired", "failed", "future", "paused"]
    account: _Account = _Account()
    plan: Plan = Plan()
    currency: str
    unit_amount: Amount = None
    quantity: Amount = None
    add_ons: list[_AddOn] = []
    coupon_redemptions: list[_Redemption] = []
    pending_change: _Change | None = None
    ramp_intervals: list[_Ramp] = []
    tax_inclusive: bool = False
    tax_info: _Tax = _Tax()
    created_at: When = None
    updated_at: When = None
    activated_at: When = None
    trial_started_at: When = None
    trial_ends_at: When = None
    current_period_started_at: When = None
    current_period_ends_at: When = None
    current_term_ends_at: When = None
    canceled_at: When = None
    expires_at: When = None
    paused_at: When = None
    owed_since: When = Field(default=None, description="Ours: since when an invoice of it is past due")
    first_is_owed: bool | None = Field(default=None, description="Ours: its first invoice is open")


def subscription_of(row: Row, site: str, link: str, now: datetime) -> BillingSubscription:
    """Raises ValidationError, and Unreadable. ChartMogul knows it by its uuid, and the customer by the
    account's code: UNVERIFIED."""
    said = _Subscription.model_validate(row)
    currency = said.currency.upper()
    pending, pending_at = _pending(said, currency, now)
    ended = said.state == "expired"
    discounts = [each.record(currency) for each in said.coupon_redemptions if each.state != "inactive"]
    return BillingSubscription(
        system="recurly",
        site=site,
        id=said.uuid,
        customer_id=said.account.code or said.account.id or "",
        email=said.account.email or "",
        customer_name=said.account.label,
        currency=currency,
        standing=_standing(said, now),
        status=said.state,
        items=_items(
            said.uuid, said.plan, said.unit_amount, said.quantity, said.add_ons, currency, _taxes(said)
        ),
        discounts=[each for each in discounts if each],
        created_at=said.created_at,
        started_at=said.activated_at,
        trial_started_at=said.trial_started_at,
        trial_ends_at=said.trial_ends_at,
        period_start=said.current_period_started_at,
        period_end=said.current_period_ends_at,
        cancel_asked_at=said.canceled_at,
        ends_at=said.expires_at or said.current_term_ends_at if said.state == "canceled" else None,
        ended_at=said.expires_at if ended else None,
        paused_at=said.paused_at if said.state == "paused" else None,
        past_due_since=said.owed_since,
        changed_at=said.updated_at,
        pending=pending,
        pending_at=pending_at,
        first_invoice_open=said.first_is_owed,
        link=link,
    )


def _standing(said: _Subscription, now: datetime) -> Standing:
    if said.state in ("active", "canceled"):
        if said.trial_ends_at and said.trial_ends_at > now:
            return Standing.TRIALING
        if said.owed_since:
            return Standing.PAST_DUE
    return STANDING[said.state]


def _items(
    uuid: str,
    plan: Plan,
    unit: Decimal | None,
    seats: Decimal | None,
    add_ons: list[_AddOn],
    currency: str,
    taxes: dict[str, Decimal | None],
) -> list[BillingItem]:
    if unit is None or plan.interval_unit is None:
        raise Unreadable("its amount is not told" if unit is None else "the interval of its plan is not told")
    period: dict[str, Any] = {"interval": UNITS.get(plan.interval_unit, plan.interval_unit), **taxes}
    period["interval_count"] = plan.interval_length
    seats = Decimal(1) if seats is None else seats
    base = {"id": uuid, "plan": plan.code or plan.id or "", "name": plan.name or "", "quantity": seats}
    found = [BillingItem.model_validate({**base, **period, "amount": in_minor(unit * seats, currency)})]
    for each in add_ons:
        many = Decimal(1) if each.quantity is None else each.quantity
        code = each.add_on.code or each.id or ""
        of_it: dict[str, Any] = {"id": code, "plan": code, "name": each.add_on.name or "", "quantity": many}
        of_it["kind"] = ItemKind.METERED if each.is_metered else ItemKind.RECURRING
        of_it["amount"] = Decimal(0) if each.is_metered else in_minor(each.cost(many), currency)
        found.append(BillingItem.model_validate(of_it | period))
    return found


def _pending(
    said: _Subscription, currency: str, now: datetime
) -> tuple[list[BillingItem] | None, datetime | None]:
    """A change that is agreed, else the next step of a ramp."""
    change = said.pending_change
    if change and not change.activated:
        plan = change.plan or said.plan
        unit = said.unit_amount if change.unit_amount is None else change.unit_amount
        seats = said.quantity if change.quantity is None else change.quantity
        items = _items(said.uuid, plan, unit, seats, change.add_ons, currency, _taxes(said))
        return items, change.activate_at or said.current_period_ends_at
    later = [each for each in said.ramp_intervals if each.starting_on and each.starting_on > now]
    if not later:
        return None, None
    step = min(later, key=lambda each: each.starting_on or now)
    unit = said.unit_amount if step.unit_amount is None else step.unit_amount
    items = _items(said.uuid, said.plan, unit, said.quantity, said.add_ons, currency, _taxes(said))
    return items, step.starting_on


def _taxes(said: _Subscription) -> dict[str, Any]:
    percent = None if said.tax_info.rate is None else said.tax_info.rate * 100
    if said.tax_inclusive and percent is None:
        raise Unreadable("tax is in its price, and how much is not told")
    return {"tax_included" if said.tax_inclusive else "tax_on_top": percent}


def _graduated(tiers: list[_Tier], seats: Decimal) -> Decimal:
    total, start = Decimal(0), Decimal(0)
    for tier in tiers:
        end = seats if tier.ending_quantity is None else min(seats, tier.ending_quantity)
        if end <= start:
            break
        total, start = total + tier.unit * (end - start), end
    return total


def _reaches(tier: _Tier, seats: Decimal) -> bool:
    return tier.ending_quantity is None or seats <= tier.ending_quantity


def _end(start: datetime | None, coupon: _Coupon) -> datetime | None:
    if coupon.duration != "temporal" or start is None or not coupon.temporal_amount:
        return None
    unit = {"day": "days", "week": "weeks", "month": "months", "year": "years"}.get(
        coupon.temporal_unit or ""
    )
    if unit is None:
        raise Unreadable(f"how long coupon {coupon.code} lasts is not told")
    return start + relativedelta(**{unit: coupon.temporal_amount})  # type: ignore[arg-type]
