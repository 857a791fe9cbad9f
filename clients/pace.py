"""Calls evenly spaced below a vendor's limit, for live events before bulk work."""

import asyncio
import heapq
from itertools import count


class Pace:
    """Gives turns, one after the other, at most so many `calls` in as many `seconds`; who is live takes
    the next, ahead of bulk work that waits. `margin`, a share of the calls, is left unused: they leave
    evenly and arrive less so, and the vendor counts arrivals."""

    def __init__(self, calls: float, seconds: float = 1, *, margin: float = 0.02) -> None:
        self._interval = seconds / (calls * (1 - margin))
        # Turns may follow at once where the event loop was late, as many as fit into the margin.
        self._catch_up = int(calls * margin) * self._interval
        self._next = 0.0
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, *, live: bool = False) -> None:
        """Return when the next call may begin."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (not live, next(self._numbers), turn))
        self._set_timer(loop)
        await turn

    def hold(self, seconds: float) -> None:
        """No turn is given within that time."""
        loop = asyncio.get_running_loop()
        self._next = max(self._next, loop.time() + seconds)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._set_timer(loop)

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
