"""ChartMogul's MRR against billing's, at the end of a month: what differs, and what the records show of why.

Nothing here reads a clock, a file or a network, and two runs on the same records answer the same to the byte.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction

from domains.reconciliation.causes.case import Case, Surroundings, case_of, rules_for
from domains.reconciliation.causes.chain import ORDER, explain
from domains.reconciliation.cut import end_of_month, last_day
from domains.reconciliation.figures.billing import CountingRules, billed, rules_of
from domains.reconciliation.figures.periods import UnknownInterval
from domains.reconciliation.figures.rounding import half_away, of_hundredths
from domains.reconciliation.findings import finding, finding_id, sums_by_cause, tie_outs
from domains.reconciliation.given import MrrBooks
from domains.reconciliation.matching import Matched, People, Row, match
from domains.reconciliation.pairs import merged, migrated
from domains.reconciliation.rates import NoRate, Rates
from domains.reconciliation.rows import Differing, Figures
from domains.reconciliation.taxes import with_taxes
from models.reconciliation.books import (
    BillingSubscription,
    CashEntry,
    CashKind,
    Control,
    CountedLine,
    CountedSubscription,
    Document,
    DocumentLine,
    MonthCut,
    Reading,
    Standing,
)
from models.reconciliation.causes import Cause
from models.reconciliation.findings import CauseSum, Explained, Finding, FindingId, LinkProposal, TieOut
from models.reconciliation.rules import BillingSource, Factors, ReconciliationRules
from models.zones import zone_of

MOST_WARNINGS = 100
LONG_AGO = datetime.min.replace(tzinfo=UTC)

Key = tuple[str, str]
"""Data source and external id of a subscription."""
Lines = Mapping[Key, list[CountedLine]]


@dataclass(frozen=True)
class MrrJudgement:
    """`findings` are the rows that differ, or that a cause moves from one place to another. `fx_row` is what
    /metrics/mrr has beside the subscriptions' figures, in hundredths of the account's currency."""

    findings: list[Finding] = field(default_factory=list)
    tie_outs: list[TieOut] = field(default_factory=list)
    by_cause: list[CauseSum] = field(default_factory=list)
    proposals: list[LinkProposal] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    order: list[Cause] = field(default_factory=lambda: list(ORDER))
    account_mrr: int | None = None
    fx_row: int | None = None


def judge(given: MrrBooks, rules: ReconciliationRules, cut: MonthCut) -> MrrJudgement:
    controls = [each for reading in given.readings for each in reading.controls]
    if stopped := list(why_stopped(given.readings)):
        return MrrJudgement(controls=controls, stopped=stopped, account_mrr=given.sheet.mrr)
    return _Judge(given, rules, cut).judged(controls)


def cases_of(
    given: MrrBooks, rules: ReconciliationRules, cut: MonthCut, ids: Collection[FindingId]
) -> dict[FindingId, Case]:
    """The rows of these findings, with all that the records say of them."""
    return _Judge(given, rules, cut).cases(ids)


def why_stopped(readings: Iterable[Reading]) -> Iterable[str]:
    for reading in readings:
        where = f"{Cause.INCOMPLETE_READ}: {reading.system}/{reading.site}"
        for each in reading.controls:
            if not each.closes:
                yield f"{where}: {each.what}: {each.read} were read, {each.how} says {each.expected}"
        if reading.left_out:
            yield f"{where}: {len(reading.left_out)} records could not be read, as {reading.left_out[0]}"


class _Judge:
    def __init__(self, given: MrrBooks, rules: ReconciliationRules, cut: MonthCut) -> None:
        taxed = with_taxes(given.subscriptions, given.documents)
        self._given, self._rules, self._cut = replace(given, subscriptions=taxed), rules, cut
        self._rates = given.rates or Rates(given.settings.currency, {})
        self._people = People(given.customers)
        self._counting = {each.data_source: self._counting_of(each) for each in rules.sources}
        self._last_imports = _last_imports(given.lines)
        self._paid_back = _totals_of_paid_back(given.lines)
        self._plans = _plans_of(given.lines)
        self._billed = _billed_lines(given.documents)
        self._around = {each.data_source: self._surroundings(each) for each in rules.sources}
        self._warnings: list[str] = []

    def judged(self, controls: list[Control]) -> MrrJudgement:
        found = match(self._given, self._rules.sources, self._people)
        unread = self._lines_of(row for row in found.rows if _is_unread(row))
        try:
            figures = [self._figures(row, unread) for row in found.rows]
        except UnknownInterval as error:
            return MrrJudgement(controls=controls, stopped=[f"a price of an unknown interval: {error}"])
        differing = self._explained(figures)
        findings = sorted(
            map(self._finding, differing), key=lambda each: (each.source, each.subject, each.id)
        )
        return MrrJudgement(
            findings=findings,
            tie_outs=tie_outs(figures, findings),
            by_cause=sums_by_cause(findings),
            proposals=sorted(found.proposals, key=lambda each: (each.step, each.left, each.right)),
            controls=controls,
            warnings=self._all_warnings(found),
            account_mrr=self._given.sheet.mrr,
            fx_row=self._fx_row(),
        )

    def cases(self, ids: Collection[FindingId]) -> dict[FindingId, Case]:
        rows = match(self._given, self._rules.sources, self._people).rows
        named = {finding_id("mrr", row.source.data_source, row.ids): row for row in rows}
        wanted = {id: row for id, row in named.items() if id in ids}
        lines = self._lines_of(wanted.values())
        return {id: self._case_of(self._figures(row, lines), lines) for id, row in wanted.items()}

    # -- figures

    def _counting_of(self, source: BillingSource) -> CountingRules:
        """By the vendor's own rules, at the vendor's own end of the month."""
        factors = self._rules.billing_factors.get(source.system, Factors())
        return rules_of(source, end_of_month(self._cut.period, source.time_zone), factors)

    def _figures(self, row: Row, unread: Lines) -> Figures:
        rules = self._counting[row.source.data_source]
        counted = [self._counted(each) for each in row.counted]
        again = sum(self._counted(each) or 0 for each in row.again)
        theirs = [(each, billed(each, rules_for(each, rules))) for each in row.billed]
        left = sum(each for each in counted if each is not None) if row.counted else None
        notes = tuple(_notes(row, theirs, self._cut))
        if _is_unread(row):
            left, notes = self._recomputed(row, unread), (*notes, "ChartMogul's figure is of its lines")
        try:
            day = last_day(self._cut.period)
            right = sum(self._rates.convert(minor, each.currency, day) for each, minor in theirs if minor)
        except NoRate as error:
            self._warn(f"{error}: what has it is not compared")
            notes = (*notes, f"{error}: billing's figure is not converted, and not in the total")
            right = 0
        return Figures(row, left, right if row.billed else None, again, self._rates.currency, notes)

    def _recomputed(self, row: Row, lines: Lines) -> int:
        case = self._case(row, self._around[row.source.data_source], lines, 0)
        try:
            return case.by_lines(False)
        except NoRate as error:
            self._warn(f"{error}: what has it is not compared")
            return 0

    def _counted(self, counted: CountedSubscription) -> int | None:
        """In minor units of the account's currency. What is dated after the cut is not of the month."""
        hundredths = counted.by_movements
        if hundredths is None and counted.by_view is not None:
            hundredths = counted.by_view - counted.future
        return None if hundredths is None else of_hundredths(hundredths, self._rates.currency)

    # -- causes

    def _explained(self, figures: Sequence[Figures]) -> list[Differing]:
        zero = [Differing(each) for each in figures if not each.difference and _is_free(each)]
        differing = [Differing(each) for each in figures if each.difference]
        migrated(differing, self._people)
        lines = self._lines_of(each.figures.row for each in differing)
        for each in differing:
            if not each.causes:
                self._explain(each, lines)
        for each in zero:
            why = "it costs nothing: billing has it, and ChartMogul has no subscription of it"
            ids = each.figures.row.ids[:20]
            each.causes = [Explained(cause=Cause.FREE_OR_TRIAL, minor=0, why=why, records=ids)]
        return merged(figures, differing + zero, self._people)

    def _explain(self, differing: Differing, lines: Lines) -> None:
        figures = differing.figures
        case = self._case_of(figures, lines)
        if figures.right is not None and case_differs(case, figures):
            differing.unexplained = figures.difference
            return
        differing.causes, differing.unexplained, differing.ruled_out = explain(case)

    def _case_of(self, figures: Figures, lines: Lines) -> Case:
        around = self._around[figures.row.source.data_source]
        return self._case(figures.row, around, lines, figures.left or 0, figures.again)

    def _case(self, row: Row, around: Surroundings, lines: Lines, counted: int, again: int = 0) -> Case:
        own = [line for key in _keys_of(row) for line in lines.get(key, ())]
        own.sort(key=lambda each: (each.line, each.invoice))
        return case_of(row, around, own, self._counting[row.source.data_source], counted, again)

    def _lines_of(self, rows: Iterable[Row]) -> Lines:
        """Only of what differs: all others are not looked at."""
        return _grouped(self._given.lines, {key for row in rows for key in _keys_of(row)})

    def _surroundings(self, source: BillingSource) -> Surroundings:
        settings = {each.uuid: each for each in self._given.settings.sources}
        return Surroundings(
            cut=self._cut,
            zone=zone_of(self._cut.time_zone),
            rates=self._rates,
            rules=self._rules,
            settings=self._given.settings,
            source=settings.get(source.data_source),
            last_import=self._last_imports.get(source.data_source),
            gone=frozenset(self._given.gone),
            refunds=self._refunds(source),
            paid_back=self._paid_back,
            same_plan_ids=self._has_same_plan_ids(source),
            billed=self._billed[source.system, source.site],
        )

    def _has_same_plan_ids(self, source: BillingSource) -> bool:
        """Where no plan of the one side is one of the other's, ids of plans tell nothing."""
        place = (source.system, source.site)
        of_site = (each for each in self._given.subscriptions if (each.system, each.site) == place)
        billed = {item.plan for each in of_site for item in each.items if item.plan}
        return not billed.isdisjoint(self._plans[source.data_source])

    def _refunds(self, source: BillingSource) -> dict[str, list[CashEntry]]:
        found: dict[str, list[CashEntry]] = defaultdict(list)
        for each in self._given.refunds:
            mine = (each.system, each.site) == (source.system, source.site)
            if mine and each.kind is CashKind.REFUND and not each.failed and _is_before(each, self._cut.end):
                found[each.customer_id].append(each)
        return found

    # -- the whole

    def _finding(self, differing: Differing) -> Finding:
        return finding(differing, self._people)

    def _fx_row(self) -> int | None:
        """Everything counts, also what is not compared."""
        if self._given.sheet.mrr is None:
            return None
        return self._given.sheet.mrr - sum(
            each.by_movements
            if each.by_movements is not None
            else (each.by_view or 0) - (each.future if each.by_view is not None else 0)
            for each in self._given.counted
        )

    def _warn(self, what: str) -> None:
        if what not in self._warnings and len(self._warnings) < MOST_WARNINGS:
            self._warnings.append(what)

    def _all_warnings(self, found: Matched) -> list[str]:
        for reading in self._given.readings:
            if reading.changed_while_read:
                where = f"{reading.system}/{reading.site}"
                self._warn(f"{where}: {len(reading.changed_while_read)} records changed while it was read")
        nowhere = sum(not row.billed and _has_no_figure(row) for row in found.rows)
        if nowhere:
            self._warn(f"{nowhere} subscriptions that only ChartMogul has were read without a figure")
        return sorted({*self._warnings, *found.warnings})


def case_differs(case: Case, figures: Figures) -> bool:
    """Where billing's figure could not be converted there is nothing to start from."""
    try:
        return case.figure != figures.right
    except NoRate:
        return True


def _in_order(finding: Finding) -> tuple[str, str, str]:
    return finding.source, finding.subject, finding.id


def _keys_of(row: Row) -> list[Key]:
    counted = [(each.source, each.subscription_external_id) for each in row.counted]
    billing = [(row.source.data_source, each.id) for each in row.billed]
    return list(dict.fromkeys(counted + billing))


def _grouped(lines: Iterable[CountedLine], wanted: set[Key]) -> Lines:
    found: dict[Key, list[CountedLine]] = defaultdict(list)
    for line in lines:
        key = (line.source, line.subscription_external_id)
        if key in wanted:
            found[key].append(line)
    return found


def _is_free(figures: Figures) -> bool:
    """Running in billing at no price, and nothing in ChartMogul."""
    row = figures.row
    if row.counted or figures.right is None:
        return False
    return all(each.standing is Standing.ACTIVE and _costs_nothing(each) for each in row.billed)


def _costs_nothing(sub: BillingSubscription) -> bool:
    return bool(sub.items) and not any(each.amount for each in sub.items)


def _is_before(entry: CashEntry, cut: datetime) -> bool:
    return entry.at is None or entry.at < cut


def _plans_of(lines: Iterable[CountedLine]) -> Mapping[str, set[str]]:
    """By data source."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in lines:
        found[each.source].add(each.plan)
    return found


def _billed_lines(documents: Iterable[Document]) -> Mapping[tuple[str, str], dict[str, DocumentLine]]:
    """By system and site, and by the id of the line."""
    found: dict[tuple[str, str], dict[str, DocumentLine]] = defaultdict(dict)
    for document in documents:
        found[document.system, document.site].update((each.id, each) for each in document.lines if each.id)
    return found


def _last_imports(lines: Iterable[CountedLine]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for line in lines:
        if line.invoice_at is not None and line.invoice_at > found.get(line.source, LONG_AGO):
            found[line.source] = line.invoice_at
    return found


def _is_unread(row: Row) -> bool:
    """In a foreign currency movements are not the MRR, and its view was not asked for."""
    return bool(row.billed) and _has_no_figure(row)


def _has_no_figure(row: Row) -> bool:
    return any(each.by_movements is None and each.by_view is None for each in row.counted)


def _totals_of_paid_back(lines: Sequence[CountedLine]) -> dict[str, int]:
    """Of invoices with refunds: a part that was paid back is one of all their lines, whoever's they are."""
    totals = {line.invoice: 0 for line in lines if any(each.kind == "refund" for each in line.transactions)}
    for line in lines if totals else ():
        if line.invoice in totals:
            totals[line.invoice] += line.amount
    return totals


def _notes(row: Row, theirs: Sequence[tuple[BillingSubscription, int]], cut: MonthCut) -> Iterable[str]:
    late = sum(each.late for each in row.counted)
    if late:
        yield f"{late} of it came after the snapshot, in hundredths"
    if not row.confirmed:
        yield "the two were linked by customer and plan: confirm it once"
    for sub, minor in theirs:
        if sub.own_mrr is not None and half_away(Fraction(sub.own_mrr)) != minor:
            yield f"billing's own figure of {sub.id} is {sub.own_mrr}, in minor units"
        if sub.earlier is None and sub.changed_at is not None and sub.changed_at >= cut.end:
            yield f"{sub.id} was changed after the end of the month, and billing does not tell what it was"
