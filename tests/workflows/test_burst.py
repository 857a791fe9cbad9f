"""A burst waits in Temporal's queue, not in a worker whose workflow tasks then run out of time."""

import asyncio
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from simulators.control import Control
from simulators.shapes import System
from tests.workflows.conftest import Start

BURST = 80
SYSTEMS: tuple[System, ...] = ("chartmogul", "salesforce", "slack")
DONE_OVER = (EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)


async def test_a_burst_takes_each_step_once_and_locally(simulators: Control, start: Start) -> None:
    for system in SYSTEMS:
        simulators.fault(system, "slow", times=None, delay_seconds=0.15)
    runs = await asyncio.gather(*map(start, simulators.cancel_many(BURST, send=False)))
    await asyncio.gather(*(run.result() for run in runs))
    assert not any([await was_done_over(run) for run in runs])
    assert len(simulators.records("Task")) == len(simulators.messages()) == BURST


async def was_done_over(run: WorkflowHandle[Any, Any]) -> bool:
    return any([event.event_type in DONE_OVER async for event in run.fetch_history_events()])
