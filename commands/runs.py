"""`runs`: what has run."""

from datetime import datetime

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.client import WorkflowExecution as Run

import temporal
from settings import Settings

OURS = f"{temporal.TEMPLATE.name} IS NOT NULL"
COLUMNS = (temporal.HEADLINE, temporal.OUTCOME)


async def show_runs(settings: Settings, limit: int, query: str, console: Console) -> None:
    """The newest runs. `query` is a Temporal list filter, added to ours."""
    client = await temporal.connect()
    table = Table(f"Started, {datetime.now().astimezone().tzname()}", box=SIMPLE)
    table.add_column("Headline, and the run's id below it", overflow="fold")
    table.add_column("Outcome", no_wrap=True)
    wanted = f"{OURS} AND ({query})" if query else OURS
    found = await _newest(client, wanted, limit)
    for run in found:
        table.add_row(*_row(run))
    console.print(table if found else f"There are no runs{' of that kind' if query else ' yet'}.")
    console.print(f"Web UI: {settings.web_ui_url}/namespaces/{client.namespace}/workflows")


async def _newest(client: Client, query: str, limit: int) -> list[Run]:
    """Open and closed ones asked for apart, because the server lists all open ones first.

    Of a workflow that was run again the last run counts: the one before keeps its old outcome.
    """
    running = "ExecutionStatus = 'Running'"
    found = [
        run
        for state in (running, f"NOT {running}")
        async for run in client.list_workflows(f"{query} AND {state}", limit=limit)
    ]
    found.sort(key=lambda run: run.execution_time or run.start_time)
    last = {run.id: run for run in found}
    return sorted(last.values(), key=lambda run: run.start_time, reverse=True)[:limit]


def _row(run: Run) -> list[str]:
    headline, outcome = (str(run.typed_search_attributes.get(key) or "-") for key in COLUMNS)
    if run.status and run.status not in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED):
        outcome += f", {run.status.name.lower()}"  # whoever ended it left the outcome as it was
    started = run.start_time.astimezone().strftime("%d %b %H:%M")
    return [started, f"{escape(headline)}\n[dim]{escape(run.id)}[/]", escape(outcome)]
