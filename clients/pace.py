"""Calls evenly spaced below a vendor's limit, for live events before bulk work."""

import asyncio
import heapq
from itertools import count

MARGIN = 0.02
"""Of the limit is left unused: calls leave evenly and arrive less so, and the vendor counts arrivals."""


class Pace:
    """Gives turns, one after the other; who is live takes the next, ahead of bulk work that waits."""

    def __init__(self, calls: float, seconds: float) -> None:
        self._interval = seconds / (calls * (1 - MARGIN))
        # Turns may follow at once where the event loop was late, as many as fit into the margin.
        self._catch_up = int(calls * MARGIN) * self._interval
        self._next = 0.0
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, *, live: bool) -> None:
        """Return when the next call may begin."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (not live, next(self._numbers), turn))
        self._set_timer(loop)
        await turn

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None and self._waiting:
            self._timer = loop.call_at(self._next, self._give_turn, loop)

    def _give_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():  # else it was cancelled while it waited
                turn.set_result(None)
                self._next = max(self._next, loop.time() - self._catch_up) + self._interval
                break
        self._set_timer(loop)
