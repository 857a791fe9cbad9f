"""What reads ChartMogul's list: polls by schedule or at once, backfills, and the coverage report."""

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleSpec,
)

import temporal
from models.movements import (
    BackfillInput,
    BackfillProgress,
    CoverageInput,
    CoverageReport,
    PollInput,
    PollState,
)

R = TypeVar("R")

NUMBERS = itertools.count(1)
AT_ONCE = PollInput(account="default", head_start=timedelta(0))
"""A poll that leaves the webhook no head start, so that both meet."""


@asynccontextmanager
async def polling(client: Client, every: timedelta) -> AsyncIterator[None]:
    """A schedule that polls, as long as the block lasts."""
    name = _name("movement_poll")
    action = ScheduleActionStartWorkflow(
        "movement_poll", AT_ONCE, id=name, task_queue=temporal.WORKFLOWS, task_timeout=temporal.TASK_TIMEOUT
    )
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)])
    handle = await client.create_schedule(name, Schedule(action=action, spec=spec))
    try:
        yield
    finally:
        await handle.delete()


async def poll(client: Client, **changes: Any) -> PollState:
    return await _run(client, "movement_poll", AT_ONCE.model_copy(update=changes), PollState)


async def backfill(client: Client, start: datetime, end: datetime) -> BackfillProgress:
    given = BackfillInput(account="default", start=start, end=end)
    return await _run(client, "backfill", given, BackfillProgress)


async def coverage(
    client: Client, start: datetime, end: datetime, *, payments: bool = False
) -> CoverageReport:
    given = CoverageInput(account="default", start=start, end=end, fresh=timedelta(0), payments=payments)
    return await _run(client, "coverage", given, CoverageReport)


async def _run(client: Client, workflow: str, given: BaseModel, result: type[R]) -> R:
    found: R = await client.execute_workflow(
        workflow,
        given,
        id=_name(workflow),
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        result_type=result,
    )
    return found


def _name(workflow: str) -> str:
    return f"{workflow}/fire-{os.getpid()}-{next(NUMBERS)}"
