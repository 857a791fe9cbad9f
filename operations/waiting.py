"""Waiting for a run that outlives workers and servers, and saying meanwhile what keeps it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import PendingWorkflowTaskState
from temporalio.client import WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

LOOK_SECONDS = 0.5
ASK_SECONDS = 5.0
NOBODY_AFTER = timedelta(seconds=8)
"""A task that has waited so long has no worker; one that is there takes it at once."""
NOT_NOW = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.FAILED_PRECONDITION,  # no worker is there to answer
)
FEW_TRIES = 2
"""A step that has failed more often is worth a word."""


def nobody_takes(found: WorkflowExecutionDescription) -> bool:
    """Its next task waits for a worker, and has done so for longer than one takes that is there."""
    task = found.raw_description.pending_workflow_task
    if task.state != PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED:
        return False
    since = task.original_scheduled_time.ToDatetime(UTC) if task.HasField("original_scheduled_time") else None
    return since is not None and datetime.now(UTC) - since > NOBODY_AFTER


async def trouble_of(run: WorkflowHandle[Any, Any]) -> AsyncIterator[str]:
    """Twice a second what keeps it from going on, if anything does, until it has ended."""
    while True:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                found = await run.describe()
        except (RPCError, TimeoutError) as error:
            _pass_if_not_now(error)
            yield "Temporal does not answer"
        else:
            if found.status is not WorkflowExecutionStatus.RUNNING:
                return
            yield _trouble(found)
        await asyncio.sleep(LOOK_SECONDS)


async def asked(run: WorkflowHandle[Any, Any], query: str, answer: type[Any]) -> Any | None:
    """None where no worker is there to answer now."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await run.query(query, result_type=answer)
    except (RPCError, TimeoutError) as error:
        _pass_if_not_now(error)
        return None


def _pass_if_not_now(error: RPCError | TimeoutError) -> None:
    if isinstance(error, RPCError) and error.status not in NOT_NOW:
        raise error


def _trouble(found: WorkflowExecutionDescription) -> str:
    if nobody_takes(found):
        return "No worker takes it; start `mogulflow serve`"
    for step in found.raw_description.pending_activities:
        if step.attempt > FEW_TRIES:
            return f"try {step.attempt}: {step.last_failure.message[:100]}"
    return ""
