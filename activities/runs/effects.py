"""What a run has written: its result says so, and as long as it is open its query."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.service import RPCError, RPCStatusCode

import temporal
from clients.kit.errors import NotFound, Rejected, Unavailable
from models.changes import RunUndo
from models.effects import Action, Effect
from models.runs import RunResult

MOST_EFFECTS = 1_000
"""That are taken back at once: more do not fit into what asks for them."""

MOST_RUNS = 20
"""Of one workflow, run again and again, that are looked at."""

QUERY_SECONDS = 2.5
"""Without a worker a query hangs."""

WRITTEN = (Action.CREATED, Action.UPDATED)


async def effects_of(client: Client, run: RunUndo) -> list[Effect]:
    """Of the run that is named, or of the last by that id with what those before it have written.
    Raises NotFound, Rejected, Unavailable."""
    try:
        described = await client.get_workflow_handle(run.workflow_id, run_id=run.run_id).describe()
        effects = await read_effects(client, described)
        if run.run_id is None and any(each.action is Action.UNCHANGED for each in effects):
            effects = await _with_earlier(client, described, effects)
    except RPCError as error:
        raise _told(error, run.workflow_id) from None
    if len(effects) > MOST_EFFECTS:
        many = f"{run.workflow_id} has {len(effects)} effects; {MOST_EFFECTS} can be taken back at once"
        raise Rejected("runs", many)
    return effects


async def read_effects(
    client: Client, run: WorkflowExecution, *, seconds: float = QUERY_SECONDS
) -> list[Effect]:
    """Raises RPCError, Rejected where it is no run that has any, Unavailable."""
    if run.status is WorkflowExecutionStatus.COMPLETED:
        return (await result_of(client, run)).effects
    handle = client.get_workflow_handle(run.id, run_id=run.run_id)
    try:
        async with asyncio.timeout(seconds):
            found: list[Effect] = await handle.query("effects", result_type=list[Effect])
    except TimeoutError:
        raise Unavailable("runs", f"No worker says what {run.id} has done") from None
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
        raise _has_none(run) from None
    return found


async def result_of(client: Client, run: WorkflowExecution) -> RunResult:
    """Of one that completed. Raises RPCError, Rejected."""
    handle = client.get_workflow_handle(run.id, run_id=run.run_id, result_type=RunResult)
    try:
        result: RunResult = await handle.result(follow_runs=False)
    except (WorkflowFailureError, ValueError, RuntimeError):  # of a workflow of another kind
        raise _has_none(run) from None
    return result


async def _with_earlier(client: Client, last: WorkflowExecution, effects: list[Effect]) -> list[Effect]:
    """What the last run has found done, as the run told it that did it."""
    done: dict[str, Effect] = {}
    async for run in _earlier(client, last):
        for each in await read_effects(client, run):
            if each.action in WRITTEN:
                done.setdefault(each.key, each)
    return [done.get(each.key, each) if each.action is Action.UNCHANGED else each for each in effects]


async def _earlier(client: Client, last: WorkflowExecution) -> AsyncIterator[WorkflowExecution]:
    """Newest first."""
    if "'" in last.id:
        return
    listed = client.list_workflows(f"WorkflowId = '{last.id}'", limit=MOST_RUNS)
    for run in sorted([run async for run in listed], key=_ended, reverse=True):
        if run.run_id != last.run_id:
            yield run


def _ended(run: WorkflowExecution) -> datetime:
    return run.close_time or datetime.max.replace(tzinfo=UTC)


def _told(error: RPCError, workflow_id: str) -> NotFound | Unavailable:
    if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
        kept = f"Temporal keeps those that ended for {temporal.RETENTION.days} days"
        return NotFound("runs", f"There is no run {workflow_id}: {kept}.")
    return Unavailable("runs", f"Could not read what {workflow_id} has done: {error.message}")


def _has_none(run: WorkflowExecution) -> Rejected:
    return Rejected("runs", f"{run.id} is no run that tells of its effects.")
