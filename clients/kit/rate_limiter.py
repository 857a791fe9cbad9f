"""Calls evenly spaced below a vendor's limit, for live events before bulk work."""

import asyncio
import heapq
import math
from collections import deque
from enum import IntEnum
from itertools import count

MARGIN = 0.02
"""Part of the limit that is left unused, and of a small one a call, or a fifth: calls leave evenly and
arrive less so, and the vendor counts arrivals."""


LATE = 0.05
"""Part of the limit that may be made up for at once where calls left late: within the limit of a stretch."""

LARGEST_SHARE = 0.9
"""Of the limit, beyond which too little is left to others to be a margin."""


class Rank(IntEnum):
    """Who goes before whom."""

    LIVE = 0
    BULK = 1
    FILL = 2
    """Bulk work that takes what other bulk work leaves."""


class RateLimiter:
    """Lets calls go at an even interval, those of the lowest rank first, and in no stretch of `seconds` more
    than `calls`. Where these are a share `of` the limit, what others leave of it is margin enough: none is
    left unused, and a call that leaves late, in a busy process, does not put off those that wait behind it.
    State of one event loop: nothing here is called from threads."""

    def __init__(self, calls: float, seconds: float = 1.0, *, of: float | None = None) -> None:
        is_share = of is not None and calls <= of * LARGEST_SHARE
        margin = 0 if is_share else max(calls * MARGIN, min(1, calls / 5))
        self._interval = seconds / (calls - margin)
        self._spare = int(calls * MARGIN)
        """Calls that may go at once after a pause."""
        whole = max(int(calls), 1)
        self._late = whole if is_share else int(calls * LATE)
        """Calls that may go at once after the process was busy with other things."""
        self._stretch = seconds * whole / calls * (1 if is_share else 1 + MARGIN)
        self._gone: deque[float] = deque([-math.inf] * whole, maxlen=whole)
        self._next = 0.0
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, rank: Rank = Rank.BULK) -> None:
        """Return when the next call may begin."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._next = max(self._next, loop.time() - self._spare * self._interval)
        place: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (rank, next(self._numbers), place))
        self._set_timer(loop)
        await place

    def heed(self, left: int) -> None:
        """What the vendor says is left of the limit: other processes may use it as well, and calls that
        were held up on their way arrive in a heap."""
        if left < self._spare:
            self._pause(1 + self._spare - left)

    def skip(self, calls: int) -> None:
        """So many calls are left out, before those that wait."""
        self._pause(0)
        self._next += calls * self._interval

    def _pause(self, calls: int) -> None:
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now + calls * self._interval)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None and self._waiting:
            self._timer = loop.call_at(self._free_at(), self._let_go, loop)

    def _free_at(self) -> float:
        return max(self._next, self._gone[0] + self._stretch)

    def _let_go(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting and self._free_at() <= loop.time():
            place = heapq.heappop(self._waiting)[2]
            if not place.done():  # else it was cancelled while it waited
                place.set_result(None)
                self._gone.append(loop.time())
                self._next = max(self._next, loop.time() - self._late * self._interval) + self._interval
        self._set_timer(loop)
