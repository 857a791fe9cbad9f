"""MRR movements that are held: the ones that happen while we run, and changed ones of before, in order."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from simulators.chartmogul.history import Key
from simulators.kit.seed import Customer, Plan

FIRST_LIVE = 10_000_000_000
"""Ids from here on belong to movements that happened while we ran."""
ALWAYS, EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MrrMovement:
    id: int
    """Ours, for good. What the API shows as its id changes whenever ChartMogul computes it anew."""
    customer: Customer
    date: datetime
    type: str
    description: str
    cents: int
    subscription: str
    plan: Plan
    known_at: datetime
    paid_after: int | None = None
    """Of a past one: what the customer pays after it, as long as nothing of theirs has changed."""

    @property
    def key(self) -> Key:
        return (self.date.timestamp(), self.id)


@dataclass(frozen=True, slots=True)
class RunningMrr:
    """By id of movement: what the customer pays after it. So it is known from `since` to `until`."""

    after: dict[int, int]
    since: datetime
    until: datetime

    def holds(self, known_by: datetime) -> bool:
        return self.since <= known_by < self.until


class LiveMovements:
    """Sorted as they come, so that a window of them costs what it holds."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self._by_id: dict[int, MrrMovement] = {}
        self._of_customer: dict[int, list[MrrMovement]] = {}
        self._running: dict[int, RunningMrr] = {}
        self._ids = count(FIRST_LIVE)

    def __getitem__(self, id: int) -> MrrMovement:
        return self._by_id[id]

    def __contains__(self, id: int) -> bool:
        return id in self._by_id

    def numbers(self) -> set[int]:
        """Of customers that have any."""
        return {number for number, movements in self._of_customer.items() if movements}

    def next_id(self) -> int:
        return next(self._ids)

    def of(self, customer: Customer) -> Sequence[MrrMovement]:
        """In the order in which they were made."""
        return self._of_customer.get(customer.number, ())

    def running(self, customer: Customer) -> RunningMrr | None:
        """As it was kept; a change of the customer's movements drops it."""
        return self._running.get(customer.number)

    def keep_running(self, customer: Customer, after: dict[int, int], known_by: datetime) -> None:
        known = [movement.known_at for movement in self.of(customer)]
        since = max((at for at in known if at <= known_by), default=ALWAYS)
        until = min((at for at in known if at > known_by), default=EVER)
        self._running[customer.number] = RunningMrr(after, since, until)

    def drop_running(self, customer: Customer) -> None:
        self._running.pop(customer.number, None)

    def add(self, movement: MrrMovement) -> None:
        self.drop_running(movement.customer)
        insort(self.keys, movement.key)
        self._by_id[movement.id] = movement
        insort(self._of_customer.setdefault(movement.customer.number, []), movement, key=lambda m: m.id)

    def remove(self, movement: MrrMovement) -> None:
        self.drop_running(movement.customer)
        del self.keys[bisect_left(self.keys, movement.key)]
        del self._by_id[movement.id]
        self._of_customer[movement.customer.number].remove(movement)


def keys_between(keys: Sequence[Key], start: Key, end: Key, *, newest_first: bool) -> Iterator[Key]:
    """The sorted keys with start < key < end."""
    span = range(bisect_right(keys, start), bisect_left(keys, end))
    return map(keys.__getitem__, reversed(span) if newest_first else span)


def subscription_id(customer: Customer, number: int) -> str:
    return f"sub_{customer.number}" if number == 1 else f"sub_{customer.number}_{number}"


def of_whom(subscription: str) -> int:
    """Number of the customer who bought it."""
    return int(subscription.removeprefix("sub_").partition("_")[0])
