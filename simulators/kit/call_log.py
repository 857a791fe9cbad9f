"""The calls of the vendors' APIs, from their arrival on: one that is never answered is in it, too."""

from collections.abc import Iterator
from itertools import count

from simulators.kit.shapes import Call

CALLS_KEPT = 50_000


class CallLog:
    def __init__(self) -> None:
        self._calls: dict[int, Call] = {}
        self._numbers = count()

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls.values())

    def __len__(self) -> int:
        return len(self._calls)

    def start(self, call: Call) -> int:
        number = next(self._numbers)
        self._calls[number] = call
        self._calls.pop(number - CALLS_KEPT, None)
        return number

    def finish(self, number: int, status: int | None, took_ms: float) -> None:
        if number in self._calls:
            outcome = {"status": status, "took_ms": took_ms}
            self._calls[number] = self._calls[number].model_copy(update=outcome)
