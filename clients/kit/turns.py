"""Calls evenly spaced below a vendor's limit, for live events before bulk work."""

import asyncio
import heapq
from enum import IntEnum
from itertools import count

MARGIN = 0.02
"""Part of the limit that is left unused, and of a small one a call, or a fifth: calls leave evenly and
arrive less so, and the vendor counts arrivals."""


class Rank(IntEnum):
    """Who goes before whom."""

    LIVE = 0
    BULK = 1
    FILL = 2
    """Bulk work that takes what other bulk work leaves."""


class Turns:
    """Gives turns, one after the other, to the lowest rank that waits."""

    def __init__(self, calls: float, seconds: float) -> None:
        self._interval = seconds / (calls - max(calls * MARGIN, min(1, calls / 5)))
        self._spare = int(calls * MARGIN)
        self._next = 0.0
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, rank: Rank = Rank.BULK) -> None:
        """Return when the next call may begin."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (rank, next(self._numbers), turn))
        self._set_timer(loop)
        await turn

    def heed(self, left: int) -> None:
        """What the vendor says is left of the limit: other processes may use it as well, and calls that
        were held up on their way arrive in a heap."""
        if left < self._spare:
            pause = (1 + self._spare - left) * self._interval
            self._next = max(self._next, asyncio.get_running_loop().time() + pause)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None and self._waiting:
            self._timer = loop.call_at(self._next, self._give_turn, loop)

    def _give_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting and self._next <= loop.time():
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():  # else it was cancelled while it waited
                turn.set_result(None)
                # Turns may follow at once where the event loop was late, as many as are to spare.
                self._next = max(self._next, loop.time() - self._spare * self._interval) + self._interval
        self._set_timer(loop)
