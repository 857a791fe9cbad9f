"""A row that differs, with all that the records say of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from functools import cached_property

from domains.reconciliation.cut import last_day, local_day
from domains.reconciliation.figures.billing import CountingRules, billed
from domains.reconciliation.figures.chartmogul import LineReader
from domains.reconciliation.figures.periods import Span, weights_of
from domains.reconciliation.figures.rounding import half_away, minor_per_hundredth, of_hundredths
from domains.reconciliation.matching import Row
from domains.reconciliation.rates import NoRate, Rates
from models.reconciliation.books import (
    AccountSettings,
    BillingItem,
    BillingSubscription,
    CashEntry,
    CountedLine,
    DocumentLine,
    ItemKind,
    MonthCut,
    SourceSettings,
)
from models.reconciliation.causes import Cause
from models.reconciliation.rules import ReconciliationRules

CHURN = "churn"


@dataclass(frozen=True)
class Surroundings:
    """What is the same for all rows of a source."""

    cut: MonthCut
    zone: tzinfo
    rates: Rates
    rules: ReconciliationRules
    settings: AccountSettings
    source: SourceSettings | None
    last_import: datetime | None
    """Of the youngest invoice that the source brought."""
    gone: frozenset[str] = frozenset()
    refunds: Mapping[str, Sequence[CashEntry]] = field(default_factory=dict)
    """Billing's own, by customer."""
    paid_back: Mapping[str, int] = field(default_factory=dict)
    """Totals of invoices with refunds, in hundredths."""
    same_plan_ids: bool = True
    """Whether ChartMogul's plans bear billing's ids: a plan of another id is another plan only then."""
    billed: Mapping[str, DocumentLine] = field(default_factory=dict)
    """Lines of billing's invoices, by their ids."""


@dataclass(frozen=True)
class Member:
    """One subscription of billing in a row, the lines that are its own, and the rules that it counts by."""

    sub: BillingSubscription
    lines: tuple[CountedLine, ...]
    in_force: tuple[CountedLine, ...]
    reader: LineReader
    items: Mapping[str, BillingItem]
    """By line: the item that it bills."""
    rules: CountingRules
    rates: Rates
    month: MonthCut

    @cached_property
    def state(self) -> BillingSubscription:
        earlier = self.sub.earlier
        return earlier if self.rules.at_cut and earlier is not None else self.sub

    @cached_property
    def minor(self) -> int:
        """By its rules as they stand, in its own currency."""
        return billed(self.sub, self.rules)

    @cached_property
    def converted(self) -> int:
        day = self.rules.rate_on or last_day(self.month.period)
        return self.rates.convert(self.minor, self.sub.currency, day)

    @cached_property
    def rounded(self) -> Fraction:
        """How often a half of a minor unit may be lost, on both sides."""
        items = Fraction(max(1, len(self.sub.items)))
        return sum((self._rounded(each) for each in self.in_force), items)

    def _rounded(self, line: CountedLine) -> Fraction:
        """Tax and discounts are rounded before a week is made a month, and count four times then."""
        parts = bool(line.tax) + bool(line.discount) + line.prorated
        ratio = self.reader.per_month(line) if parts else Fraction(1)
        return 1 + parts * ratio if ratio > 1 else Fraction(1)

    def began_on(self, back: int = 0) -> date:
        """Day whose rate ChartMogul takes: of the period's start, or one of the days before."""
        starts = [each.starts_at for each in self.in_force if each.starts_at is not None]
        day = local_day(self.month, min(starts)) if starts else last_day(self.month.period)
        return day - timedelta(days=back)

    def counted_value(self, refunds: bool) -> int:
        """Of its lines, in its own minor units."""
        return of_hundredths(self.reader.total(self.lines, refunds=refunds), self.sub.currency)

    def value_of(self, line: CountedLine, edits: bool = True) -> int:
        return of_hundredths(self.reader.value(line, edits=edits), line.currency)

    def gross(self, line: CountedLine) -> Fraction:
        """What the line costs before its discount and before edits by hand, in minor units."""
        amount = line.amount if line.amount_before_edit is None else line.amount_before_edit
        return (amount + line.discount) * minor_per_hundredth(line.currency)

    def ruled(self, **changes: object) -> "Member":
        return replace(self, rules=replace(self.rules, **changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Shown:
    """A step that the records show. `members` are as they count by it, or `minor` is what it comes to.

    `proven`: amounts of single records bear it out, so that it stands though something else stays open."""

    cause: Cause
    why: str
    records: tuple[str, ...] = ()
    members: tuple[Member, ...] | None = None
    minor: int = 0
    proven: bool = False


@dataclass
class Case:
    """`members` change as causes are found; what the records say stays as it was computed first."""

    row: Row
    around: Surroundings
    members: tuple[Member, ...]
    lines: tuple[CountedLine, ...]
    """All of the row, with those that are wrong, disabled or of other kinds."""
    counted: int
    """What ChartMogul counts, in minor units of the account's currency, by one source."""
    again: int = 0
    """The same once more, by further sources."""

    @property
    def figure(self) -> int:
        return sum(each.converted for each in self.members)

    @property
    def total(self) -> int:
        return self.counted + self.again

    @cached_property
    def churned(self) -> bool:
        return any(CHURN in each.last_movement.casefold() for each in self.row.counted)

    @cached_property
    def not_yet(self) -> bool:
        """A first invoice that is open, where ChartMogul counts from payment on."""
        waits = self.around.source is not None and self.around.source.counts_from == "paid"
        return waits and any(each.sub.first_invoice_open for each in self.members)

    @cached_property
    def refunds_bite(self) -> bool:
        """Whether the lines come to what is counted by their refunds only."""
        return not self._comes_to(False) and self._comes_to(True)

    @cached_property
    def reproduced(self) -> bool:
        """Whether the lines that were read come to what is counted: else they prove nothing."""
        if self._comes_to(False) or self._comes_to(True):
            return True
        return self.counted == 0 and (self.churned or self.not_yet)

    def _comes_to(self, refunds: bool) -> bool:
        try:
            return abs(self.by_lines(refunds) - self.counted) <= self.tolerance
        except NoRate:
            return False

    def by_lines(self, refunds: bool, back: int = 0) -> int:
        """What the lines count in the account's currency, each subscription at its period's start."""
        return sum(self._by_lines(each, refunds, back) for each in self.members)

    def _by_lines(self, member: Member, refunds: bool, back: int) -> int:
        if not member.in_force:
            return 0
        value = member.counted_value(refunds)
        return self.around.rates.convert(value, member.sub.currency, member.began_on(back))

    @cached_property
    def tolerance(self) -> int:
        """Minor units of the account's currency: one hundredth of the subscription's may be more."""
        rules = self.around.rules.tolerance
        parts = sum((each.rounded for each in self.members), Fraction())
        return max(rules.least, int(Fraction(rules.per_line) * parts * self._coarseness()))

    def _coarseness(self) -> Fraction:
        coarse = [self._hundredth(each.sub.currency) for each in self.members]
        return max([Fraction(1), *coarse])

    def _hundredth(self, currency: str) -> Fraction:
        """In the account's minor units."""
        try:
            rate = Fraction(self.around.rates.of(currency, last_day(self.around.cut.period)).rate)
        except NoRate:
            return Fraction(1)
        return rate * minor_per_hundredth(self.around.rates.currency)

    @property
    def system(self) -> str:
        return self.row.source.system

    def with_member(self, old: Member, new: Member) -> tuple[Member, ...]:
        return tuple(new if each is old else each for each in self.members)


def case_of(
    row: Row,
    around: Surroundings,
    lines: Sequence[CountedLine],
    rules: CountingRules,
    counted: int,
    again: int,
) -> Case:
    own = _own_lines(row, lines)
    members = tuple(_member(each, own[each.id], around, rules_for(each, rules)) for each in row.billed)
    return Case(row, around, members, tuple(lines), counted, again)


def rules_for(sub: BillingSubscription, rules: CountingRules) -> CountingRules:
    """A vendor whose own figure is the next renewal's counts what is agreed for later already."""
    if sub.pending is None or sub.own_mrr is None:
        return rules
    later = replace(rules, pending=True)
    own = half_away(Fraction(sub.own_mrr))
    return later if billed(sub, later) == own != billed(sub, rules) else rules


def _own_lines(row: Row, lines: Sequence[CountedLine]) -> dict[str, tuple[CountedLine, ...]]:
    """By subscription. Lines of an id that billing does not have are the first one's."""
    if len(row.billed) == 1:
        return {row.billed[0].id: tuple(lines)}
    found: dict[str, list[CountedLine]] = defaultdict(list)
    ids = {each.id for each in row.billed}
    for line in lines:
        id = line.subscription_external_id
        found[id if id in ids or not row.billed else row.billed[0].id].append(line)
    return {id: tuple(found[id]) for id in ids}


def _member(
    sub: BillingSubscription, lines: tuple[CountedLine, ...], around: Surroundings, rules: CountingRules
) -> Member:
    items = _items_of(sub, lines, around.billed)
    plans = {id: Span(item.interval, item.interval_count) for id, item in items.items() if _has_period(item)}
    weights = weights_of(around.rules.chartmogul_factors)
    ids = {line: item.id for line, item in items.items()}
    period = (sub.period_start, sub.period_end) if sub.period_start and sub.period_end else None
    reader = LineReader(around.cut.end, around.zone, weights, plans, ids, around.paid_back, period)
    in_force = tuple(reader.in_force(lines))
    return Member(sub, lines, in_force, reader, items, rules, around.rates, around.cut)


def _has_period(item: BillingItem) -> bool:
    return item.kind is not ItemKind.ONE_TIME


def _items_of(
    sub: BillingSubscription, lines: Sequence[CountedLine], billed: Mapping[str, DocumentLine]
) -> dict[str, BillingItem]:
    """By billing's own line of the same id, else by plan, or because there is one on either side only."""
    known = {each.plan: each for each in sub.items if each.plan} | {each.id: each for each in sub.items}
    found = {each.line: known[each.plan] for each in lines if each.plan in known}
    found |= {each.line: known[each.line_external_id] for each in lines if each.line_external_id in known}
    found |= _as_billed(sub, lines, billed)
    recurring = [each for each in sub.items if each.kind is ItemKind.RECURRING]
    open_lines = [each for each in lines if each.line not in found and each.kind == "subscription"]
    if len(recurring) == 1 and not any(item is recurring[0] for item in found.values()):
        found |= {each.line: recurring[0] for each in open_lines}
    return found


def _as_billed(
    sub: BillingSubscription, lines: Sequence[CountedLine], billed: Mapping[str, DocumentLine]
) -> dict[str, BillingItem]:
    """That ChartMogul's lines bear billing's ids is not documented: where they do not, none is found."""
    there = {each.line: billed[each.line_external_id] for each in lines if each.line_external_id in billed}
    own = {line: of_it for line, of_it in there.items() if of_it.subscription in ("", sub.id)}
    items = {each.id: each for each in sub.items}
    found = {line: _item_billed(of_it, items.get(of_it.item)) for line, of_it in own.items()}
    return {line: item for line, item in found.items() if item is not None}


def _item_billed(line: DocumentLine, item: BillingItem | None) -> BillingItem | None:
    """One that is billed once is none of the subscription's."""
    if line.kind is None or (item is not None and item.kind is line.kind):
        return item
    return BillingItem(id=line.id, plan=line.plan, kind=line.kind, amount=line.net)
