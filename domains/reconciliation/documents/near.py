"""Who is alone near whom: one customer, one amount, days that are close."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

DAYS = 3
MOST = 4
"""Candidates that are looked at: two are too many for a link."""


class Dated(NamedTuple):
    """`place` is its own in its list; `kind` is what has to agree."""

    place: int
    kind: tuple[str, bool]
    total: int
    day: date
    customers: tuple[str, ...]


_day = attrgetter("day")


class _Shelf:
    """By what has to agree, in the order of days."""

    def __init__(self, found: Sequence[Dated], *, with_total: bool) -> None:
        self._with_total = with_total
        self._of: dict[tuple[object, ...], list[Dated]] = defaultdict(list)
        for each in sorted(found, key=_day):
            for customer in each.customers:
                self._of[self._key(each, customer)].append(each)

    def _key(self, each: Dated, customer: str) -> tuple[object, ...]:
        return (each.kind, customer, each.total) if self._with_total else (each.kind, customer)

    def near(self, each: Dated) -> Iterator[Dated]:
        seen: set[int] = set()
        for customer in each.customers:
            kept = self._of.get(self._key(each, customer), [])
            low = bisect_left(kept, each.day - timedelta(days=DAYS), key=_day)
            high = bisect_right(kept, each.day + timedelta(days=DAYS), key=_day)
            for other in kept[low : min(high, low + 10 * MOST)]:
                if other.place not in seen:
                    seen.add(other.place)
                    yield other


class Near:
    def __init__(self, lefts: Sequence[Dated], rights: Sequence[Dated]) -> None:
        self._lefts, self._rights = lefts, rights
        self._left_shelf = _Shelf(lefts, with_total=True)
        self._right_shelf = _Shelf(rights, with_total=True)

    def alone(self) -> list[tuple[int, int]]:
        """Of which each has the other one only."""
        return [(left, right) for left, right, only in self._pairs() if only]

    def several(self) -> list[tuple[int, int]]:
        return [(left, right) for left, right, only in self._pairs() if not only]

    def _pairs(self) -> Iterator[tuple[int, int, bool]]:
        for left in self._lefts:
            found = list(islice(self._right_shelf.near(left), MOST))
            for right in found:
                back = list(islice(self._left_shelf.near(right), 2))
                yield left.place, right.place, len(found) == len(back) == 1

    def with_charges(self, share: int, most: int) -> Iterator[tuple[int, int]]:
        """Whose amounts differ by no more than a `share`-th of the larger, and by `most`."""
        shelf = _Shelf(self._rights, with_total=False)
        for left in self._lefts:
            close = (it for it in shelf.near(left) if _within(left.total, it.total, share, most))
            for right in islice(close, MOST):
                yield left.place, right.place


def _within(one: int, other: int, share: int, most: int) -> bool:
    apart = abs(one - other)
    return 0 < apart <= min(most, max(abs(one), abs(other)) // share)
