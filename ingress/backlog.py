"""How long runs have waited for a worker. In a flood, what comes is sent back for later."""

import asyncio
import time
from collections.abc import Callable

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueStats
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

import temporal
from ingress import metrics

LOOK_EVERY_SECONDS = 2
"""The server counts anew every 5 seconds, and answers from memory in between."""

LOOK_LIMIT_SECONDS = 2


class Backlog:
    """Looked at from time to time, never while a delivery waits for its answer."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._watched_since: float | None = None
        self._age_seconds = 0.0

    @property
    def problem(self) -> str | None:
        """Why nothing more should come in, where that is so."""
        if self._age_seconds <= self._limit_seconds:
            return None
        return f"events have waited {self._age_seconds:.0f} seconds for a worker"

    async def watch(self, client: Callable[[], Client | None]) -> None:
        while True:
            await self.look(client())
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def look(self, client: Client | None) -> None:
        try:
            async with asyncio.timeout(LOOK_LIMIT_SECONDS):
                self._note(await backlog_age(client) if client else None)
        except Exception:  # whatever it was, the watch goes on, and refuses nothing that it does not know of
            self._note(None)

    def _note(self, age_seconds: float | None) -> None:
        """What waited while nobody watched counts from now: workers may only just be starting."""
        now = time.monotonic()
        if age_seconds is None:
            self._watched_since, self._age_seconds = None, 0.0
        else:
            self._watched_since = now if self._watched_since is None else self._watched_since
            self._age_seconds = min(age_seconds, now - self._watched_since)
        metrics.BACKLOG_AGE.set(self._age_seconds)


async def backlog_age(client: Client) -> float:
    """Seconds that the oldest waiting task has waited, but for those that give way to live events."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=temporal.WORKFLOWS),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        report_stats=True,
    )
    answer = await client.workflow_service.describe_task_queue(request)
    bulk = temporal.BULK.priority_key
    assert bulk is not None
    waiting = [stats for key, stats in answer.stats_by_priority_key.items() if key < bulk]
    return max(map(_seconds, waiting or [answer.stats]))


def _seconds(stats: TaskQueueStats) -> float:
    return float(stats.approximate_backlog_age.ToTimedelta().total_seconds())
