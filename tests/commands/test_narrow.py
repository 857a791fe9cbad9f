"""Tables on a terminal of 80 columns: no word and no figure is cut off."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowExecutionStatus

from commands.crm import objects_table
from commands.runs import runs_table
from commands.show import heading, print_counts, tally_table, templates_table
from models.events import MovementType
from models.movements import Found, Tally
from models.templates.crm_sync import ObjectReport, Status
from operations.runs import ListedRun

COUNTS = {found: {kind.value: 12_345 for kind in MovementType} for found in Found}
TALLY = Tally(counts=COUNTS, by_template={"churn_save": COUNTS, "customer_sync": COUNTS})
OBJECTS = [
    ObjectReport(object=name, counts={status: 184_123 for status in Status})
    for name in ("Account", "Contact")
]


def narrow() -> Console:
    return Console(width=80, file=io.StringIO(), highlight=False)


def lines(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    found = console.file.getvalue().splitlines()
    assert max(map(len, found)) <= 80
    assert "…" not in console.file.getvalue()
    return found


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (tally_table(TALLY), [*map(heading, Found), *MovementType]),
        (templates_table(TALLY), [*map(heading, Found), "churn_save", "customer_sync"]),
        (objects_table(OBJECTS), [*Status, "Account", "Contact"]),
    ],
    ids=["coverage", "templates", "objects"],
)
def test_a_table_of_counts_lies_on_its_side_where_it_does_not_fit(table: Table, words: list[str]) -> None:
    console = narrow()
    print_counts(table, console)
    text = " ".join(" ".join(lines(console)).split())
    for word in words:
        assert word in text


def test_a_table_of_counts_that_fits_stands_as_it_is() -> None:
    console = narrow()
    print_counts(objects_table([ObjectReport(object="Account", counts={Status.UPDATED: 7})]), console)
    assert [line.split() for line in lines(console)][1] == ["object", "updated"]


def test_runs_fit_and_no_id_is_broken() -> None:
    id = f"customer_sync/{'0123456789abcdef' * 2}"[:38]
    begun = datetime(2026, 11, 29, 20, 10, tzinfo=UTC)
    waits = "waits for salesforce; slack.post_message, try 12 at 20:10:00 UTC; Checks back: 6 Dec 20:10"
    console = narrow()
    run = ListedRun(
        workflow_id=id,
        run_id="r",
        started=begun,
        customer="Oak & Pine",
        headline="-",
        outcome="-",
        status=WorkflowExecutionStatus.RUNNING,
        waits=waits,
    )
    console.print(runs_table([run], console.width))
    shown = lines(console)
    assert any(id in line for line in shown)
    text = " ".join(" ".join(shown).split())
    assert "Outcome, or what" in text
    for word in (*waits.split(), "waits for", "Oak & Pine"):
        assert word in text
