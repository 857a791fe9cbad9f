"""How much of something one may have in a stretch of time."""

import asyncio
from collections import deque


class Stretch:
    """No more than `calls` in any stretch of `seconds`: those come as fast as they like. State of one event
    loop: nothing here is called from threads."""

    def __init__(self, calls: int, seconds: float = 1.0) -> None:
        self._taken: deque[float] = deque(maxlen=calls)
        self._calls, self._seconds = calls, seconds

    def take(self) -> float:
        """0 where it is taken, else after how many seconds one is free."""
        now = asyncio.get_running_loop().time()
        if len(self._taken) == self._calls and (wait := self._taken[0] + self._seconds - now) > 0:
            return wait
        self._taken.append(now)
        return 0

    async def wait(self) -> None:
        while (seconds := self.take()) > 0:
            await asyncio.sleep(seconds)
