"""ChartMogul's state: every customer's MRR movements, from which status, MRR and subscriptions follow."""

import hashlib
import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any
from uuid import UUID

from simulators.seed import GREW_AFTER, LEFT_AFTER, PLANS, Customer, Plan, Seed

Key = tuple[float, int]
"""Order of movements: instant, then id."""

_LIVE = 10_000_000_000
"""Ids from here on belong to movements that happened while we ran."""


class NotPossible(Exception):
    """The customer is in no state for that; the text says why."""


@dataclass(frozen=True, slots=True)
class MrrMovement:
    id: int
    customer: Customer
    date: datetime
    type: str
    description: str
    cents: int
    subscription: str
    plan: Plan
    known_at: datetime

    @property
    def key(self) -> Key:
        return (self.date.timestamp(), self.id)

    @property
    def uuid(self) -> str:
        return str(UUID(bytes=hashlib.blake2b(b"%d" % self.id, digest_size=16).digest(), version=4))


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    external_id: str
    plan: Plan
    quantity: int
    mrr: int
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Note:
    uuid: str
    type: str
    text: str
    author: str
    created_at: datetime


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Book:
    seed: Seed
    lag_seconds: float = 0.0
    """How far the API is behind: what happened is seen only after this."""
    live: list[MrrMovement] = field(default_factory=list)
    notes: dict[int, list[Note]] = field(default_factory=dict)
    custom: dict[int, dict[str, Any]] = field(default_factory=dict)
    _of_customer: dict[int, list[MrrMovement]] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: count(_LIVE))

    @property
    def lag(self) -> timedelta:
        return timedelta(seconds=self.lag_seconds)

    def movements(self, customer: Customer, lag: timedelta = timedelta(0)) -> list[MrrMovement]:
        """All that is known, future ones included, oldest first."""
        known = now() - lag
        live = [m for m in self._of_customer.get(customer.number, ()) if m.known_at <= known]
        return sorted([*seeded(customer), *live], key=lambda m: m.key)

    def subscriptions(
        self, customer: Customer, at: datetime | None = None, lag: timedelta = timedelta(0)
    ) -> list[SubscriptionState]:
        at = at or now()
        by_id: dict[str, list[MrrMovement]] = {}
        for movement in self.movements(customer, lag):
            if movement.date <= at:
                by_id.setdefault(movement.subscription, []).append(movement)
        return [_state(rows, customer.quantity) for rows in by_id.values()]

    def mrr(self, customer: Customer, at: datetime | None = None, lag: timedelta = timedelta(0)) -> int:
        return sum(subscription.mrr for subscription in self.subscriptions(customer, at, lag))

    def status(self, customer: Customer, mrr: int) -> str:
        if mrr == 0:
            return "Cancelled"
        untouched = customer.number not in self._of_customer
        return "Past Due" if customer.past_due and untouched else "Active"

    def between(self, start: Key, end: Key, *, newest_first: bool) -> Iterator[MrrMovement]:
        """Movements of all customers with start < key < end."""
        low, high = bisect_right(self._seeded_keys, start), bisect_left(self._seeded_keys, end)
        old = self._seeded_keys[low:high]
        known = now() - self.lag
        new = sorted(m.key for m in self.live if start < m.key < end and m.known_at <= known)
        if newest_first:
            old, new = old[::-1], new[::-1]
        for key in heapq.merge(old, new, reverse=newest_first):
            yield self._movement(key[1])

    def cancel(self, customer: Customer, at: datetime | None, reason: str | None) -> MrrMovement:
        subscription = self._alive(customer)
        if reason is not None:
            self.custom.setdefault(customer.number, {})["cancellation_reason"] = reason
        words = f"cancelled their {subscription.plan.name} plan"
        return self._add(
            customer, at, "churn", words, -subscription.mrr, subscription.external_id,
            subscription.plan,
        )  # fmt: skip

    def reactivate(self, customer: Customer, at: datetime | None, cents: int | None) -> MrrMovement:
        if self.mrr(customer):
            raise NotPossible("the customer is paying already")
        # ChartMogul shows a returning customer's subscription as a new one.
        number = len(self.subscriptions(customer)) + 1
        words = f"reactivated an old account with {customer.plan.name} plan"
        subscription = subscription_id(customer, number)
        return self._add(
            customer, at, "reactivation", words, cents or customer.mrr, subscription, customer.plan
        )

    def change(self, customer: Customer, at: datetime | None, cents: int | None, sign: int) -> MrrMovement:
        """Expansion (sign 1) or contraction (sign -1)."""
        subscription = self._alive(customer)
        change = cents or max(subscription.mrr // 4, 100)
        if sign < 0 and change >= subscription.mrr:
            raise NotPossible(f"a contraction must leave some of {subscription.mrr} cents")
        plan = PLANS[(PLANS.index(subscription.plan) + sign) % len(PLANS)]
        words = f"switched plan from {subscription.plan.name} to {plan.name}"
        kind = "expansion" if sign > 0 else "contraction"
        return self._add(customer, at, kind, words, sign * change, subscription.external_id, plan)

    def custom_attributes(self, customer: Customer) -> dict[str, Any]:
        return customer.custom | self.custom.get(customer.number, {})

    def notes_of(self, customer: Customer) -> list[Note]:
        """Newest first."""
        written = self.notes.get(customer.number, [])
        old = [_seeded_note(customer, customer.note)] if customer.note else []
        return sorted([*written, *old], key=lambda note: note.created_at, reverse=True)

    def _alive(self, customer: Customer) -> SubscriptionState:
        for subscription in self.subscriptions(customer):
            if subscription.mrr:
                return subscription
        raise NotPossible("the customer has no active subscription")

    def _add(
        self,
        customer: Customer,
        at: datetime | None,
        kind: str,
        words: str,
        cents: int,
        subscription: str,
        plan: Plan,
    ) -> MrrMovement:
        date = (at or now()).astimezone(UTC).replace(microsecond=0)
        movement = MrrMovement(next(self._ids), customer, date, kind, words, cents, subscription, plan, now())
        self.live.append(movement)
        self._of_customer.setdefault(customer.number, []).append(movement)
        return movement

    @cached_property
    def customer_order(self) -> list[tuple[float, int]]:
        """Day they became a customer, and number."""
        return sorted((self.seed.milestones(n)[0], n) for n in self.seed.numbers())

    @cached_property
    def _seeded_keys(self) -> list[Key]:
        return sorted(
            (instant, _seeded_id(number, index))
            for number in self.seed.numbers()
            for index, instant in enumerate(self.seed.milestones(number))
        )

    def _movement(self, id: int) -> MrrMovement:
        if id >= _LIVE:
            return self.live[id - _LIVE]
        number, index = divmod(id, 10)
        return seeded(self.seed.customer(number))[index]


def subscription_id(customer: Customer, number: int) -> str:
    return f"sub_{customer.number}" if number == 1 else f"sub_{customer.number}_{number}"


def seeded(customer: Customer) -> list[MrrMovement]:
    """A customer's history before we started: bought, perhaps grew, perhaps left."""
    plan, since = customer.plan, customer.since
    bought = customer.mrr - plan.cents if customer.grew else customer.mrr
    steps = [("new_biz", f"purchased the {plan.name} plan", since, bought)]
    if customer.grew:
        words = f"added seats to the {plan.name} plan"
        steps.append(("expansion", words, since + GREW_AFTER, plan.cents))
    if customer.cancelled:
        words = f"cancelled their {plan.name} plan"
        steps.append(("churn", words, since + LEFT_AFTER, -customer.mrr))
    return [_seeded_movement(customer, index, *step) for index, step in enumerate(steps)]


def _seeded_id(number: int, index: int) -> int:
    return number * 10 + index


def _seeded_movement(
    customer: Customer, index: int, kind: str, words: str, date: datetime, cents: int
) -> MrrMovement:
    id = _seeded_id(customer.number, index)
    subscription = subscription_id(customer, 1)
    return MrrMovement(id, customer, date, kind, words, cents, subscription, customer.plan, date)


def _seeded_note(customer: Customer, text: str) -> Note:
    # Within a month of the customer's first day, so that it is never in the future.
    day = customer.since + timedelta(days=customer.draw % 30)
    uuid = customer.uuid.replace("cus_", "note_", 1)
    return Note(uuid, "note", text, "Ana Roe (ana@mogulflow.example)", day)


def _state(rows: list[MrrMovement], quantity: int) -> SubscriptionState:
    last = rows[-1]
    mrr = sum(row.cents for row in rows)
    end = None if mrr else last.date
    return SubscriptionState(last.subscription, last.plan, quantity, mrr, rows[0].date, end)
