"""What a night's export says to people: the table of its streams, and the line on restated history."""

from collections.abc import Mapping, Sequence

from models.exports import StreamReport
from models.money import Money
from workflows.ledger import GAP, Ledger

COUNTS = ("rows", "new", "restated", "returned", "missing", "deleted", "rejected")


class ExportLedger(Ledger):
    """A night's books: its streams in the place of effects."""

    def __init__(self, title: str, streams: Sequence[str]) -> None:
        super().__init__(title)
        self._streams = streams
        self.reports: list[StreamReport] = []

    def note_stream(self, report: StreamReport) -> None:
        self.reports.append(report)
        self.show()

    def table(self) -> list[str]:
        head = ("stream", *COUNTS, "seconds")
        rows = [_line(head), "|---" * len(head) + "|", *map(_row, self.reports)] if self.reports else []
        return [*rows, "", *self._still_to_come(), *_unmapped(self.reports)]

    def _still_to_come(self) -> list[str]:
        done = {each.stream for each in self.reports}
        left = [each for each in self._streams if each not in done]
        return [f"Not done: {', '.join(left)}"] if left else []


def moved(reports: Sequence[StreamReport]) -> dict[str, int]:
    """By how many cents each past month moved, over all streams."""
    months: dict[str, int] = {}
    for report in reports:
        for month, cents in report.months.items():
            months[month] = months.get(month, 0) + cents
    return {month: cents for month, cents in sorted(months.items()) if cents}


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


def _row(report: StreamReport) -> str:
    counts = [str(getattr(report, name)) for name in COUNTS]
    return _line((report.stream + _remark(report), *counts, f"{report.seconds:.1f}"))


def _remark(report: StreamReport) -> str:
    if report.superseded:
        return " (a later night was there first)"
    return " (was done already)" if report.already else ""


def _unmapped(reports: Sequence[StreamReport]) -> list[str]:
    return [
        f"- {each.stream}: fields without a column: {', '.join(each.unmapped)}"
        for each in reports
        if each.unmapped
    ]


def _line(cells: Sequence[str]) -> str:
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"
