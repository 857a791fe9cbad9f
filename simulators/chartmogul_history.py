"""What each customer did before we started: a function of seed and number, so nothing of it is held."""

from array import array
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, overload

from simulators.seed import FIRST_DAY, Seed, Terms

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
        self.steps = lru_cache(maxsize=4096)(self._steps)

    def keys(self) -> "PackedKeys":
        """Of all movements, in order."""
        made = (
            (step.at, part_id(number, index))
            for number in self._seed.numbers()
            for index, step in enumerate(self._steps(number))
        )
        return PackedKeys(made)

    def _steps(self, number: int) -> list[Step]:
        terms, count = self._seed.terms(number), self._seed.movements
        return _short_story(terms) if count is None else _long_story(terms, count)


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


def _long_story(terms: Terms, count: int) -> list[Step]:
    """So many movements, spread over the time there was; what is paid in the end stays the same."""
    seats = terms.plan.cents // 2
    kinds = _kinds(count, terms.cancelled)
    odd = kinds.count("expansion") > kinds.count("contraction")
    paid, subscription, steps = 0, 1, list[Step]()
    bought = terms.mrr - seats if odd else terms.mrr
    change = {"new_biz": bought, "reactivation": bought, "expansion": seats, "contraction": -seats}
    gap = (END - terms.since) // count
    for index, kind in enumerate(kinds):
        cents = change.get(kind, -paid)
        paid += cents
        subscription += kind == "reactivation"
        late = terms.digest[index % 32] * gap // 512 if index else 0
        steps.append(Step(terms.since + index * gap + late, kind, cents, paid, subscription))
    return steps


@lru_cache(maxsize=16)
def _kinds(count: int, cancelled: bool) -> tuple[str, ...]:
    whole, rest = divmod(count - 1 - cancelled, len(_CYCLE))
    return ("new_biz", *_CYCLE * whole, *_REST[:rest], *(["churn"] if cancelled else []))
