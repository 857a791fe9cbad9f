"""What a month's reconciliation says to people: its details in the Web UI, its messages in Slack."""

from collections.abc import Iterable, Sequence

from models.minor_units import minor_text
from models.reconciliation.books import Reading
from models.templates.reconciliation import Amounts, CorrectedRow, OpenFinding, ReconciliationState
from workflows.engine.run_log import GAP, cut

MOST_OWNERS = 20


def title(state: ReconciliationState) -> str:
    return f"Reconciliation of account {state.account}, {state.period}, {state.kind}"


def details(state: ReconciliationState) -> str:
    """Markdown."""
    notes = [*(f"Stopped: {each}" for each in state.stopped), *_late(state), *_signed(state)]
    notes += [f"**{each.step}** failed: {each.message}" for each in state.problems]
    tables = [*_amounts(state), "", *_readings(state.readings), ""]
    lines = [f"### {title(state)}", "", str(state.phase), "", *tables, *(f"- {note}" for note in notes)]
    return cut("\n".join(lines).strip())


def message(state: ReconciliationState, link: str) -> str:
    """Of the final day: three numbers for each currency, who looks after what, where it stands."""
    if state.stopped:
        return f"{title(state)}: nothing was judged. {' '.join(state.stopped[:5])} {link}".strip()
    lines = [f"{title(state)}: {state.differing} of {state.rows} rows differ."]
    lines += [f"• {_three(each)}" for each in state.amounts]
    lines += [f"• {owner}: {count} open" for owner, count in _owners(state.open)[:MOST_OWNERS]]
    lines += ["The billing snapshot was made late."] if state.late_snapshot else []
    return "\n".join([*lines, f"`mogulflow reconcile show {state.account} {state.period}` {link}".strip()])


def reminder(state: ReconciliationState, link: str) -> str:
    return (
        f"{title(state)} waits for its sign-off: {len(state.open) + state.more_open} rows are unexplained. "
        f"`mogulflow reconcile sign-off {state.account} {state.period}` {link}".strip()
    )


def corrected(row: CorrectedRow) -> str:
    predicted = minor_text(row.predicted, row.currency)
    if row.found is None:
        return f"Corrected in ChartMogul. Its difference could not be read since; predicted is {predicted}."
    found = minor_text(row.found, row.currency)
    if row.found == row.predicted:
        return f"Corrected in ChartMogul: its difference is {found}, as predicted."
    return f"Corrected in ChartMogul, and not as predicted: its difference is {found}, not {predicted}."


def unexplained(each: Amounts) -> str:
    return minor_text(each.unexplained, each.currency)


def _three(each: Amounts) -> str:
    difference, explained, left = _numbers(each)
    return f"difference {difference}, explained {explained}, unexplained {left}"


def _numbers(each: Amounts) -> list[str]:
    return [minor_text(minor, each.currency) for minor in (each.difference, each.explained, each.unexplained)]


def _amounts(state: ReconciliationState) -> list[str]:
    if not state.amounts:
        return []
    rows = [[each.currency, *_numbers(each)] for each in state.amounts]
    table = _table(["currency", "difference", "explained", "unexplained"], rows)
    return [*table, "", f"{state.differing} of {state.rows} rows differ"]


def _readings(readings: Sequence[Reading]) -> list[str]:
    if not readings:
        return []
    rows = [
        [each.system, each.site, str(_rows(each)), str(each.calls), "yes" if each.is_complete else "no"]
        for each in readings
    ]
    return _table(["system", "site", "rows", "calls", "counts agree"], rows)


def _rows(reading: Reading) -> int:
    return sum(file.rows for file in reading.files)


def _late(state: ReconciliationState) -> list[str]:
    return ["The snapshot was made late: it shows billing as it was then"] if state.late_snapshot else []


def _signed(state: ReconciliationState) -> list[str]:
    sign = state.sign_off
    return [f"Signed by {sign.reviewer}, prepared by {sign.preparer}: {sign.comment}"] if sign else []


def _owners(found: Iterable[OpenFinding]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for each in found:
        owner = each.owner or "nobody yet"
        counts[owner] = counts.get(owner, 0) + 1
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_line(head), "|---" * len(head) + "|", *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"
