"""A system's worker, which rests while the system is closed for long: what waits stays in its task queue.

There it costs no tries, and is taken as soon as the system may be called again. A shorter pause is waited for
within the steps: ending a worker loses the tasks that come just then, until their time limit."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from temporalio.worker import Worker

from clients.cooldown import Cooldown

RESTS_FROM = timedelta(seconds=10)
"""Of a pause that is left."""


class RestingWorker:
    """Has the shape of temporalio's `Worker`: `run` until `shutdown`. One connection takes one worker of a
    queue at a time, so the next begins when the one before has ended its steps."""

    def __init__(
        self, cooldown: Cooldown, worker: Callable[[], Worker], *, rests_from: timedelta = RESTS_FROM
    ) -> None:
        self._cooldown, self._worker, self._rests_from = cooldown, worker, rests_from
        self._news = asyncio.Event()
        self._ends = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Raises what makes a worker fail for good."""
        self._idle.clear()
        self._cooldown.listen(self._news.set)
        try:
            while not self._ends:
                await (self._rest() if self._is_closed_for_long() else self._work())
        finally:
            self._cooldown.ignore(self._news.set)
            self._idle.set()

    async def shutdown(self) -> None:
        """Ends when all steps have."""
        self._ends = True
        self._news.set()
        await self._idle.wait()

    async def _rest(self) -> None:
        """Until the system may be called, be it to probe."""
        while not self._ends and (closed := self._cooldown.closed) and closed.left != timedelta(0):
            await self._next_news(closed.left)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            worker = self._worker()
            group.create_task(worker.run())
            while not self._ends and not self._is_closed_for_long():
                await self._next_news(None)
            await worker.shutdown()

    async def _next_news(self, within: timedelta | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds() if within else None):
                await self._news.wait()
        self._news.clear()

    def _is_closed_for_long(self) -> bool:
        closed = self._cooldown.closed
        return closed is not None and (closed.left is None or closed.left > self._rests_from)
