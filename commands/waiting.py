"""Waiting for a run that outlives workers and servers, and saying meanwhile what keeps it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from temporalio.client import WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

LOOK_SECONDS = 0.5
ASK_SECONDS = 5.0
NOT_NOW = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.FAILED_PRECONDITION,  # no worker is there to answer
)
FEW_TRIES = 2
"""A step that has failed more often is worth a word."""


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
    for step in found.raw_description.pending_activities:
        if step.attempt > FEW_TRIES:
            return f"try {step.attempt}: {step.last_failure.message[:100]}"
    return ""
