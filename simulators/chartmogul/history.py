"""What each customer did before we started: a function of seed and number, so nothing of it is held."""

from array import array
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple, overload

from simulators.kit.seed import FIRST_DAY, Seed, Terms

Key = tuple[float, int]
"""Order of movements: instant, then id."""

DAY = 24 * 3600
GREW_AFTER, LEFT_AFTER = 60 * DAY, 150 * DAY
START = int(FIRST_DAY.timestamp())
END = START + 4 * 365 * DAY + LEFT_AFTER
"""No history goes on beyond this second."""

PARTS = 1000
"""A customer has fewer movements, and fewer invoices, than this."""

_CYCLE = ("expansion", "contraction", "churn", "reactivation")
_REST = ("expansion", "contraction", "expansion")
_ID_BITS = 30


class Step(NamedTuple):
    at: int
    type: str
    cents: int
    after: int
    """What the customer pays after it."""
    subscription: int
    """1, and one more each time that they return."""


class History:
    def __init__(self, seed: Seed) -> None:
        self._seed = seed

    def keys(self) -> "PackedKeys":
        """Of all movements, in order."""
        made = (
            (step.at, part_id(number, index))
            for number in self._seed.numbers()
            for index, step in enumerate(self.steps(number))
        )
        return PackedKeys(made)

    def steps(self, number: int) -> list[Step]:
        return self.steps_of(self._seed.terms(number))

    def steps_of(self, terms: Terms) -> list[Step]:
        count = self._seed.movements
        if count is None:
            return _short_story(terms)
        return [_long_step(terms, count, index) for index in range(count)]

    def step_of(self, terms: Terms, index: int) -> Step:
        count = self._seed.movements
        return _short_story(terms)[index] if count is None else _long_step(terms, count, index)


class PackedKeys(Sequence[Key]):
    """Sorted, eight bytes each."""

    def __init__(self, keys: Iterable[tuple[int, int]]) -> None:
        packed = array("q", (at - START << _ID_BITS | id for at, id in keys))
        self._packed = array("q", sorted(packed))

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> Key: ...
    @overload
    def __getitem__(self, index: slice) -> list[Key]: ...
    def __getitem__(self, index: int | slice) -> Key | list[Key]:
        if isinstance(index, slice):
            return [_unpacked(packed) for packed in self._packed[index]]
        return _unpacked(self._packed[index])


def part_id(number: int, index: int) -> int:
    return number * PARTS + index


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _unpacked(packed: int) -> Key:
    return (packed >> _ID_BITS) + START, packed & (1 << _ID_BITS) - 1


def _short_story(terms: Terms) -> list[Step]:
    """Bought, perhaps grew, perhaps left."""
    bought = terms.mrr - terms.plan.cents if terms.grew else terms.mrr
    steps = [Step(terms.since, "new_biz", bought, bought, 1)]
    if terms.grew:
        steps.append(Step(terms.since + GREW_AFTER, "expansion", terms.plan.cents, terms.mrr, 1))
    if terms.cancelled:
        steps.append(Step(terms.since + LEFT_AFTER, "churn", -terms.mrr, 0, 1))
    return steps


def _long_step(terms: Terms, count: int, index: int) -> Step:
    """One of so many, spread over the time there was; what is paid in the end is what it always is."""
    kinds, subscriptions, odd = _plot(count, terms.cancelled)
    seats = terms.plan.cents // 2
    bought = terms.mrr - seats if odd else terms.mrr
    paid = {"churn": 0, "expansion": bought + seats}
    after = paid.get(kinds[index], bought)
    before = paid.get(kinds[index - 1], bought) if index else 0
    gap = (END - terms.since) // count
    late = terms.digest[index % 32] * gap // 512 if index else 0
    at = terms.since + index * gap + late
    return Step(at, kinds[index], after - before, after, subscriptions[index])


@lru_cache(maxsize=16)
def _plot(count: int, cancelled: bool) -> tuple[tuple[str, ...], tuple[int, ...], bool]:
    """The movements' types, their subscriptions' numbers, and whether more is paid in the end than first."""
    whole, rest = divmod(count - 1 - cancelled, len(_CYCLE))
    kinds = ("new_biz", *_CYCLE * whole, *_REST[:rest], *(["churn"] if cancelled else []))
    returns = accumulate((kind == "reactivation" for kind in kinds), initial=0)
    return kinds, tuple(1 + number for number in returns)[1:], rest in (1, 3)
