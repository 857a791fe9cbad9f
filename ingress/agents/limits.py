"""How much of something one may take in a stretch of time."""

import asyncio
from collections import OrderedDict, deque

MOST_PRINCIPALS = 10_000
"""Of an identity provider there may be any number: who was not seen for longest is forgotten."""


class Stretch:
    """No more than `calls` in any stretch of `seconds`: those come as fast as they like."""

    def __init__(self, calls: int, seconds: float) -> None:
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


class CallsPerMinute:
    """Of each principal, in this process."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[int, Stretch]] = OrderedDict()

    def take(self, principal: str, limit: int) -> float:
        """As Stretch.take. Another limit than the one before begins anew."""
        known = self._of.get(principal)
        if known is None or known[0] != limit:
            known = self._of[principal] = limit, Stretch(limit, 60)
        self._of.move_to_end(principal)
        if len(self._of) > MOST_PRINCIPALS:
            self._of.popitem(last=False)
        return known[1].take()
