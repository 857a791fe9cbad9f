"""ChartMogul's MRR of invoice lines, as it documents it: each line is rounded to a whole hundredth.

round((amount − tax) × months ratio × proration factor), where the factor is the full period by the prorated
one in seconds: https://dev.chartmogul.com/docs/how-mrr-is-calculated-from-prorated-invoices. Not documented:
how halves are rounded (away from zero here), the ratios of weeks and days (from the rules), and what a line
counts that is short and not marked so (as a whole period of its plan here). The judge rests nothing on these
three alone: where the lines do not come to what ChartMogul counts, they prove no cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from fractions import Fraction

from domains.reconciliation.figures.periods import DAY, NEARLY, Span, Weights, span_of
from domains.reconciliation.figures.rounding import half_away
from models.reconciliation.books import CountedLine

MONTH = Span("month", 1)
DAYS_OF_A_MONTH = Fraction(365, 12)
MIDNIGHT = time()
SHORT = {"day", "week"}
DEAD = {"voided", "written_off", "draft", "deleted"}


@dataclass(frozen=True)
class LineReader:
    """`cut` is the first instant after the month. `plans`: how long the plan of each line is."""

    cut: datetime
    zone: tzinfo
    weights: Weights
    plans: Mapping[str, Span]
    items: Mapping[str, str] = field(default_factory=dict)
    """Of billing, that each line is of."""
    totals: Mapping[str, int] = field(default_factory=dict)
    """Of invoices that were paid back, all of their lines."""
    period: tuple[datetime, datetime] | None = None
    """Billing's current one, where it tells."""

    def total(self, lines: Sequence[CountedLine], refunds: bool = False, edits: bool = True) -> int:
        """Hundredths of the lines' currency: what counts at the cut."""
        kept = self.in_force(lines)
        shares = refunded(lines, self.cut, self.totals) if refunds else {}
        return sum(self.value(each, shares.get(each.invoice, Fraction(0)), edits) for each in kept)

    def value(self, line: CountedLine, refunded: Fraction = Fraction(0), edits: bool = True) -> int:
        """A line without a service period is no MRR."""
        if line.starts_at is None or line.ends_at is None or line.ends_at <= line.starts_at:
            return 0
        amount = line.amount
        if not edits and line.amount_before_edit is not None:
            amount = line.amount_before_edit
        return half_away((amount - line.tax) * (1 - refunded) * self.per_month(line))

    def per_month(self, line: CountedLine) -> Fraction:
        assert line.starts_at
        assert line.ends_at
        if line.prorated:
            return self._prorated(line, line.starts_at, line.ends_at)
        if self.is_short(line):
            return self.plans[line.line].per_month(self.weights)
        span = span_of(line.starts_at, line.ends_at, self.zone)
        return self._odd(line.starts_at, line.ends_at) if span is None else span.per_month(self.weights)

    def is_short(self, line: CountedLine) -> bool:
        """Shorter than its plan's period, not marked as prorated, and no whole period of its own."""
        plan = self.plans.get(line.line)
        if plan is None or line.prorated or line.starts_at is None or line.ends_at is None:
            return False
        whole = (plan.before(line.ends_at, each) for each in (self.zone, UTC))
        if any(line.starts_at - each <= NEARLY for each in whole):
            return False
        span = span_of(line.starts_at, line.ends_at, self.zone)
        return span is None or (span.interval in SHORT and plan.interval not in SHORT)

    def share(self, line: CountedLine) -> Fraction:
        """Of its plan's period that a line covers, by seconds."""
        assert line.starts_at
        assert line.ends_at
        whole = self._whole_period(line.ends_at, self.plans.get(line.line, MONTH))
        return Fraction(int((line.ends_at - line.starts_at).total_seconds()), int(whole.total_seconds()))

    def _whole_period(self, end: datetime, plan: Span) -> timedelta:
        """Billing's own, where it ends then and is one of the plan's. Else days are local where it ends at a
        local midnight, and UTC's otherwise: vendors do either, and where clocks change an hour is a cent."""
        if self.period and abs(self.period[1] - end) <= NEARLY:
            began = (plan.before(self.period[1], each) for each in (self.zone, UTC))
            if any(abs(self.period[0] - each) <= NEARLY for each in began):
                return self.period[1] - self.period[0]
        local = end.astimezone(self.zone)
        start = plan.before(local, self.zone if local.time() == MIDNIGHT else UTC)
        return end.astimezone(UTC) - start.astimezone(UTC)

    def in_force(self, lines: Sequence[CountedLine]) -> list[CountedLine]:
        """Those that cover the month's end. Without any the last ones: they count until a cancellation."""
        begun = [each for each in lines if self._may_count(each)]
        covering = [each for each in begun if each.ends_at is not None and each.ends_at >= self.cut]
        if not covering and begun:
            last = max(each.ends_at for each in begun if each.ends_at is not None)
            covering = [each for each in begun if each.ends_at == last]
        return self._replaced(covering)

    def covers(self, lines: Sequence[CountedLine]) -> bool:
        return any(self._may_count(each) and each.ends_at >= self.cut for each in lines if each.ends_at)

    def _may_count(self, line: CountedLine) -> bool:
        if line.kind != "subscription" or line.disabled or line.errors or line.invoice_status in DEAD:
            return False
        return line.starts_at is not None and line.ends_at is not None and line.starts_at < self.cut

    def _replaced(self, lines: list[CountedLine]) -> list[CountedLine]:
        """A short line that is not marked stands for its whole item: it replaces what was before, and the
        credit beside it. Lines of other items stay."""
        short = [each for each in lines if each.amount > 0 and self.is_short(each)]
        if not short:
            return lines
        newest = {self.items.get(each.line, ""): _billed_at(each) for each in sorted(short, key=_billed_at)}
        return [each for each in lines if self._stays(each, newest)]

    def _stays(self, line: CountedLine, newest: Mapping[str, float]) -> bool:
        item = self.items.get(line.line, "")
        if item in newest:
            return line.amount > 0 and _billed_at(line) >= newest[item]
        return bool(item)

    def _prorated(self, line: CountedLine, start: datetime, end: datetime) -> Fraction:
        if line.proration == "differential_mrr":
            return Fraction(1)
        plan = self.plans.get(line.line) or MONTH
        return plan.per_month(self.weights) / self.share(line) if end > start else Fraction(0)

    def _odd(self, start: datetime, end: datetime) -> Fraction:
        months = max(1, round(Fraction((end - start) // DAY) / DAYS_OF_A_MONTH))
        return Fraction(1, months)


def refunded(lines: Sequence[CountedLine], cut: datetime, totals: Mapping[str, int]) -> dict[str, Fraction]:
    """Part of each invoice that was paid back before the cut."""
    paid_back: dict[str, int | None] = {}
    for line in lines:
        if line.invoice in totals and line.invoice not in paid_back:
            paid_back[line.invoice] = _paid_back(line, cut)
    return {
        invoice: Fraction(1) if amount is None else min(Fraction(1), Fraction(amount, totals[invoice]))
        for invoice, amount in paid_back.items()
        if amount is None or (amount and totals[invoice] > 0)
    }


def _paid_back(line: CountedLine, cut: datetime) -> int | None:
    """None: all of it."""
    refunds = [
        each
        for each in line.transactions
        if each.kind == "refund" and not each.failed and (each.at is None or each.at < cut)
    ]
    if any(each.amount is None for each in refunds):
        return None
    return sum(each.amount or 0 for each in refunds)


def _billed_at(line: CountedLine) -> float:
    at = line.invoice_at or line.starts_at
    return at.timestamp() if at else 0.0
