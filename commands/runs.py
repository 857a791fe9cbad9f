"""`runs`: what has run, for whom, and what an open run waits for, as a table."""

from collections.abc import Sequence
from datetime import datetime

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowExecutionStatus

from commands.texts import escape
from operations.runs import LOOKED_THROUGH, ListedRun, Wanted, list_runs
from settings import Settings

LONGEST_ID = 38
"""Characters of the id of a run that acts on an event: `customer_sync/` and the event's."""

WORDS = {
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.TIMED_OUT: "ran out of time",
}


async def show_runs(settings: Settings, wanted: Wanted, console: Console) -> None:
    listed = await list_runs(settings, wanted)
    console.print(runs_table(listed.runs, console.width) if listed.runs else _nothing(wanted))
    if listed.cut:
        console.print(f"Only the newest {LOOKED_THROUGH:,} runs were looked through for that name.")
    console.print(f"Web UI: {listed.link}", soft_wrap=True)


def _nothing(wanted: Wanted) -> str:
    return (
        "There are no runs yet."
        if wanted == Wanted(limit=wanted.limit)
        else "There are no runs of that kind."
    )


def runs_table(runs: Sequence[ListedRun], width: int) -> Table:
    """Three columns, of which the last two fold: it fits into a terminal of 80, and no id is broken there."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column(f"Started, {datetime.now().astimezone().tzname()}", no_wrap=True)
    table.add_column("Customer, what happened, and the run", overflow="fold", min_width=LONGEST_ID)
    rest = max(20, width - LONGEST_ID - 22)
    table.add_column("Outcome, or what it waits for", overflow="fold", max_width=rest)
    for run in runs:
        table.add_row(*_row(run))
    return table


def _row(run: ListedRun) -> tuple[str, str, str]:
    started = run.started.astimezone().strftime("%d %b %H:%M")
    who = f"[bold]{escape(run.customer)}[/]\n" if run.customer else ""
    state = escape(_outcome(run))
    if run.dismissal:
        state += escape(f"\ndismissed by {run.dismissal.who}: {run.dismissal.why}")
    if run.waits:
        state += f"\n[dim]{escape(run.waits)}[/]"
    return started, f"{who}{escape(run.headline)}\n[dim]{escape(run.workflow_id)}[/]{_would(run)}", state


def _would(run: ListedRun) -> str:
    """A line on what a run whose route is in preview would have written."""
    if run.shadow_of is None:
        return ""
    return escape(f"\nroute {run.shadow_of} is in preview: {', '.join(run.would) or 'nothing yet'}")


def _outcome(run: ListedRun) -> str:
    """Of one that somebody ended the outcome is as it was when they did."""
    if run.status in (None, WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED):
        return run.outcome
    return f"{run.outcome}, {WORDS.get(run.status, run.status.name.lower())}"
