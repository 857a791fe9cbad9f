"""A system's worker, which rests while the system is closed for long: what waits stays in its task queue.

There it costs no tries. When the pause is over a worker with one slot lets one step probe, and one with all
slots follows when the system answers. A short pause is waited for within the steps.

A task that the server hands out just as a worker ends is lost until its time limit. So a worker ends when it
asks for none: when all its slots are taken, by steps that wait for the system. Where they do not fill up,
there is nothing in the queue."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    Worker,
)

from clients.kit.cooldown import Closed, Cooldown

RESTS_FROM = timedelta(seconds=2)
"""Of a pause that is left."""

QUEUE_IS_EMPTY_AFTER = 2.0
"""Seconds without another task."""

ENDS_AFTER = 6.0
"""Seconds after which it ends all the same: steps that a person paused do not stay."""

LOOK_EVERY = 0.1


class Slots(Interceptor):
    """Of one worker: how many there are, in how many a step runs, and in how many one ever did."""

    def __init__(self, number: int) -> None:
        self.number, self.taken, self.ever = number, 0, 0

    @property
    def all_taken(self) -> bool:
        return self.taken >= self.number

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Counted(next, self)


class _Counted(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, slots: Slots) -> None:
        super().__init__(next)
        self._slots = slots

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self._slots.taken += 1
        self._slots.ever += 1
        try:
            return await self.next.execute_activity(input)
        finally:
            self._slots.taken -= 1


class RestingWorker:
    """Has the shape of temporalio's `Worker`: `run` until `shutdown`. One connection takes one worker of a
    queue at a time, so the next begins when the one before has ended its steps."""

    def __init__(
        self,
        cooldown: Cooldown,
        slots: int,
        worker: Callable[[Slots], Worker],
        *,
        rests_from: timedelta = RESTS_FROM,
        empty_after: float = QUEUE_IS_EMPTY_AFTER,
    ) -> None:
        """`worker` makes one with so many slots, and with them as its first interceptor."""
        self._cooldown, self._slots, self._worker = cooldown, slots, worker
        self._rests_from, self._empty_after = rests_from, empty_after
        self._news = asyncio.Event()
        self._ends = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Raises what makes a worker fail for good."""
        self._idle.clear()
        self._cooldown.listen(self._news.set)
        slots = self._slots
        try:
            while not self._ends:
                closed = self._cooldown.closed  # one look for both: a pause may end between two
                if slots := self._wanted(closed, slots):
                    await self._work(Slots(slots))
                else:
                    await self._next_news(closed)
        finally:
            self._cooldown.ignore(self._news.set)
            self._idle.set()

    async def shutdown(self) -> None:
        """Ends when all steps have."""
        self._ends = True
        self._news.set()
        await self._idle.wait()

    def _wanted(self, closed: Closed | None, slots: int) -> int:
        """Where there are so many."""
        if closed is None:
            return self._slots
        if closed.left is None:
            return 0
        if slots:
            return 0 if closed.left > self._rests_from else slots
        return 0 if closed.left else 1

    async def _work(self, slots: Slots) -> None:
        async with asyncio.TaskGroup() as group:
            worker = self._worker(slots)
            group.create_task(worker.run())
            while not (self._ends or await self._may_end(slots)):
                await self._next_news(self._cooldown.closed)
            await worker.shutdown()

    async def _may_end(self, slots: Slots) -> bool:
        """Another number of slots is wanted. Waits until the worker asks for no task, or for long enough."""
        waited = idle = 0.0
        while self._wanted(self._cooldown.closed, slots.number) != slots.number:
            if self._ends or slots.all_taken or idle >= self._empty_after or waited >= ENDS_AFTER:
                return True
            ever = slots.ever
            await asyncio.sleep(LOOK_EVERY)
            waited += LOOK_EVERY
            idle = idle + LOOK_EVERY if ever == slots.ever else 0.0
        return False

    async def _next_news(self, closed: Closed | None) -> None:
        """Of the system, or the end of the pause that is left."""
        left = closed.left.total_seconds() if closed and closed.left else None
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._news.wait()
        self._news.clear()
