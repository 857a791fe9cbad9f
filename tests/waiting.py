"""Waiting for what comes about by itself: no test depends on how long that takes, nor on who comes first."""

import asyncio
import inspect
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""Far beyond what a busy machine needs, below the limit of any test."""

PAUSE_SECONDS = 0.05
"""Between two questions, at first."""

LONGEST_PAUSE_SECONDS = 1.0
"""What is long in coming need not be asked for twenty times a second: each question costs a server's time."""

PAUSE_SHARE = 0.05
"""Of the time that was waited by then."""


@overload
async def until(ask: Callable[[], Awaitable[T | None]], seconds: float = PATIENCE_SECONDS) -> T: ...
@overload
async def until(ask: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T: ...
async def until(ask: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """The first answer that is true. Temporal's lists, and all that is done elsewhere, run behind."""
    answer, began = None, time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            while not (answer := await _answer(ask)):
                await asyncio.sleep(_pause(began))
    except TimeoutError:
        raise _never(seconds, answer) from None
    return answer


async def until_equal(ask: Callable[[], Any], wanted: object, seconds: float = PATIENCE_SECONDS) -> None:
    answer, began = None, time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            while (answer := await _answer(ask)) != wanted:
                await asyncio.sleep(_pause(began))
    except TimeoutError:
        raise _never(seconds, answer, wanted) from None


def until_blocking(ask: Callable[[], T | None], pause_seconds: float = PAUSE_SECONDS) -> T:
    """The first answer that is true, where no event loop runs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise _never(PATIENCE_SECONDS, answer)
        time.sleep(pause_seconds)
    return answer


def _pause(began: float) -> float:
    return min(max(PAUSE_SECONDS, PAUSE_SHARE * (time.monotonic() - began)), LONGEST_PAUSE_SECONDS)


async def _answer(ask: Callable[[], Any]) -> Any:
    said = ask()
    return (await said) if inspect.isawaitable(said) else said


def _never(seconds: float, answer: object, wanted: object = "what is true") -> AssertionError:
    return AssertionError(f"after {seconds:.0f} seconds it is {answer!r}, not {wanted!r}")


async def until_listed(client: Client, query: str, count: int | None = None) -> None:
    """Temporal's list, which runs behind, has so many runs of the query, or any."""

    async def listed() -> int:
        return (await client.count_workflows(query)).count

    await (until(listed) if count is None else until_equal(listed, count))


async def until_list_is_current(client: Client) -> None:
    """Temporal's list has what was begun or ended before this call: it shows a run that is begun now, which
    nobody works on and which is deleted."""
    marker = await client.start_workflow("marker", id=f"marker/{uuid.uuid4()}", task_queue="nobody")
    await until_listed(client, f"WorkflowId = '{marker.id}'")
    execution = WorkflowExecution(workflow_id=marker.id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    await client.workflow_service.delete_workflow_execution(request)


async def until_event(run: WorkflowHandle[Any, Any], attributes: str) -> None:
    """The run's history has an event with these attributes: `timer_started_event_attributes`, say."""

    async def has_it() -> bool:
        return any(event.HasField(attributes) for event in (await run.fetch_history()).events)  # type: ignore[arg-type]

    await until(has_it)


async def until_said(process: asyncio.subprocess.Process, words: str) -> str:
    """What it said up to these words and with them. Where it ends without them, AssertionError has it all."""
    assert process.stdout is not None
    try:
        return (await process.stdout.readuntil(words.encode())).decode()
    except asyncio.IncompleteReadError as ended:
        raise AssertionError(f"it ended, and said: {ended.partial.decode()}") from None


async def output_of(process: asyncio.subprocess.Process) -> str:
    """What it still says until it ends: when the last process that holds its terminal has, a guard included.
    How long that may take is the test's own limit."""
    output, _ = await process.communicate()
    return output.decode()
