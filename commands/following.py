"""Long runs that are started by hand, one at a time, and followed until they end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.live import Live
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

import temporal
from operations.dates import shown
from operations.errors import Stopped, why_failed
from operations.waiting import LOOK_SECONDS, nobody_takes
from settings import Settings

JUST_NOW = timedelta(seconds=5)
"""A run that is older was there before: one at a time."""

R = TypeVar("R", bound=BaseModel)
Run = WorkflowHandle[Any, R]
Progress = Callable[[Sequence[PendingActivityInfo]], Awaitable[RenderableType]]


async def started(
    client: Client,
    workflow: str,
    given: BaseModel,
    result: type[R],
    *,
    id: str,
    what: str,
    account: str,
    summary: str | None = None,
) -> Run[R]:
    """The one that runs by that id, or a new one. `what` labels it, and is its summary by default."""
    return await client.start_workflow(
        workflow,
        given,
        id=id,
        result_type=result,
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        search_attributes=temporal.labels(what, account),
        static_summary=summary or what,
        priority=temporal.BULK,
    )


async def latest(client: Client, query: str, result: type[R]) -> Run[R] | None:
    """The newest run that the list filter finds."""
    async for found in client.list_workflows(query, limit=1):
        return client.get_workflow_handle(found.id, run_id=found.run_id, result_type=result)
    return None


async def follow(
    settings: Settings,
    client: Client,
    run: Run[R],
    console: Console,
    progress: Progress,
    *,
    again: str,
) -> R:
    """What it came to. Ctrl-C leaves it running, and `again` shows it. Raises Stopped where it failed."""
    described = await run.describe()
    link = temporal.run_link(settings.web_ui_url, client.namespace, run.id, described.run_id)
    console.print(f"Run: {link}", soft_wrap=True)
    running = described.status is WorkflowExecutionStatus.RUNNING
    if running and datetime.now(UTC) - described.start_time > JUST_NOW:
        console.print(f"It runs since {shown(described.start_time)}, with what it was asked for then.")
    try:
        with Live(console=console, transient=True) as live:
            while described.status is WorkflowExecutionStatus.RUNNING:
                live.update(await _doing(described, progress))
                await asyncio.sleep(LOOK_SECONDS)
                described = await run.describe()
        return await run.result()
    except asyncio.CancelledError:
        console.print(f"It goes on. `{again}` shows how far it is.")
        raise
    except WorkflowFailureError as failure:
        raise Stopped(f"The run failed: {why_failed(failure)}.") from None


async def _doing(described: WorkflowExecutionDescription, progress: Progress) -> RenderableType:
    """Between two steps nothing is pending for a moment: that is no lack of a worker."""
    if nobody_takes(described):
        return "No worker takes it. Start `mogulflow serve`; it goes on by itself then."
    pending = described.raw_description.pending_activities
    return await progress(pending) if pending else "Working"


async def heartbeat(client: Client, pending: PendingActivityInfo) -> dict[str, Any]:
    """What a step that runs says of itself, as old as its last heartbeat."""
    if not pending.heartbeat_details:
        return {}
    said = await client.data_converter.decode(pending.heartbeat_details.payloads)
    return said[0] if said and isinstance(said[0], dict) else {}


def trouble(pending: PendingActivityInfo) -> str:
    return pending.last_failure.message[:100] if pending.attempt > 1 else ""
