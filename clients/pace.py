"""Turns at an even distance, for calls that must not come faster than a vendor allows."""

import asyncio


class Pace:
    """Each caller of `turn` gets the next place of one timetable and sleeps until then. A turn that is
    taken late, in a busy process, does not put off those after it; after a pause there is no burst."""

    def __init__(self, per_second: float) -> None:
        self._distance = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        mine = max(self._next, now)
        self._next = mine + self._distance
        await asyncio.sleep(mine - now)

    def hold(self, seconds: float) -> None:
        """No turn is given within that time; those given stay."""
        self._next = max(self._next, asyncio.get_running_loop().time() + seconds)
