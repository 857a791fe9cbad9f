"""What a list of runs does not tell and a person wants to know: whose run it is, and what it waits for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.client import WorkflowExecution as Run

import temporal
from activities.runs.history import pauses, tail
from models.headlines import customer_in
from operations.dates import local

AT_ONCE = 10
"""Calls under way: a page of runs must not keep the server from its work."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Facts:
    """`waits` is in words; empty where the run has ended."""

    customer: str = ""
    waits: str = ""


async def facts_of(client: Client, runs: Sequence[Run]) -> list[Facts]:
    """In the order of `runs`: one look-up for each, and one more where it is open."""

    async def look(run: Run) -> Facts:
        described = await client.get_workflow_handle(run.id, run_id=run.run_id).describe()
        return Facts(customer_in(await summary_of(described)), await waits_of(client, described))

    return await side_by_side(look, runs)


async def side_by_side(job: Callable[[T], Awaitable[R]], items: Sequence[T]) -> list[R]:
    free = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> R:
        async with free:
            return await job(item)

    return await asyncio.gather(*(one(item) for item in items))


async def summary_of(described: WorkflowExecutionDescription) -> str:
    """`Churn: Acme Ltd, −$250.00 MRR`."""
    return await described.static_summary() or ""


async def waits_of(client: Client, described: WorkflowExecutionDescription) -> str:
    """What an open run is about: a step that is tried again, a time it waits for, or its own work."""
    if described.status is not WorkflowExecutionStatus.RUNNING:
        return ""
    steps = [_step(each) for each in described.raw_description.pending_activities]
    said = [f"waits for {each}" for each in described.typed_search_attributes.get(temporal.WAITS_FOR) or ()]
    events = await tail(client, described.id, described.run_id)
    times = [f"{each.what}: {local(each.until)}" for each in await pauses(client, events)]
    return "; ".join([*said, *steps, *times])


def _step(pending: PendingActivityInfo) -> str:
    name = pending.activity_type.name
    if pending.attempt <= 1:
        return f"{name} is under way"
    if not pending.HasField("next_attempt_schedule_time"):
        return f"{name}, try {pending.attempt}"
    at: datetime = pending.next_attempt_schedule_time.ToDatetime(UTC)
    return f"{name}, try {pending.attempt} at {at.astimezone():%H:%M:%S %Z}"
