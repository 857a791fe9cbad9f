"""Movements in columns, 21 bytes each: a million of them need no more memory than their customers' ids."""

from array import array
from collections.abc import Iterator, Sequence

KINDS = ("new_biz", "expansion", "contraction", "churn", "reactivation")
NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION, OTHER = range(6)
_NUMBERS = {name: number for number, name in enumerate(KINDS)}

MOST_CENTS = 10**15
"""What is more is no amount, and sums of it would not fit."""

Movement = tuple[int, int, int, int]
"""Number of the customer, second, kind, cents."""


class Movements:
    """In the order in which they were read; those of one second keep it."""

    def __init__(self) -> None:
        self._customers: dict[str, int] = {}
        self._who, self._at = array("i"), array("q")
        self._kind, self._cents = array("b"), array("q")
        self.unreadable = 0

    def __len__(self) -> int:
        return len(self._at)

    @property
    def customers(self) -> int:
        return len(self._customers)

    def extend(self, rows: Sequence[tuple[str, int, str, int]]) -> None:
        """Customer, second since 1970, type as ChartMogul says it, change of MRR in cents."""
        fit = [row for row in rows if -MOST_CENTS < row[3] < MOST_CENTS]
        self.unreadable += len(rows) - len(fit)
        if not fit:
            return
        customers, seconds, names, cents = zip(*fit, strict=True)
        numbers = self._customers
        self._who.extend([numbers.setdefault(each, len(numbers)) for each in customers])
        self._at.extend(seconds)
        self._kind.extend([_NUMBERS.get(each, OTHER) for each in names])
        self._cents.extend(cents)

    def until(self, second: int) -> Iterator[Movement]:
        """Oldest first, up to and with that second."""
        order = sorted(range(len(self._at)), key=self._at.__getitem__)
        who, at, kind, cents = self._who, self._at, self._kind, self._cents
        for each in order:
            if at[each] > second:
                return
            yield who[each], at[each], kind[each], cents[each]

    def ahead_of(self, second: int) -> int:
        return sum(at > second for at in self._at)

    def with_new_business(self, second: int) -> bytearray:
        """1 for each customer who has New Business by then."""
        found = bytearray(self.customers)
        for who, at, kind in zip(self._who, self._at, self._kind, strict=True):
            if kind == NEW and at <= second:
                found[who] = 1
        return found
