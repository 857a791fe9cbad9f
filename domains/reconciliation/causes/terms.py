"""Do both sides count the same terms alike? Where lines and terms say different things."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from fractions import Fraction

from domains.reconciliation.causes.case import Case, Member, Shown
from domains.reconciliation.causes.standing import Change, each_member
from domains.reconciliation.figures.billing import (
    Terms,
    coupons_in,
    exactly,
    items_of,
    price_of,
    span_of_item,
)
from domains.reconciliation.figures.periods import KNOWN_DAYS, KNOWN_WEEKS, Span, Weights, span_of, weights_of
from domains.reconciliation.figures.rounding import minor_per_hundredth
from domains.reconciliation.rates import NoRate
from models.reconciliation.books import BillingItem, CountedLine, ItemKind
from models.reconciliation.causes import Cause

Pair = tuple[CountedLine, BillingItem]
CLOSE = 1
"""Minor units: prices of both sides are the same but for a rounding."""


def pairs(member: Member) -> list[Pair]:
    """Lines that count, with the recurring item that each bills."""
    current = items_of(member.state, member.rules)
    known = {each.plan: each for each in current if each.plan} | {each.id: each for each in current}
    counted = [each for each in member.in_force if not _is_added(member, each)]
    found = [(line, member.reader.items.get(line.line, "")) for line in counted]
    return [(line, known[key]) for line, id in found if (key := id if id in known else line.plan) in known]


def newest(there: list[Pair]) -> list[Pair]:
    """Of each item what was billed last: where a change was billed within a period, lines of the terms before
    it cover the end of the month, too."""
    charged = [(line, item) for line, item in there if line.amount > 0] or there
    last = {item.id: _begun(line) for line, item in sorted(charged, key=lambda pair: _begun(pair[0]))}
    return [(line, item) for line, item in charged if _begun(line) == last[item.id]]


def _begun(line: CountedLine) -> float:
    return line.starts_at.timestamp() if line.starts_at else 0.0


# -- lines that billing does not count


def one_time_as_recurring(case: Case) -> Shown | None:
    return each_member(case, Cause.ONE_TIME_AS_RECURRING, lambda _, member: _added(member, ItemKind.ONE_TIME))


def metered_counted(case: Case) -> Shown | None:
    return each_member(case, Cause.METERED_COUNTED, lambda _, member: _added(member, ItemKind.METERED))


_ADDED = {
    ItemKind.ONE_TIME: "billing has it as a one-time item, and its line is one of a subscription",
    ItemKind.METERED: "billing has it as usage, and its line has a service period",
}


def _added(member: Member, kind: ItemKind) -> Change | None:
    of_it = [line for line in member.in_force if (item := member.items.get(line.line)) and item.kind is kind]
    value = sum(member.value_of(each) for each in of_it)
    return (member.ruled(added=member.rules.added + value), _ADDED[kind]) if value else None


# -- changes


def unbilled_change(case: Case) -> Shown | None:
    return each_member(case, Cause.UNBILLED_CHANGE, _unbilled_change)


def _unbilled_change(case: Case, member: Member) -> Change | None:
    if not member.in_force or _is_billed(member) or _matches(member, member.state.pending):
        return None
    there = newest(pairs(member))
    by_plan = case.around.same_plan_ids
    terms = {item.id: new for line, item in there if (new := _other_terms(member, line, item, by_plan))}
    billed = {item.id for _, item in there}
    unbilled = [each for each in items_of(member.state, member.rules) if each.id not in billed]
    moved = _other_plan(member, unbilled) if by_plan else {}
    if not terms and not moved:
        return None
    changed = member.ruled(terms={**member.rules.terms, **terms, **moved})
    return changed, "quantity or plan are not those of the line that covers the end of the month"


def _is_billed(member: Member) -> bool:
    """An invoice after the change would carry it."""
    changed = member.state.changed_at
    invoices = [line.invoice_at for line, _ in pairs(member) if line.invoice_at is not None]
    return changed is not None and bool(invoices) and changed < max(invoices)


def _other_terms(member: Member, line: CountedLine, item: BillingItem, by_plan: bool) -> Terms | None:
    if by_plan and line.plan and item.plan and line.plan != item.plan:
        return Terms(_as_price(line, item), _line_span(line, item, member.reader.zone))
    if line.quantity == item.quantity or not item.quantity or line.quantity <= 0:
        return None
    scaled = Fraction(item.amount) * Fraction(line.quantity) / Fraction(item.quantity)
    return Terms(scaled, Span(item.interval, item.interval_count))


def _other_plan(member: Member, unbilled: list[BillingItem]) -> dict[str, Terms]:
    """An item without a line is not billed yet; instead of one, a line may be there that no item has."""
    if not unbilled or not any(each.plan for each in member.in_force):
        return {}
    strange = [each for each in member.in_force if each.line not in member.items and each.plan]
    if len(unbilled) == len(strange) == 1:
        line, item = strange[0], unbilled[0]
        return {item.id: Terms(_as_price(line, item), _line_span(line, item, member.reader.zone))}
    if strange or len(unbilled) == len(items_of(member.state, member.rules)):
        return {}
    return {each.id: Terms(Fraction(0), Span(each.interval, each.interval_count)) for each in unbilled}


def _as_price(line: CountedLine, item: BillingItem) -> Fraction:
    """In billing's way: without a tax that comes on top, with one that is included."""
    gross = Fraction(line.amount + line.discount)
    if item.tax_on_top:
        gross = gross - line.tax if line.tax else gross / (1 + Fraction(item.tax_on_top) / 100)
    elif line.tax and item.tax_included is None:
        gross -= line.tax
    return gross * minor_per_hundredth(line.currency)


def _line_span(line: CountedLine, item: BillingItem, zone: tzinfo) -> Span:
    own = Span(item.interval, item.interval_count)
    if line.starts_at is None or line.ends_at is None:
        return own
    return span_of(line.starts_at, line.ends_at, zone) or own


def scheduled_change(case: Case) -> Shown | None:
    return each_member(case, Cause.SCHEDULED_CHANGE, _scheduled_change)


def _scheduled_change(case: Case, member: Member) -> Change | None:
    state, rules = member.state, member.rules
    if state.pending is None or (state.pending_at is not None and state.pending_at < case.around.cut.end):
        return None
    if rules.pending and not _matches(member, state.pending):
        return member.ruled(pending=False), "billing's figure is of terms that begin later"
    if not rules.pending and _matches(member, state.pending):
        return member.ruled(pending=True), "the lines have terms already that begin later"
    return None


def _matches(member: Member, items: list[BillingItem] | None) -> bool:
    """Whether the lines are those of the terms, and not of today's."""
    if not items or _prices(items) == _prices(member.state.items):
        return False
    lines = [each for each in member.in_force if not _is_added(member, each)]
    agreed = [each for each in items if each.kind is ItemKind.RECURRING]
    if sorted((each.plan, each.quantity) for each in lines) != sorted((i.plan, i.quantity) for i in agreed):
        return False
    by_plan = {each.plan: each for each in lines}
    return all(_is_own_price(member, by_plan[each.plan], each) for each in agreed)


def _is_added(member: Member, line: CountedLine) -> bool:
    item = member.items.get(line.line)
    return item is not None and item.kind is not ItemKind.RECURRING


def _share(member: Member, line: CountedLine) -> Fraction:
    return member.reader.share(line) if member.reader.is_short(line) else Fraction(1)


def _prices(items: list[BillingItem]) -> list[tuple[str, Fraction]]:
    return sorted((each.plan, Fraction(each.amount)) for each in items if each.kind is ItemKind.RECURRING)


# -- how a line counts


def proration_flag(case: Case) -> Shown | None:
    shown = each_member(case, Cause.PRORATION_FLAG, _proration_flag)
    return _proven_if(shown, case, _has_own_price)


def _proration_flag(_: Case, member: Member) -> Change | None:
    short = {
        item.id: member.reader.share(line) for line, item in pairs(member) if is_part(member, line, item)
    }
    if not short:
        return None
    return member.ruled(shares=short), "a line is shorter than its plan's period, and not marked as prorated"


def is_part(member: Member, line: CountedLine, item: BillingItem) -> bool:
    """Nearer to the part of the price for its days than to all of it."""
    if not member.reader.is_short(line):
        return False
    gross, share = member.gross(line), member.reader.share(line)
    return any(abs(gross - price * share) < abs(gross - price) for price in _prices_of(member, line, item))


def tax_included(case: Case) -> Shown | None:
    shown = each_member(case, Cause.TAX_INCLUDED, _tax_included)
    return _proven_if(shown, case, _has_gross_price)


def _tax_included(_: Case, member: Member) -> Change | None:
    taxed = [(line, item) for line, item in pairs(member) if item.tax_included or item.tax_on_top]
    if not taxed or any(line.tax or not _hides_tax(member, line, item) for line, item in taxed):
        return None
    return member.ruled(with_tax=True), "billing's price has a tax, and the line has none to take off"


def _hides_tax(member: Member, line: CountedLine, item: BillingItem) -> bool:
    """A tax that comes on top may be left out of the line altogether: nearer to the price with it."""
    gross, share = member.gross(line), _share(member, line)
    with_tax = price_of(item, replace(member.rules, with_tax=True)) * share
    without = price_of(item, replace(member.rules, with_tax=False)) * share
    return item.tax_included is not None or abs(gross - with_tax) < abs(gross - without)


def _has_gross_price(member: Member) -> bool:
    rules = replace(member.rules, with_tax=True)
    return all(_is_price(member, line, price_of(item, rules)) for line, item in pairs(member))


def _is_price(member: Member, line: CountedLine, price: Fraction) -> bool:
    return abs(member.gross(line) - price * _share(member, line)) <= CLOSE


def discount_rule(case: Case) -> Shown | None:
    shown = each_member(case, Cause.DISCOUNT_RULE, _discount_rule)
    return _proven_if(shown, case, _has_discount)


def _discount_rule(_: Case, member: Member) -> Change | None:
    at = _billed_at(member)
    if not at or not member.state.discounts:
        return None
    other = replace(member.rules, coupons="all", coupons_at=at[-1], vendor_flags=False)
    before, after = coupons_in(member.state, member.rules), coupons_in(member.state, other)
    if {each.id for each in before} == {each.id for each in after}:
        return None
    changed = replace(member, rules=other)
    return (
        changed,
        "a coupon counts on one side only: it was in force when the line was billed, or is not now",
    )


def _billed_at(member: Member) -> list[datetime]:
    return sorted(at for each in member.in_force if (at := each.invoice_at or each.starts_at) is not None)


def _has_discount(member: Member) -> bool:
    """Whether the lines carry what the coupons of their day take off."""
    at = _billed_at(member)
    rules = replace(member.rules, coupons="all", coupons_at=at[-1] if at else None, vendor_flags=False)
    none = member.state.model_copy(update={"discounts": []})
    full, less = exactly(none, rules), exactly(member.state, rules)
    if not full:
        return False
    lines = [each for each in member.in_force if not _is_added(member, each)]
    given = sum((each.discount * minor_per_hundredth(each.currency) for each in lines), Fraction())
    gross = sum((member.gross(each) for each in lines), Fraction())
    return abs(gross * (full - less) / full - given) <= CLOSE


def period_factor(case: Case) -> Shown | None:
    return each_member(case, Cause.PERIOD_FACTOR, _period_factor)


def _period_factor(case: Case, member: Member) -> Change | None:
    if other := _other_length(member):
        return member.ruled(terms={**member.rules.terms, **other}), "the line's period is not the price's"
    units = {span_of_item(item, member.rules).interval for _, item in pairs(member)} & {"week", "day"}
    if not units or not _has_own_price(member):
        return None
    weights = _weights_that_fit(case, member)
    if weights is None or weights == member.rules.weights:
        return None
    return member.ruled(weights=weights), "a week or a day is a different part of a month on either side"


def _has_own_price(member: Member) -> bool:
    return all(_is_own_price(member, line, item) for line, item in pairs(member))


def _is_own_price(member: Member, line: CountedLine, item: BillingItem) -> bool:
    return any(_is_price(member, line, each) for each in _prices_of(member, line, item))


def _prices_of(member: Member, line: CountedLine, item: BillingItem) -> list[Fraction]:
    """As a line may have it: with the tax that is included or that it tells, or with one that it hides."""
    gross = price_of(item, replace(member.rules, with_tax=True))
    if item.tax_included is not None or line.tax:
        return [gross]
    return [price_of(item, replace(member.rules, with_tax=False)), gross]


def _weights_that_fit(case: Case, member: Member) -> Weights | None:
    """The configured ones; where they do not come to the figure, those that are known and do exactly."""
    own = weights_of(case.around.rules.chartmogul_factors)
    target = case.counted
    if len(case.members) > 1 or member.sub.currency != case.around.rates.currency:
        return own
    known = [own, *(Weights(w, own.day) for w in KNOWN_WEEKS.values())]
    known += [Weights(own.week, d) for d in KNOWN_DAYS.values()]
    fits = (each for each in known if member.ruled(weights=each).minor == target)
    return next(fits, own)


def _other_length(member: Member) -> dict[str, Terms]:
    return {item.id: new for line, item in pairs(member) if (new := _length(member, line, item))}


def _length(member: Member, line: CountedLine, item: BillingItem) -> Terms | None:
    if line.prorated or line.starts_at is None or line.ends_at is None or member.reader.is_short(line):
        return None
    own, there = span_of_item(item, member.rules), span_of(line.starts_at, line.ends_at, member.reader.zone)
    if there is None or _months(own) == _months(there) or {own.interval, there.interval} & {"week", "day"}:
        return None
    if not _is_own_price(member, line, item):
        return None
    amount = member.rules.terms[item.id].amount if item.id in member.rules.terms else Fraction(item.amount)
    return Terms(amount, there)


def _months(span: Span) -> Fraction:
    return 1 / span.per_month(Weights(Fraction(52, 12), Fraction(365, 12)))


# -- currency and edits


def fx_rate_date(case: Case) -> Shown | None:
    home = case.around.rates.currency
    foreign = [each for each in case.members if each.sub.currency != home and each.in_force]
    if not foreign:
        return None
    back = _days_back(case)
    agree = all(_agrees(each, case) for each in foreign)
    if back is None and not agree:
        return None
    changed = tuple(
        each.ruled(rate_on=each.began_on(back or 0)) if any(each is one for one in foreign) else each
        for each in case.members
    )
    days = sorted({f"{each.began_on(back or 0):%Y-%m-%d}" for each in foreign})
    why = f"ChartMogul converts at the rate of the period's start, {', '.join(days)}"
    records = tuple(each.sub.id for each in foreign)
    return Shown(Cause.FX_RATE_DATE, why, records, changed, proven=back is not None)


def _agrees(member: Member, case: Case) -> bool:
    there = member.counted_value(case.refunds_bite)
    return abs(there - member.minor) <= max(1, len(member.in_force))


def _days_back(case: Case) -> int | None:
    """ChartMogul takes the rate of the day before, until it has the day's."""
    for back in (0, 1):
        try:
            if abs(case.by_lines(case.refunds_bite, back) - case.counted) <= case.tolerance:
                return back
        except NoRate:
            continue
    return None


def user_edit(case: Case) -> Shown | None:
    return each_member(case, Cause.USER_EDIT, _user_edit)


def _user_edit(_: Case, member: Member) -> Change | None:
    value = sum(_of_hand(member))
    if not value:
        return None
    return member.ruled(added=member.rules.added + value), "a person made or edited the line in ChartMogul"


def _of_hand(member: Member) -> Iterator[int]:
    for line in member.in_force:
        if line.by_hand and line.amount_before_edit is not None:
            yield member.value_of(line) - member.value_of(line, edits=False)
        elif line.by_hand and line.line not in member.items:
            yield member.value_of(line)


def _proven_if(shown: Shown | None, case: Case, test: Callable[[Member], bool]) -> Shown | None:
    if shown is None or not shown.proven:
        return shown
    return replace(shown, proven=all(test(each) for each in case.members if each.in_force))
