"""What a night's export says to people: the table of its loads, and the line on restated history."""

from collections.abc import Mapping, Sequence

from models.money import Money
from models.templates.warehouse_export import Checked, StreamReport
from models.warehouse_loads import Loaded
from workflows.engine.run_log import GAP, RunLog

COUNTS = {
    "rows": "rows_read",
    "new": "inserted",
    "changed": "restated",
    "returned": "returned",
    "missing": "missing",
    "deleted": "deleted",
    "rejected": "rejected",
}


class ExportRunLog(RunLog):
    """A night's books: its loads in the place of effects."""

    def __init__(self, title: str, streams: Sequence[str]) -> None:
        super().__init__(title)
        self._streams = streams
        self.reports: list[StreamReport] = []
        self.checked: Checked | None = None

    def note_stream(self, report: StreamReport) -> None:
        self.reports.append(report)
        self.show()

    def note_check(self, checked: Checked | None) -> None:
        self.checked = checked
        self.show()

    def table(self) -> list[str]:
        head = ("table", *COUNTS, "")
        rows = [_row(load) for report in self.reports for load in report.loads]
        table = [_line(head), "|---" * len(head) + "|", *rows] if rows else []
        return [*table, "", *self._to_come(), *map(_note, self.reports), *self._left_out(), *self._at_odds()]

    def _left_out(self) -> list[str]:
        return [f"- {each}" for report in self.reports for each in report.left_out]

    def _at_odds(self) -> list[str]:
        return [f"- {self.checked.at_odds}"] if self.checked and self.checked.at_odds else []

    def _to_come(self) -> list[str]:
        done = {each.stream for each in self.reports}
        left = [each for each in self._streams if each not in done]
        return [f"Not done: {', '.join(left)}", ""] if left else []


def moved(reports: Sequence[StreamReport]) -> dict[str, int]:
    """By how many cents each past month's MRR moved."""
    found = [(month, cents) for report in reports for month, cents in report.months.items()]
    return {month: cents for month, cents in sorted(found) if cents}


def restated_line(account: str, months: Mapping[str, int], currency: str, run_id: str) -> str:
    """`ChartMogul restated MRR of past months, account default: 2026-08 −$120.00, 2026-09 +$40.00.`"""
    said = ", ".join(f"{month} {_signed(cents, currency)}" for month, cents in months.items())
    return (
        f"ChartMogul restated MRR of past months, account {account}: {said}. "
        f"Which movements, with before and after: table mrr_movement_changes, run_id '{run_id}'."
    )


def _signed(cents: int, currency: str) -> str:
    money = Money(cents=cents, currency=currency)
    return f"+{money}" if cents > 0 else str(money)


def _row(load: Loaded) -> str:
    counts = [str(getattr(load, name)) for name in COUNTS.values()]
    return _line((load.stream, *counts, "was done already" if load.already_applied else ""))


def _note(report: StreamReport) -> str:
    unmapped = f"; fields without a column: {', '.join(report.unmapped)}" if report.unmapped else ""
    return f"- {report.stream}: {report.seconds:.1f} s{unmapped}"


def _line(cells: Sequence[str]) -> str:
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"
