"""Turns at an even distance, for calls that must not come faster than a vendor allows."""

import asyncio
from collections import deque

SLACK = 1.02
"""Calls are some milliseconds longer on their way at one time than at another."""


class Pace:
    """Each caller of `turn` gets the next place of one timetable and sleeps until then. A turn that is
    taken late, in a busy process, does not put off those after it; yet no second sees more than its due."""

    def __init__(self, per_second: float) -> None:
        due = max(int(per_second), 1)
        self._distance = 1 / per_second
        self._span = due * self._distance * SLACK
        self._taken: deque[float] = deque([float("-inf")] * due, maxlen=due)
        self._next = 0.0

    async def turn(self) -> None:
        clock = asyncio.get_running_loop().time
        mine = max(self._next, clock())
        self._next = mine + self._distance
        await asyncio.sleep(mine - clock())
        while (wait := self._taken[0] + self._span - clock()) > 0:
            await asyncio.sleep(wait)
        self._taken.append(clock())

    def skip(self, turns: int) -> None:
        """Nobody gets these. Those that were given stay."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now) + turns * self._distance
