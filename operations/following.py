"""Long runs that are started by hand, one at a time, and followed until they end."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

import temporal
from operations.errors import Stopped, why_failed
from operations.waiting import LOOK_SECONDS, nobody_takes
from settings import Settings

JUST_NOW = timedelta(seconds=5)
"""A run that is older was there before: one at a time."""

R = TypeVar("R", bound=BaseModel)
Run = WorkflowHandle[Any, R]


@dataclass(frozen=True)
class Step:
    """One that is under way. `said` is its last heartbeat, `trouble` why its last try failed."""

    activity: str
    attempt: int
    said: Mapping[str, Any]
    trouble: str


@dataclass(frozen=True)
class Look:
    """How far a run is. Between two steps none is under way for a moment: that is no lack of a worker."""

    has_worker: bool
    steps: Sequence[Step]


@dataclass(frozen=True)
class Followed(Generic[R]):
    """`since` is set where it had been running before: it does what it was asked for then."""

    client: Client
    run: Run[R]
    link: str
    since: datetime | None

    async def looks(self) -> AsyncIterator[Look]:
        """Twice a second until it has ended."""
        described = await self.run.describe()
        while described.status is WorkflowExecutionStatus.RUNNING:
            pending = described.raw_description.pending_activities
            yield Look(not nobody_takes(described), [await _step(self.client, each) for each in pending])
            await asyncio.sleep(LOOK_SECONDS)
            described = await self.run.describe()

    async def result(self) -> R:
        """What it came to. Raises Stopped where it failed."""
        try:
            return await self.run.result()
        except WorkflowFailureError as failure:
            raise Stopped(f"The run failed: {why_failed(failure)}.") from None


async def followed(settings: Settings, client: Client, run: Run[R]) -> Followed[R]:
    described = await run.describe()
    link = temporal.run_link(settings.web_ui_url, client.namespace, run.id, described.run_id)
    running = described.status is WorkflowExecutionStatus.RUNNING
    before = running and datetime.now(UTC) - described.start_time > JUST_NOW
    return Followed(client, run, link, described.start_time if before else None)


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


async def _step(client: Client, pending: PendingActivityInfo) -> Step:
    trouble = pending.last_failure.message[:100] if pending.attempt > 1 else ""
    return Step(pending.activity_type.name, pending.attempt, await _heartbeat(client, pending), trouble)


async def _heartbeat(client: Client, pending: PendingActivityInfo) -> dict[str, Any]:
    if not pending.heartbeat_details:
        return {}
    said = await client.data_converter.decode(pending.heartbeat_details.payloads)
    return said[0] if said and isinstance(said[0], dict) else {}
