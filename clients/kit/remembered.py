"""What a vendor said a while ago, so that it is not asked at each event."""

import time
from collections import OrderedDict
from typing import Generic, TypeVar

REMEMBERED, REMEMBERED_SECONDS = 50_000, 3600.0

T = TypeVar("T")


class Remembered(Generic[T]):
    """For an hour, and no more than some thousand: what was not used for long goes first."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        until, _ = self._items.get(name, (0.0, None))
        return time.monotonic() < until

    def __getitem__(self, name: str) -> T:
        self._items.move_to_end(name)
        return self._items[name][1]

    def get(self, name: str) -> T | None:
        if name not in self:
            return None
        return self[name]

    def keep(self, name: str, item: T) -> None:
        self._items[name] = (time.monotonic() + REMEMBERED_SECONDS, item)
        self._items.move_to_end(name)
        if len(self._items) > REMEMBERED:
            self._items.popitem(last=False)

    def names(self) -> list[str]:
        return [name for name in list(self._items) if name in self]

    def forget(self, name: str) -> None:
        self._items.pop(name, None)
