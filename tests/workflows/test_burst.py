"""A burst waits in Temporal's queue, not in a worker whose workflow tasks then run out of time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle

import worker
from settings import Settings
from simulators.kit.control import Control
from simulators.kit.shapes import System
from tests.conftest import in_a_namespace_of_its_own
from tests.workflows.conftest import starter

LOCAL_STEPS = 8
BURST = 3 * LOCAL_STEPS
"""Six times as many as a worker takes at once."""
SYSTEMS: tuple[System, ...] = ("chartmogul", "salesforce", "slack")
STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
ENDED = (EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)

Span = tuple[datetime, datetime]


async def test_of_a_burst_a_worker_has_no_more_tasks_at_once_than_it_can_end_in_time(
    simulators: Control, client: Client, settings: Settings
) -> None:
    """How long each takes is the machine's matter; how many there are is ours."""
    for system in SYSTEMS:
        simulators.fault(system, "slow", times=None, delay_seconds=0.15)
    own = await in_a_namespace_of_its_own(client)
    async with worker.running(own, settings.model_copy(update={"max_local_steps": LOCAL_STEPS})):
        runs = await asyncio.gather(*map(starter(own), simulators.cancel_many(BURST, send=False)))
        await asyncio.gather(*(run.result() for run in runs))
    tasks = [task for run in runs async for task in tasks_of(run)]
    assert most_at_once(tasks) <= LOCAL_STEPS // 2
    assert len(simulators.records("Task")) == len(simulators.messages()) == BURST


async def tasks_of(run: WorkflowHandle[Any, Any]) -> AsyncIterator[Span]:
    """When each workflow task of the run began and ended, by the server's clock."""
    begun: datetime | None = None
    async for event in run.fetch_history_events():
        if event.event_type == STARTED:
            begun = event.event_time.ToDatetime()
        elif event.event_type in ENDED and begun:
            yield begun, event.event_time.ToDatetime()


def most_at_once(spans: list[Span]) -> int:
    return max(sum(start <= begun < end for start, end in spans) for begun, _ in spans)
