"""An event loop whose time passes only by waiting: hours of pauses in milliseconds, and never late."""

import asyncio
from collections.abc import Coroutine
from selectors import BaseSelector, DefaultSelector, SelectorKey
from typing import Any, TypeVar

T = TypeVar("T")


class _NoWaiting(BaseSelector):
    """Instead of waiting for a time-out it puts the clock forward."""

    def __init__(self) -> None:
        self._real, self.now = DefaultSelector(), 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will happen")
        self.now += max(0.0, timeout)
        return self._real.select(0)

    def register(self, fileobj: Any, events: int, data: Any = None) -> SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Any:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._waits = _NoWaiting()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.now

    def jam(self, seconds: float) -> None:
        """Time that passes while nothing is done, as in a busy process."""
        self._waits.now += seconds


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
