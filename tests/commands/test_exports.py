"""What `export` and `preview warehouse` print, in a terminal of 80 columns."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from commands.exports import print_nights, print_report
from commands.preview_warehouse import print_preview
from models.runs import Outcome, Problem
from models.templates.warehouse_export import ExportReport, StreamReport
from models.warehouse_loads import Counts, Loaded, LoadRun, Preview, SampleRow

DONE = "That night was done already"


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=80)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return [line.strip() for line in console.file.getvalue().splitlines() if line.strip()]


def load(night: int, stream: str, **counts: int) -> LoadRun:
    at = datetime(2026, 11, night, 4, 16, tzinfo=UTC)
    given: dict[str, Any] = {"attempt": 1, "mapping_version": "1", "read_mode": "all", "complete": True}
    return LoadRun(
        run_id=f"default/2026-11-{night}T04:15:00Z",
        stream=stream,
        run_seq=night,
        account="default",
        time_zone="UTC",
        window_start=None,
        window_end=None,
        read_at=at,
        committed_at=at,
        **given,
        **counts,
    )


def report(*already: bool, problems: list[Problem] | None = None) -> ExportReport:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    loads = [Loaded(run_id="r", stream="plans", committed_at=at, already_applied=each) for each in already]
    stream = StreamReport(stream="plans", loads=loads, seconds=1)
    return ExportReport(outcome=Outcome.ACTED, run_id="r", streams=[stream], problems=problems or [])


def preview(*sample: SampleRow) -> Preview:
    counts = Counts(rows_read=258, inserted=3, returned=1)
    return Preview(stream="plans", statements=[], counts=counts, sample=list(sample))


def test_loads_are_shown_by_night_without_columns_of_zeros(console: Console) -> None:
    print_nights([load(24, "plans", rows_read=2, inserted=2), load(25, "plans", rows_read=0)], console)
    lines = [line for line in printed(console) if "─" not in line]
    assert [" ".join(line.split()) for line in lines] == [
        "2026-11-25T04:15:00Z, committed 25 Nov 04:16 UTC",
        "table rows",
        "plans 0",
        "2026-11-24T04:15:00Z, committed 24 Nov 04:16 UTC",
        "table rows new",
        "plans 2 2",
    ]


def test_all_columns_fit(console: Console) -> None:
    names = ("rows_read", "inserted", "restated", "returned", "missing", "deleted", "rejected")
    print_nights([load(25, "invoice_transactions", **dict.fromkeys(names, 99_999))], console)
    assert printed(console)[-1].split() == ["invoice_transactions", *["99,999"] * len(names)]
    assert "…" not in " ".join(printed(console))


@pytest.mark.parametrize(("already", "told"), [((True, True), True), ((True, False), False), ((), False)])
def test_a_night_that_was_done_is_told(console: Console, already: tuple[bool, ...], told: bool) -> None:
    print_report(report(*already), console)
    assert (DONE in " ".join(printed(console))) is told


def test_a_night_of_which_a_stream_failed_was_not_done(console: Console) -> None:
    print_report(
        report(True, problems=[Problem(step="customers", kind="Rejected", message="refused")]), console
    )
    assert DONE not in " ".join(printed(console))


def test_a_sampled_row_is_shown_column_by_column(console: Console) -> None:
    before = {"name": "Team", "plan": "[b]" + "x" * 100, "_row_hash": "1", "note": None}
    after = {"name": "Team", "plan": "y", "_row_hash": "2", "note": "late"}
    print_preview(preview(SampleRow(kind="restated", before=before, after=after)), console)
    text = "\n".join(printed(console))
    assert "plans: 258 read, 3 new, 1 returned" in text
    assert "1 changed" in text
    assert "_row_hash" not in text
    assert "[b]x" in text
    assert [line.replace("│", " ").split() for line in printed(console) if "note" in line] == [
        ["note", "-", "late"]
    ]


def test_a_row_that_came_back_may_differ_in_no_column(console: Console) -> None:
    row = {"name": "Team", "_row_hash": "1"}
    print_preview(preview(SampleRow(kind="returned", before=row, after=row)), console)
    assert "(no column differs)" in " ".join(printed(console))


def test_a_sampled_row_has_its_key_and_name_and_amounts_in_whole_units(console: Console) -> None:
    after = {"customer_uuid": "cus_1", "name": "Acme", "mrr_cents": 14835200, "share": Decimal("2.5000")}
    row = SampleRow(kind="restated", before=after | {"mrr_cents": 100}, after=after)
    found = preview(row).model_copy(update={"stream": "customers", "key": ["customer_uuid"]})
    print_preview(found, console)
    text = " ".join("\n".join(printed(console)).replace("│", " ").split())
    assert "1 changed cus_1, Acme" in text
    assert "mrr 1.00 148,352.00" in text
    assert "share" not in text
    print_preview(found.model_copy(update={"restates": True}), console)
    assert "1 restated cus_1, Acme" in "\n".join(printed(console))
