"""`runs` and `retry`: what has run, and running one again."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.client import WorkflowExecution as Run
from temporalio.service import RPCError, RPCStatusCode

import temporal
from commands.events import Stopped
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
        table.add_row(*_row(run, await run.memo()))
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


def _row(run: Run, memo: Mapping[str, Any]) -> list[str]:
    headline, outcome = (str(run.typed_search_attributes.get(key) or "-") for key in COLUMNS)
    if run.status and run.status not in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED):
        outcome += f", {run.status.name.lower()}"  # whoever ended it left the outcome as it was
    started = run.start_time.astimezone().strftime("%d %b %H:%M")
    return [started, f"{escape(headline)}\n[dim]{escape(run.id)}[/]{_would(memo)}", escape(outcome)]


def _would(memo: Mapping[str, Any]) -> str:
    """A line on what a run whose route is in preview would have written."""
    if temporal.SHADOW_OF not in memo:
        return ""
    effects = ", ".join(sorted(memo.get(temporal.WOULD, {}))) or "nothing yet"
    return escape(f"\nroute {memo[temporal.SHADOW_OF]} is in preview: {effects}")


async def retry(settings: Settings, workflow_id: str, reason: str, console: Console) -> None:
    """Run it again from its first step with the same input. What worked is found, not done again."""
    client = await temporal.connect()
    handle = client.get_workflow_handle(workflow_id)
    try:
        described = await handle.describe()
        request = ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=described.run_id),
            reason=reason,
            workflow_task_finish_event_id=await _first_task(handle),
            request_id=str(uuid.uuid4()),
        )
        answer = await client.workflow_service.reset_workflow_execution(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Stopped(f"There is no run {workflow_id}. `mogulflow runs` lists them.") from None
    link = temporal.run_link(settings.web_ui_url, client.namespace, workflow_id, answer.run_id)
    console.print(f"Running again: {link}", soft_wrap=True)


async def _first_task(handle: WorkflowHandle[object, object]) -> int:
    """The id of the event that closed the run's first workflow task, whichever way it closed."""
    closed = {
        EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    }
    last = None
    async for event in handle.fetch_history_events():
        if event.event_type in closed:
            return event.event_id
        last = event.event_type
    if last == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
        raise Stopped("A worker is at the run's first step. Wait for its end, at most some seconds.")
    raise Stopped("The run has not begun yet: no worker has taken it. Start `mogulflow serve`.")
