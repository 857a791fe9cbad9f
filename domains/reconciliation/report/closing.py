"""Whether all sums close: a report whose sums do not is not written."""

from collections import Counter
from collections.abc import Iterator

from clients.kit.errors import Rejected
from domains.reconciliation.parquet import SYSTEM
from models.reconciliation.findings import Finding, Judgement

Part = tuple[str, str, str]
"""Comparison, currency, and what is summed: a cause, `unexplained` or `difference`."""


def check_sums(judgement: Judgement) -> None:
    """Raises Rejected. Every row closes, every total does, and the rows sum up to the totals."""
    faults = [*_faults(judgement)]
    if faults:
        more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise Rejected(SYSTEM, f"Sums do not close: {'; '.join(faults[:3])}{more}.")


def _faults(judgement: Judgement) -> Iterator[str]:
    for row in judgement.findings:
        if not _closes(row):
            yield f"row {row.id}"
    for total in judgement.tie_outs:
        if not total.closes:
            yield f"the total of {total.comparison} {total.source} {total.currency}"
    if not judgement.stopped:
        rows, totals = _of_rows(judgement), _of_totals(judgement)
        for part in sorted(rows.keys() | totals.keys()):
            if rows[part] != totals[part]:
                yield f"{' '.join(part)}: the rows make {rows[part]}, the totals {totals[part]}"


def _closes(row: Finding) -> bool:
    return (
        sum(each.minor for each in row.causes) + row.unexplained == row.difference
        and (row.left.minor or 0) - (row.right.minor or 0) == row.difference
    )


def _of_rows(judgement: Judgement) -> Counter[Part]:
    sums: Counter[Part] = Counter()
    for row in judgement.findings:
        of = (row.comparison, row.currency)
        sums[*of, "difference"] += row.difference
        sums[*of, "unexplained"] += row.unexplained
        for each in row.causes:
            sums[*of, each.cause.value] += each.minor
    return sums


def _of_totals(judgement: Judgement) -> Counter[Part]:
    sums: Counter[Part] = Counter()
    for total in judgement.tie_outs:
        of = (total.comparison, total.currency)
        sums[*of, "difference"] += total.left - total.right
        sums[*of, "unexplained"] += total.unexplained
        for cause, minor in total.causes.items():
            sums[*of, cause.value] += minor
    return sums
