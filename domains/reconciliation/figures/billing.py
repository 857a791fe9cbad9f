"""Billing's MRR of a subscription, of its terms and by a set of rules: exact to the end, rounded once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from domains.reconciliation.figures.periods import Span, Weights, weights_of
from domains.reconciliation.figures.rounding import half_away
from models.reconciliation.books import BillingDiscount, BillingItem, BillingSubscription, ItemKind, Standing
from models.reconciliation.rules import Billing, BillingSource, Factors

Coupons = Literal["forever", "recurring", "all"]
ALL = Fraction(1)
HUNDRED = 100


@dataclass(frozen=True)
class Terms:
    """What an item costs by another record than billing's, in billing's own way as to tax."""

    amount: Fraction
    span: Span


@dataclass(frozen=True)
class CountingRules:
    """How a subscription counts. One field is exchanged at a time; the rest stays as the vendor has it."""

    cut: datetime
    weights: Weights
    coupons: Coupons = "forever"
    limited_on_yearly: bool = True
    coupons_at: datetime | None = None
    """Instant whose coupons count; the cut where empty."""
    vendor_flags: bool = True
    """Whether a vendor's word on a coupon (`in_own_mrr`) goes before `coupons`."""
    cancellation: Literal["at_request", "at_end"] = "at_end"
    ended: bool = False
    """Whether what has ended goes on to count, to the end of its term."""
    counts_from: Literal["open", "paid"] = "paid"
    trial: bool = False
    unpaid: bool = False
    past_due: bool = True
    paused: bool = False
    pending: bool = False
    with_tax: bool = False
    at_cut: bool = False
    """The subscription as it was at the cut, not as it was read."""
    unit: Fraction = ALL
    absent: bool = False
    without: frozenset[str] = frozenset()
    """Items that are left out."""
    terms: Mapping[str, Terms] = field(default_factory=lambda: MappingProxyType({}))
    shares: Mapping[str, Fraction] = field(default_factory=lambda: MappingProxyType({}))
    """Of an item's price, for a part of its period, that counts as the whole."""
    added: int = 0
    """Minor units of the subscription's currency, by lines that billing does not count."""
    rate_on: date | None = None
    """Day whose rate converts; the last of the month where empty."""


@dataclass(frozen=True)
class _Vendor:
    coupons: Coupons
    limited_on_yearly: bool
    cancellation: Literal["at_request", "at_end"]
    paused: bool


VENDORS: Mapping[Billing, _Vendor] = {
    "stripe": _Vendor("forever", True, "at_request", True),
    "chargebee": _Vendor("recurring", False, "at_end", False),
    "recurly": _Vendor("all", True, "at_end", False),
}
"""What they do unless their dashboard says otherwise. That Chargebee counts none that is paused and all that
does not renew until its end, and what Recurly does with coupons, is not documented by them: `sources` of the
configuration goes before it."""


def rules_of(source: BillingSource, cut: datetime, factors: Factors) -> CountingRules:
    vendor = VENDORS[source.system]
    return CountingRules(
        cut=cut,
        weights=weights_of(factors),
        coupons=source.discounts or vendor.coupons,
        limited_on_yearly=vendor.limited_on_yearly if source.discounts is None else True,
        cancellation=source.cancellation or vendor.cancellation,
        counts_from=source.counts_from,
        paused=vendor.paused,
    )


def billed(sub: BillingSubscription, rules: CountingRules) -> int:
    """Minor units of its currency. Raises UnknownInterval."""
    return half_away(exactly(sub, rules)) + rules.added


def exactly(sub: BillingSubscription, rules: CountingRules) -> Fraction:
    """Without what is added by lines."""
    state = sub.earlier if rules.at_cut and sub.earlier is not None else sub
    if not counts(state, rules):
        return Fraction(0)
    return month_of(state, items_of(state, rules), rules)


def items_of(sub: BillingSubscription, rules: CountingRules) -> list[BillingItem]:
    items = sub.pending if rules.pending and sub.pending is not None else sub.items
    return [each for each in items if each.kind is ItemKind.RECURRING and each.id not in rules.without]


# -- whether


def counts(sub: BillingSubscription, rules: CountingRules) -> bool:
    return not rules.absent and _has_begun(sub, rules) and _goes_on(sub, rules) and _stands(sub, rules)


def _has_begun(sub: BillingSubscription, rules: CountingRules) -> bool:
    if sub.standing is Standing.FUTURE:
        return False
    begun = sub.started_at or sub.created_at
    return begun is None or begun < rules.cut


def _goes_on(sub: BillingSubscription, rules: CountingRules) -> bool:
    end = sub.ended_at or sub.ends_at
    if end is None and sub.standing is Standing.ENDED:
        return False
    if end is not None and end < rules.cut and not rules.ended:
        return False
    return not (asked(sub, rules) and rules.cancellation == "at_request")


def asked(sub: BillingSubscription, rules: CountingRules) -> bool:
    """Whether somebody had cancelled it by the cut."""
    return sub.cancel_asked_at is not None and sub.cancel_asked_at < rules.cut


def _stands(sub: BillingSubscription, rules: CountingRules) -> bool:
    if in_trial(sub, rules):
        return rules.trial
    if is_paused(sub, rules):
        return rules.paused and not _is_stripes_ended_trial(sub)
    if sub.standing is Standing.INCOMPLETE or sub.first_invoice_open:
        return rules.counts_from == "open"
    if sub.standing is Standing.UNPAID:
        return rules.unpaid
    return rules.past_due if sub.standing is Standing.PAST_DUE else True


def in_trial(sub: BillingSubscription, rules: CountingRules) -> bool:
    """Also one that was at the cut, and ended before it was read."""
    if sub.trial_started_at is not None and sub.trial_started_at >= rules.cut:
        return False
    if sub.standing is Standing.TRIALING:
        return True
    ends = sub.trial_ends_at
    return sub.trial_started_at is not None and ends is not None and ends >= rules.cut


def is_paused(sub: BillingSubscription, rules: CountingRules) -> bool:
    """What Stripe calls to pause the collection goes on, and counts."""
    return sub.standing is Standing.PAUSED and (sub.paused_at is None or sub.paused_at < rules.cut)


def _is_stripes_ended_trial(sub: BillingSubscription) -> bool:
    """Stripe's own `paused` is a trial that ended without a way to pay. Others' is a pause."""
    return sub.system == "stripe" and sub.status == Standing.PAUSED


# -- how much


def month_of(sub: BillingSubscription, items: Iterable[BillingItem], rules: CountingRules) -> Fraction:
    """Each item's month, less its coupons; what is taken off all of it goes by what is left of each."""
    kept = [each for each in items]
    nets = [_less_own(each, sub, rules) for each in kept]
    months = [span_of_item(each, rules).per_month(rules.weights) for each in kept]
    left = _less_common(nets, kept, sub, rules)
    shares = [rules.shares.get(each.id, ALL) for each in kept]
    return sum(
        (net * month * share for net, month, share in zip(left, months, shares, strict=True)), Fraction()
    )


def span_of_item(item: BillingItem, rules: CountingRules) -> Span:
    other = rules.terms.get(item.id)
    return other.span if other else Span(item.interval, item.interval_count)


def price_of(item: BillingItem, rules: CountingRules) -> Fraction:
    """Of one interval, before discounts; with tax only where the rules say so."""
    other = rules.terms.get(item.id)
    amount = (other.amount if other else Fraction(item.amount)) * rules.unit
    return amount * tax_factor(item, rules.with_tax)


def tax_factor(item: BillingItem, with_tax: bool) -> Fraction:
    if item.tax_included is not None:
        return ALL if with_tax else 1 / (1 + Fraction(item.tax_included) / HUNDRED)
    on_top = Fraction(item.tax_on_top or 0) / HUNDRED
    return 1 + on_top if with_tax else ALL


def coupons_in(sub: BillingSubscription, rules: CountingRules) -> list[BillingDiscount]:
    """In force, and taken off by the rules."""
    at = rules.coupons_at or rules.cut
    if not sub.discounts:
        return []
    items = items_of(sub, rules)
    yearly = any(is_yearly(span_of_item(each, rules)) for each in items)
    longest = period_of(items)
    return [
        each for each in sub.discounts if is_in_force(each, at, longest) and _is_taken(each, yearly, rules)
    ]


def is_in_force(discount: BillingDiscount, at: datetime, longest: timedelta) -> bool:
    """One that is taken once, and whose end nobody tells, is so for a period."""
    start, end = discount.start, discount.end
    if discount.duration == "once" and end is None and start is not None:
        end = start + longest
    return (start is None or start <= at) and (end is None or at < end)


def period_of(items: Iterable[BillingItem]) -> timedelta:
    """Of the longest item, roughly."""
    days = {"day": 1, "week": 7, "month": 31, "year": 366}
    return timedelta(
        days=max([days.get(each.interval, 31) * each.interval_count for each in items], default=31)
    )


def is_yearly(span: Span) -> bool:
    return span.interval == "year" or (span.interval == "month" and span.count >= 12)


def _is_taken(discount: BillingDiscount, yearly: bool, rules: CountingRules) -> bool:
    if rules.vendor_flags and discount.in_own_mrr is not None:
        return discount.in_own_mrr
    if discount.duration == "repeating":
        return rules.coupons == "all" or (
            rules.coupons == "recurring" and (rules.limited_on_yearly or not yearly)
        )
    return discount.duration == "forever" or rules.coupons == "all"


def _less_own(item: BillingItem, sub: BillingSubscription, rules: CountingRules) -> Fraction:
    price = price_of(item, rules)
    own = [each for each in coupons_in(sub, rules) if each.item == item.id]
    return _less(price, own, tax_factor(item, rules.with_tax), rules.unit)


def _less_common(
    nets: list[Fraction], items: list[BillingItem], sub: BillingSubscription, rules: CountingRules
) -> list[Fraction]:
    common = [each for each in coupons_in(sub, rules) if each.item is None]
    whole = sum(nets, Fraction())
    if not common or whole <= 0:
        return nets
    left = _less(whole, common, _common_tax(items, rules), rules.unit)
    return [net * left / whole for net in nets]


def _common_tax(items: list[BillingItem], rules: CountingRules) -> Fraction:
    factors = {tax_factor(each, rules.with_tax) for each in items}
    return factors.pop() if len(factors) == 1 else ALL


def _less(price: Fraction, discounts: list[BillingDiscount], tax: Fraction, unit: Fraction) -> Fraction:
    """Per cent first, then amounts. A discount never makes a price negative, or positive again."""
    if price <= 0:
        return price
    for each in discounts:
        if each.percent is not None:
            price *= max(Fraction(0), 1 - Fraction(each.percent) / HUNDRED)
    amounts = sum((Fraction(each.amount) for each in discounts if each.amount is not None), Fraction())
    return max(Fraction(0), price - amounts * tax * unit)
