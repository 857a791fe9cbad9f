"""How many calls ChartMogul takes in a second, and at once."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulators.kit.shapes import ChartMogulRules


class Limits:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: deque[float] = deque()
        self._open = 0

    @contextmanager
    def call(self, rules: ChartMogulRules) -> Iterator[int | None]:
        """The status with which the call is refused, if it is. Refused calls count, too."""
        self._open += 1
        try:
            if rules.connections and self._open > rules.connections:
                yield 503
            elif rules.requests_per_second and self._in_a_second() > rules.requests_per_second:
                yield 429
            else:
                yield None
        finally:
            self._open -= 1

    def _in_a_second(self) -> int:
        now = self._clock()
        self._begun.append(now)
        while self._begun[0] <= now - 1:
            self._begun.popleft()
        return len(self._begun)
