"""What a run of the CRM sync says to people: the table of its objects, and why records were left."""

from collections.abc import Iterator, Sequence

from models.templates.crm_sync import ObjectReport, Status, SyncReport
from workflows.engine.run_log import GAP, RunLog

SHOWN = (
    Status.CREATED,
    Status.UPDATED,
    Status.UNCHANGED,
    Status.NOT_FOUND,
    Status.AMBIGUOUS,
    Status.REFUSED,
)
MOST_REASONS = 10


class CrmRunLog(RunLog):
    """A run's books: its objects in the place of effects."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._report: SyncReport | None = None

    def note_report(self, report: SyncReport) -> None:
        self._report = report
        for each in report.objects:
            if each.problem:
                self.add_problem(each.problem)

    def table(self) -> list[str]:
        if self._report is None:
            return ["At work: the pending step's heartbeat says how far it is."]
        return [*_table(self._report.objects), "", *_notes(self._report)]


def _table(objects: Sequence[ObjectReport]) -> list[str]:
    head = ("object", *(status.value for status in SHOWN))
    rows = [(each.object, *(f"{each.counts.get(status, 0):,}" for status in SHOWN)) for each in objects]
    return [_line(head), "|---" * len(head) + "|", *map(_line, rows)]


def _notes(report: SyncReport) -> Iterator[str]:
    reading = f"{report.reading_seconds:.1f} s"
    yield f"- {report.customers:,} customers: {report.seconds:.1f} s, of which reading {reading}"
    if report.unreadable:
        yield f"- {report.unreadable:,} rows of ChartMogul could not be read"
    for each in report.objects:
        for reason, count in list(each.reasons.items())[:MOST_REASONS]:
            yield f"- {each.object}, not written: {count:,} × {reason}"
        for name, count in each.kept.items():
            yield f"- {each.object}: a person's value stays in {name}, {count:,} ×"
        for what, count in list(each.open.items())[:MOST_REASONS]:
            yield f"- {each.object}, left as it is: {count:,} × {what}"


def _line(cells: Sequence[str]) -> str:
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"
