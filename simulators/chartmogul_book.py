"""ChartMogul's state: every customer's MRR movements, from which status, MRR and subscriptions follow."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any
from uuid import UUID

from simulators.chartmogul_customers import Customers
from simulators.chartmogul_movements import (
    EVER,
    FIRST_LIVE,
    Key,
    LiveMovements,
    MrrMovement,
    keys_between,
    seeded,
    seeded_id,
    subscription_id,
)
from simulators.chartmogul_notes import Notes
from simulators.seed import PLANS, Customer, Plan, Seed
from simulators.shapes import Cancellation, Case, ChartMogulRules, Movement, Restatement

_ISSUE = 1_000_000_000_000
"""By this much the numbers of a customer's movements grow when they are computed anew."""


class NotPossible(Exception):
    """The customer is in no state for that; the text says why."""


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    external_id: str
    plan: Plan
    quantity: int
    mrr: int
    start: datetime
    end: datetime | None


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Book:
    """Questions take `known_by`: what was computed until then counts; without it, until now."""

    seed: Seed
    rules: ChartMogulRules = field(default_factory=ChartMogulRules)
    notes: Notes = field(default_factory=Notes)
    custom: dict[int, dict[str, Any]] = field(default_factory=dict)
    _live: LiveMovements = field(default_factory=LiveMovements)
    _reissued: int = 0
    _recalculated: Counter[int] = field(default_factory=Counter)
    _last_chosen: dict[Case | None, int] = field(default_factory=dict)

    @cached_property
    def customers(self) -> Customers:
        return Customers(self.seed)

    @property
    def shown(self) -> datetime:
        """Until when the API knows what happened."""
        return now() - timedelta(seconds=self.rules.lag_seconds)

    def movements(self, customer: Customer, known_by: datetime | None = None) -> list[MrrMovement]:
        """All that is known, future ones included, oldest first."""
        known_by = known_by or now()
        live = [m for m in self._live.of(customer) if m.known_at <= known_by]
        old = [self._held(m) for part in self.customers.parts(customer) for m in seeded(part)]
        return sorted([*old, *live], key=lambda m: m.key)

    def subscriptions(
        self, customer: Customer, at: datetime | None = None, known_by: datetime | None = None
    ) -> list[SubscriptionState]:
        at = at or now()
        by_id: dict[str, list[MrrMovement]] = {}
        for movement in self.movements(customer, known_by):
            if movement.date <= at:
                by_id.setdefault(movement.subscription, []).append(movement)
        return [_state(rows, customer.quantity) for rows in by_id.values()]

    def mrr(self, customer: Customer, at: datetime | None = None, known_by: datetime | None = None) -> int:
        return sum(subscription.mrr for subscription in self.subscriptions(customer, at, known_by))

    def running_mrr(self, customer: Customer, known_by: datetime | None = None) -> dict[int, int]:
        """By id of movement: what the customer pays after it."""
        known_by = known_by or now()
        kept = self._live.running(customer)
        if kept and kept.holds(known_by):
            return kept.after
        running = _running_mrr(self.movements(customer, known_by))
        if self._live.of(customer):
            self._live.keep_running(customer, running, known_by)
        return running

    def status(self, customer: Customer, at: datetime | None = None, known_by: datetime | None = None) -> str:
        at, known_by = at or now(), known_by or now()
        if self.mrr(customer, at, known_by) == 0:
            return "Cancelled"
        touched = any(m.date <= at and m.known_at <= known_by for m in self._live.of(customer))
        return "Past Due" if customer.past_due and not touched else "Active"

    def between(self, start: Key, end: Key, *, newest_first: bool) -> Iterator[MrrMovement]:
        """Movements of all customers with start < key < end, as the API shows them."""
        shown = self.shown
        old = keys_between(self._seeded_keys, start, end, newest_first=newest_first)
        new = keys_between(self._live.keys, start, end, newest_first=newest_first)
        for _, id in heapq.merge(old, new, reverse=newest_first):
            movement = self._movement(id)
            if movement.known_at <= shown:
                yield movement

    def activity_id(self, movement: MrrMovement) -> int:
        """Higher after each recalculation: those lists are ordered by when a row was computed."""
        return movement.id + _ISSUE * (self._reissued + self._recalculated[movement.customer.number])

    def activity_uuid(self, movement: MrrMovement) -> str:
        digest = hashlib.blake2b(b"%d" % self.activity_id(movement), digest_size=16).digest()
        return str(UUID(bytes=digest, version=4))

    def cancel(self, customer: Customer, wish: Cancellation) -> MrrMovement:
        subscription = self._leaving(customer)
        if wish.reason is not None:
            self.custom.setdefault(customer.number, {})["cancellation_reason"] = wish.reason
        words = f"cancelled their {subscription.plan.name} plan"
        return self._add(
            customer, wish, "churn", words, -subscription.mrr, subscription.external_id,
            subscription.plan,
        )  # fmt: skip

    def reactivate(self, customer: Customer, wish: Movement) -> MrrMovement:
        if self.mrr(customer, known_by=EVER):
            raise NotPossible("the customer is paying already")
        # ChartMogul shows a returning customer's subscription as a new one.
        number = len(self.subscriptions(customer, known_by=EVER)) + 1
        words = f"reactivated an old account with {customer.plan.name} plan"
        subscription = subscription_id(customer, number)
        return self._add(
            customer, wish, "reactivation", words, wish.cents or customer.mrr, subscription, customer.plan
        )

    def change(self, customer: Customer, wish: Movement, sign: int) -> MrrMovement:
        """Expansion (sign 1) or contraction (sign -1)."""
        subscription = self._alive(customer)
        change = wish.cents or max(subscription.mrr // 4, 100)
        if sign < 0 and change >= subscription.mrr:
            raise NotPossible(f"a contraction must leave some of {subscription.mrr} cents")
        plan = PLANS[(PLANS.index(subscription.plan) + sign) % len(PLANS)]
        words = f"switched plan from {subscription.plan.name} to {plan.name}"
        kind = "expansion" if sign > 0 else "contraction"
        return self._add(customer, wish, kind, words, sign * change, subscription.external_id, plan)

    def reissue(self) -> None:
        """Compute everything anew: same movements, other ids."""
        self._reissued += 1

    def restate(self, customer: Customer, wish: Restatement) -> MrrMovement:
        """What a recalculation makes of a movement. It gives the customer's movements new ids, too."""
        old = self._live_movement(customer, wish.index)
        kind = wish.type or old.type
        size = wish.cents or abs(old.cents)
        cents = -size if kind in ("contraction", "churn") else size
        new = replace(old, type=kind, cents=cents, date=_second(wish.at or old.date))
        self._live.remove(old)
        self._live.add(new)
        self._recalculated[customer.number] += 1
        return new

    def withdraw(self, customer: Customer, index: int) -> MrrMovement:
        movement = self._live_movement(customer, index)
        self._live.remove(movement)
        return movement

    def merge(self, gone: Customer, into: Customer) -> None:
        if gone == into:
            raise NotPossible("a customer is not merged into itself")
        self.customers.merge(gone, into)
        self._live.drop_running(into)
        for movement in list(self._live.of(gone)):
            self._live.remove(movement)
            self._live.add(self._held(movement))
        issues = self._recalculated
        issues[into.number] = max(issues[gone.number], issues[into.number]) + 1

    def next_payers(self, count: int, case: Case | None) -> list[Customer]:
        """Who can be cancelled, from where the last such choice ended."""
        here = self.customers.after(self._last_chosen.get(case, 0))
        found = list(islice((c for c in here if case in (None, c.case) and self._may_leave(c)), count))
        if len(found) < count:
            raise NotPossible(f"only {len(found)} customers can be cancelled")
        self._last_chosen[case] = found[-1].number
        return found

    def custom_attributes(self, customer: Customer) -> dict[str, Any]:
        return customer.custom | self.custom.get(customer.number, {})

    def _alive(self, customer: Customer) -> SubscriptionState:
        for subscription in self.subscriptions(customer, known_by=EVER):
            if subscription.mrr:
                return subscription
        raise NotPossible("the customer has no active subscription")

    def _leaving(self, customer: Customer) -> SubscriptionState:
        subscription = self._alive(customer)
        for movement in self._live.of(customer):
            if movement.type == "churn" and movement.subscription == subscription.external_id:
                raise NotPossible(f"the cancellation is scheduled for {movement.date:%Y-%m-%d %H:%M:%S} UTC")
        return subscription

    def _may_leave(self, customer: Customer) -> bool:
        try:
            self._leaving(customer)
        except NotPossible:
            return False
        return True

    def _live_movement(self, customer: Customer, index: int) -> MrrMovement:
        try:
            return self._live.of(customer)[index]
        except IndexError:
            raise NotPossible(f"the customer has no movement {index} of its own") from None

    def _add(
        self,
        customer: Customer,
        wish: Cancellation | Movement,
        kind: str,
        words: str,
        cents: int,
        subscription: str,
        plan: Plan,
    ) -> MrrMovement:
        date = _second(wish.at or now())
        known_at = now() + timedelta(seconds=wish.known_after_seconds)
        id = self._live.next_id()
        movement = MrrMovement(id, customer, date, kind, words, cents, subscription, plan, known_at)
        self._live.add(movement)
        return movement

    @cached_property
    def _seeded_keys(self) -> list[Key]:
        return sorted(
            (instant, seeded_id(number, index))
            for number in self.seed.numbers()
            for index, instant in enumerate(self.seed.milestones(number))
        )

    def _movement(self, id: int) -> MrrMovement:
        if id >= FIRST_LIVE:
            return self._live[id]
        number, index = divmod(id, 10)
        return self._held(seeded(self.seed.customer(number))[index])

    def _held(self, movement: MrrMovement) -> MrrMovement:
        """As one of the customer into which its own was merged."""
        holder = self.customers.holder(movement.customer)
        return movement if holder is movement.customer else replace(movement, customer=holder)


def _second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)


def _running_mrr(movements: list[MrrMovement]) -> dict[int, int]:
    paid: dict[str, int] = {}
    ended: set[str] = set()
    running: dict[int, int] = {}
    for movement in movements:
        name = movement.subscription
        if movement.type == "churn":
            ended.add(name)
        paid[name] = 0 if name in ended else paid.get(name, 0) + movement.cents
        running[movement.id] = sum(paid.values())
    return running


def _state(rows: list[MrrMovement], quantity: int) -> SubscriptionState:
    """A subscription that was cancelled is over, whatever else its movements add up to."""
    last = rows[-1]
    end = next((row.date for row in rows if row.type == "churn"), None)
    mrr = 0 if end else sum(row.cents for row in rows)
    return SubscriptionState(last.subscription, last.plan, quantity, mrr, rows[0].date, end)
