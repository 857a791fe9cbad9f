"""Tables of sums: the numbers at the top, the tie-out, what each cause comes to, and how old it is."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from domains.reconciliation.report.reviewed import COMPARISONS, OLDEST, SIDES, Reviewed
from domains.reconciliation.report.rows import COMPARISON, CURRENCY, SOURCE
from domains.reconciliation.report.table import Amount, Column, Kind, Row, Table, amount, hundredths
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Comparison, Finding, TieOut
from models.templates.reconciliation import Amounts

ROWS = Column("rows", "Rows", Kind.COUNT)
CAUSE = Column("cause", "Cause")


def amounts(reviewed: Reviewed, comparison: Comparison = "mrr") -> list[Amounts]:
    """The three numbers, by currency: the one with the largest difference first."""
    of: dict[str, list[TieOut]] = defaultdict(list)
    for total in reviewed.judgement.tie_outs:
        if total.comparison == comparison:
            of[total.currency].append(total)
    found = [_amounts(currency, totals) for currency, totals in of.items()]
    return sorted(found, key=lambda each: (-abs(each.difference), each.currency))


def _amounts(currency: str, totals: list[TieOut]) -> Amounts:
    return Amounts(
        currency=currency,
        difference=sum(each.left - each.right for each in totals),
        explained=sum(sum(each.causes.values()) for each in totals),
        unexplained=sum(each.unexplained for each in totals),
    )


def numbers(reviewed: Reviewed) -> Table:
    """The gross sum shows what a net one hides: +100 and −100 are not nothing."""
    columns = (
        COMPARISON, CURRENCY, Column("difference", "Difference", Kind.AMOUNT),
        Column("explained", "Explained", Kind.AMOUNT), Column("unexplained", "Unexplained", Kind.AMOUNT),
        Column("gross", "Unexplained without signs", Kind.AMOUNT),
        Column("open", "Rows unexplained", Kind.COUNT),
        Column("differing", "Rows that differ", Kind.COUNT), ROWS,
    )  # fmt: skip

    def rows() -> Iterator[Row]:
        for comparison, title in COMPARISONS.items():
            for each in amounts(reviewed, comparison):  # type: ignore[arg-type]
                yield (title, each.currency, *_three(each), *_counts(reviewed, comparison, each.currency))

    return Table("summary", "In numbers", columns, rows)


def _three(each: Amounts) -> tuple[Amount, ...]:
    figures = (each.difference, each.explained, each.unexplained)
    return tuple(amount(minor, each.currency) for minor in figures)


def _counts(reviewed: Reviewed, comparison: str, currency: str) -> Row:
    judgement = reviewed.judgement
    open_rows = [
        abs(each.unexplained)
        for each in judgement.findings
        if each.is_open and (each.comparison, each.currency) == (comparison, currency)
    ]
    totals = [
        each for each in judgement.tie_outs if (each.comparison, each.currency) == (comparison, currency)
    ]
    differing, rows = sum(each.differing for each in totals), sum(each.rows for each in totals)
    return (amount(sum(open_rows), currency), len(open_rows), differing, rows)


class Step(NamedTuple):
    """A line of a tie-out. A `total` stands alone, any other is added to what stands above it."""

    title: str
    minor: int
    is_total: bool = False


def steps(reviewed: Reviewed, total: TieOut) -> list[Step]:
    """From billing's figure to the other one."""
    known = _left_sides(reviewed)
    left = SIDES[known.get((total.comparison, total.source), _usual_left(reviewed, total.comparison))]
    causes = [Step(each.value, total.causes[each]) for each in reviewed.in_order(total.causes)]
    return [
        Step("Billing", total.right, is_total=True),
        *causes,
        Step("Unexplained", total.unexplained),
        Step(left, total.left, is_total=True),
    ]


def _left_sides(reviewed: Reviewed) -> Mapping[tuple[str, str], str]:
    return {(each.comparison, each.source): each.left.side for each in reviewed.judgement.findings}


def _usual_left(reviewed: Reviewed, comparison: str) -> str:
    return "accounting" if comparison != "mrr" and reviewed.rules.accounting else "chartmogul"


def in_order(reviewed: Reviewed) -> list[TieOut]:
    order = list(COMPARISONS)
    return sorted(
        reviewed.judgement.tie_outs,
        key=lambda each: (order.index(each.comparison), each.source, each.currency),
    )


def tie_out(reviewed: Reviewed) -> Table:
    columns = (
        COMPARISON, SOURCE, CURRENCY, Column("line", "Line"), Column("amount", "Amount", Kind.AMOUNT),
    )  # fmt: skip

    def rows() -> Iterator[Row]:
        for total in in_order(reviewed):
            head = (COMPARISONS[total.comparison], total.source, total.currency)
            for step in steps(reviewed, total):
                yield (*head, step.title, amount(step.minor, total.currency))

    said = "From billing's figure, cause by cause, to the other one. Every block closes to the smallest unit."
    return Table("tie_out", "Tie-out", columns, rows, said, group=3)


def whole_account(reviewed: Reviewed) -> Table:
    """ChartMogul's own figure of the account beside the sum of what was compared."""
    judgement = reviewed.judgement
    currency = judgement.settings.currency
    lines = (
        ("ChartMogul's MRR of the account (/metrics/mrr, last day)", judgement.account_mrr),
        ("of which exchange rates and what no source has", judgement.fx_row),
        ("of which came after the snapshot", judgement.late),
    )
    found = [(title, hundredths(minor, currency), currency) for title, minor in lines if minor is not None]
    columns = (Column("line", "Line"), Column("amount", "Amount", Kind.AMOUNT), CURRENCY)
    return Table("account", "The whole account", columns, lambda: found)


def by_cause(reviewed: Reviewed) -> Table:
    """In the order in which they were tried."""
    columns = (
        CAUSE, Column("said", "What it is", wide=True), CURRENCY, ROWS,
        Column("plus", "Σ +", Kind.AMOUNT), Column("minus", "Σ −", Kind.AMOUNT),
        Column("net", "Net", Kind.AMOUNT), Column("largest", "Largest", Kind.AMOUNT),
        Column("owner", "Looked after by"), Column("remedy", "What to do", wide=True),
    )  # fmt: skip
    sums = reviewed.judgement.by_cause
    order = reviewed.in_order({each.cause: 0 for each in sums})

    def rows() -> Iterator[Row]:
        for each in sorted(sums, key=lambda each: (order.index(each.cause), each.currency)):
            about = reviewed.said_of(each.cause)
            figures = (each.plus, each.minus, each.net, each.largest)
            owner = reviewed.rules.owners.get(each.cause) or reviewed.rules.default_owner or ""
            yield (
                each.cause.value, about.said, each.currency, each.rows,
                *(amount(minor, each.currency) for minor in figures), owner, about.remedy,
            )  # fmt: skip

    said = "All three comparisons together, in the order in which causes were tried."
    return Table("by_cause", "By cause", columns, rows, said)


AGES = ("this month", "1 month", "2 months", "3 months or more")


def age_of(reviewed: Reviewed, finding: Finding) -> int:
    return min(reviewed.months_of(finding), OLDEST)


def ageing(reviewed: Reviewed) -> Table:
    """Of rows with a difference, since it was found first."""
    columns = (
        Column("first_seen", "First seen"), CURRENCY, ROWS,
        Column("difference", "Difference", Kind.AMOUNT), Column("open", "Rows unexplained", Kind.COUNT),
        Column("unexplained", "Unexplained without signs", Kind.AMOUNT),
    )  # fmt: skip
    sums: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for each in reviewed.differing():
        of = {"rows": 1, "difference": each.difference, "open": each.is_open, "gross": abs(each.unexplained)}
        sums[age_of(reviewed, each), each.currency].update(of)
    found = [
        (
            AGES[age], currency, of["rows"], amount(of["difference"], currency), of["open"],
            amount(of["gross"], currency),
        )
        for (age, currency), of in sorted(sums.items())
    ]  # fmt: skip
    said = "How long ago a difference was found first."
    return Table("ageing", "Ageing", columns, lambda: found, said)


def returning(reviewed: Reviewed) -> Table:
    """A cause that returns for three months is a setting to decide."""
    counts: dict[Cause, Counter[int]] = defaultdict(Counter)
    for each in reviewed.differing():
        causes = {part.cause for part in each.causes} | ({Cause.UNEXPLAINED} if each.is_open else set())
        for cause in causes:
            counts[cause][age_of(reviewed, each)] += 1
    found: list[Row] = [
        (cause.value, *(counts[cause][age] for age in range(len(AGES))), _advice(counts[cause]))
        for cause in reviewed.in_order(dict.fromkeys(counts, 0))
    ]
    ages = tuple(Column(f"months_{age}", title, Kind.COUNT) for age, title in enumerate(AGES))
    columns = (CAUSE, *ages, Column("advice", "So"))
    return Table("returning", "Causes that come back", columns, lambda: found, "Rows by age.")


def _advice(by_age: Counter[int]) -> str:
    return "a setting to decide" if by_age[OLDEST] else ""


def restated(reviewed: Reviewed) -> Table:
    columns = (
        Column("period", "Month"), CURRENCY, Column("signed", "As signed", Kind.AMOUNT),
        Column("now", "ChartMogul now", Kind.AMOUNT), Column("change", "Change", Kind.AMOUNT),
    )  # fmt: skip
    currency = reviewed.judgement.settings.currency
    found: list[Row] = [
        (
            each.period,
            currency,
            *(hundredths(it, currency) for it in (each.signed, each.now, each.now - each.signed)),
        )
        for each in sorted(reviewed.judgement.restated, key=lambda each: each.period)
    ]
    said = (
        "What was signed for earlier months stays as it was signed; this is what ChartMogul says of them now."
    )
    return Table("restated", "Restated since", columns, lambda: found, said)
