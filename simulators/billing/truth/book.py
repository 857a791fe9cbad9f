"""What follows of a subscription's terms before any vendor tells it: its invoice, what was paid."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from babel.numbers import get_currency_precision
from dateutil.relativedelta import relativedelta

from simulators.billing.truth.shapes import Books, Coupon, System, TrueSubscription

LineKind = Literal["plan", "fee", "usage", "credit", "charge"]


@dataclass(frozen=True)
class TrueLine:
    """`amount` is what is asked for it: after the discount, with the tax. `unit` is of the plan's price."""

    kind: LineKind
    unit: int
    amount: int
    tax: int
    discount: int
    start: datetime
    end: datetime

    @property
    def net(self) -> int:
        return self.amount - self.tax


@dataclass(frozen=True)
class TrueInvoice:
    id: str
    of: TrueSubscription
    created: datetime
    status: Literal["open", "paid", "lost"]
    lines: list[TrueLine]

    @property
    def name(self) -> str:
        return self.id.removeprefix("in_")

    @property
    def is_of_the_period(self) -> bool:
        """Not of what was agreed within it. Refunds, credits and disputes are of this one."""
        return self.name == self.of.id

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    @property
    def paid(self) -> int:
        return self.total if self.status == "paid" else 0

    @property
    def charge(self) -> str:
        return f"ch_{self.name}"

    @property
    def paid_at(self) -> datetime:
        return self.created + timedelta(minutes=1)


class BookOfTruth:
    """State of the simulators: one for all vendors."""

    def __init__(self, books: Books | None = None) -> None:
        self.books = books or Books(alone=False)
        self._by_id = {each.id: each for each in self.books.subscriptions}
        self._arrivals, self._touched = list(self.books.arrivals), list(self.books.touched)
        self.touched_at: dict[str, datetime] = {}
        self._of: dict[System, list[TrueSubscription]] = {}
        self._invoices: dict[System, list[TrueInvoice]] = {}

    @property
    def is_alone(self) -> bool:
        return self.books.alone and bool(self._by_id)

    def all(self) -> list[TrueSubscription]:
        return list(self._by_id.values())

    def of(self, system: System) -> list[TrueSubscription]:
        """As that system has them, newest first."""
        if system not in self._of:
            found = [each for each in self._by_id.values() if each.system == system]
            there = [each for each in found if each.deviation != "gone_in_billing"]
            self._of[system] = sorted(there, key=lambda each: (each.started_at, each.id), reverse=True)
        return self._of[system]

    def invoices(self, system: System) -> list[TrueInvoice]:
        """Newest first."""
        if system not in self._invoices:
            made = [invoice for each in self.of(system) for invoice in invoices_of(each)]
            self._invoices[system] = sorted(made, key=lambda each: (each.created, each.id), reverse=True)
        return self._invoices[system]

    def find(self, system: System, id: str) -> TrueSubscription | None:
        found = self._by_id.get(id)
        return found if found and found.system == system and found.deviation != "gone_in_billing" else None

    def change(self, id: str, **fields: object) -> None:
        self._by_id[id] = self._by_id[id].model_copy(update=fields)

    def go_on(self, now: datetime) -> None:
        """A page of subscriptions was read."""
        if self._arrivals:
            arrived = self._arrivals.pop(0)
            self._by_id[arrived.id] = arrived
            self._of, self._invoices = {}, {}
        if self._touched:
            self.touched_at[self._touched.pop(0)] = now

    def updated_at(self, said: TrueSubscription) -> datetime:
        known = [said.started_at, said.period_start, said.changed_at, said.cancel_asked_at, said.ended_at]
        known += [said.paused_at, said.upgraded_at, self.touched_at.get(said.id)]
        return max(each for each in known if each)


def unit_of(said: TrueSubscription) -> int:
    """As it is now."""
    if said.unit_later is not None:
        return said.unit_later
    return said.unit if said.upgraded_unit is None else said.upgraded_unit


def seats_of(said: TrueSubscription) -> int:
    return said.quantity if said.quantity_agreed is None else said.quantity_agreed


def cost(said: TrueSubscription, unit: int, seats: int) -> int:
    """Of one interval. Tiers are graduated."""
    if not said.tiers:
        return unit * seats
    total, start = 0, 0
    for tier in said.tiers:
        end = seats if tier.up_to is None else min(seats, tier.up_to)
        if end > start:
            total, start = total + (end - start) * tier.unit + tier.flat, end
    return total


def coupon_end(coupon: Coupon) -> datetime | None:
    if coupon.duration != "repeating" or coupon.months is None:
        return None
    return coupon.start + relativedelta(months=coupon.months)


def discount_on(said: TrueSubscription, amount: int) -> int:
    """What the coupon takes off the invoice of the period; never more than there is."""
    coupon = said.coupon
    if coupon is None or coupon.start >= said.period_end:
        return 0
    end = coupon_end(coupon)
    once_before = coupon.duration == "once" and coupon.start < said.period_start - timedelta(days=1)
    if once_before or (end is not None and end <= said.period_start):
        return 0
    off = rounded(amount * coupon.percent / 100) if coupon.percent is not None else coupon.amount or 0
    return min(off, amount)


def invoices_of(said: TrueSubscription) -> list[TrueInvoice]:
    """Of the current period: what was agreed within it is invoiced there and then."""
    found = [each for each in (invoice_of(said), _upgrade_of(said)) if each]
    return found if said.standing not in ("future", "trialing") else []


def invoice_of(said: TrueSubscription) -> TrueInvoice | None:
    """As the period began; none in a trial and of what has not begun."""
    if said.standing in ("future", "trialing"):
        return None
    lines = [_line(said, cost(said, said.unit, said.quantity))]
    if said.set_up_fee:
        lines.append(_plain(said, "fee", said.set_up_fee, said.period_start))
    if said.usage:
        lines.append(_plain(said, "usage", said.usage, said.period_start))
    owed = said.standing in ("incomplete", "past_due", "unpaid")
    return TrueInvoice(f"in_{said.id}", said, said.period_start, "open" if owed else "paid", lines)


def _upgrade_of(said: TrueSubscription) -> TrueInvoice | None:
    if said.upgraded_at is None or said.upgraded_unit is None:
        return None
    lines = _proration(said, said.upgraded_at, said.upgraded_unit)
    return TrueInvoice(f"in_{said.id}_up", said, said.upgraded_at, "paid", lines)


def _proration(said: TrueSubscription, at: datetime, unit: int) -> list[TrueLine]:
    left = Decimal(str((said.period_end - at).total_seconds()))
    share = left / Decimal(str((said.period_end - said.period_start).total_seconds()))
    old = rounded(cost(said, said.unit, said.quantity) * share)
    new = rounded(cost(said, unit, said.quantity) * share)
    return [_plain(said, "credit", -old, at), _plain(said, "charge", new, at, unit)]


def _line(said: TrueSubscription, gross: int) -> TrueLine:
    off = discount_on(said, gross)
    amount, tax = _taxed(said, gross - off)
    return TrueLine("plan", said.unit, amount, tax, off, said.period_start, said.period_end)


def _plain(
    said: TrueSubscription, kind: LineKind, gross: int, start: datetime, unit: int | None = None
) -> TrueLine:
    amount, tax = _taxed(said, gross)
    return TrueLine(kind, said.unit if unit is None else unit, amount, tax, 0, start, said.period_end)


def _taxed(said: TrueSubscription, amount: int) -> tuple[int, int]:
    """With the tax, and the tax."""
    if said.tax_percent is None:
        return amount, 0
    if said.tax_included:
        return amount, amount - rounded(amount / (1 + said.tax_percent / 100))
    tax = rounded(amount * said.tax_percent / 100)
    return amount + tax, tax


def rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def decimals(currency: str) -> int:
    """Digits after the point."""
    return get_currency_precision(currency)
