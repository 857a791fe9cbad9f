"""What ChartMogul knows of its customers' MRR movements, and what follows: status, MRR, subscriptions."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from simulators.chartmogul.catalog import Catalog
from simulators.chartmogul.customers import Customers
from simulators.chartmogul.history import Key, part_id
from simulators.chartmogul.movements import FIRST_LIVE, LiveMovements, MrrMovement, keys_between
from simulators.chartmogul.notes import Notes
from simulators.chartmogul.past import Past
from simulators.chartmogul.subscription_events import SubscriptionEvents
from simulators.kit.seed import Customer, Plan, Seed
from simulators.kit.shapes import ChartMogulRules, OddValue

SEEDED_TYPES = {"channel": "String", "seats": "Integer", "cancellation_reason": "String"}
_ISSUE = 1_000_000_000_000
"""By this much the numbers of a customer's movements grow when they are computed anew."""


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
class Ledger:
    """Questions take `known_by`: what was computed until then counts; without it, until now."""

    seed: Seed
    rules: ChartMogulRules = field(default_factory=ChartMogulRules)
    notes: Notes = field(default_factory=Notes)
    catalog: Catalog = field(default_factory=Catalog)
    custom: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Attributes set while we run, by number of customer; None is one that was taken away."""
    types: dict[str, str] = field(default_factory=lambda: dict(SEEDED_TYPES))
    """Of custom attributes, by key: that of their first use."""
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Fields of customers that were written while we run, by number."""
    events: SubscriptionEvents = field(default_factory=SubscriptionEvents)
    tagged: dict[int, dict[str, bool]] = field(default_factory=dict)
    """Tags given or taken away while we run, by number of customer."""
    odd: list[OddValue] = field(default_factory=list)
    """What rows say that ChartMogul does not document, and has sent."""
    payments: dict[int, bool] = field(default_factory=dict)
    """Whether the last payment failed, where it was changed while we run, by number of customer."""
    _live: LiveMovements = field(default_factory=LiveMovements)
    _reissued: int = 0
    _recalculated: Counter[int] = field(default_factory=Counter)
    _hidden: set[int] = field(default_factory=set)

    @cached_property
    def customers(self) -> Customers:
        return Customers(self.seed)

    @cached_property
    def past(self) -> Past:
        return Past(self.seed)

    @property
    def shown(self) -> datetime:
        """Until when the API knows what happened."""
        return now() - timedelta(seconds=self.rules.lag_seconds)

    def movements(self, customer: Customer, known_by: datetime | None = None) -> list[MrrMovement]:
        """All that is known, future ones included, oldest first."""
        known_by = known_by or now()
        live = [m for m in self._live.of(customer) if m.known_at <= known_by]
        old = [self._held(m) for part in self.customers.parts(customer) for m in self.past.of(part)]
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
        if at is None and self.is_as_seeded(customer):
            return self.past.history.steps_of(customer.terms)[-1].after
        return sum(subscription.mrr for subscription in self.subscriptions(customer, at, known_by))

    def running_mrr(self, customer: Customer, known_by: datetime | None = None) -> dict[int, int]:
        """By id of movement: what the customer pays after it."""
        known_by = known_by or now()
        if self.is_as_seeded(customer):
            steps = self.past.history.steps_of(customer.terms)
            return {part_id(customer.number, index): step.after for index, step in enumerate(steps)}
        kept = self._live.running(customer)
        if kept and kept.holds(known_by):
            return kept.after
        running = _running_mrr(self.movements(customer, known_by))
        if self._live.of(customer):
            self._live.keep_running(customer, running, known_by)
        return running

    def status(self, customer: Customer, at: datetime | None = None, known_by: datetime | None = None) -> str:
        if self.mrr(customer, at, known_by) == 0:
            return self._without_mrr(customer)
        at, known_by = at or now(), known_by or now()
        touched = any(m.date <= at and m.known_at <= known_by for m in self._live.of(customer))
        return "Past Due" if self.owes(customer) and not (touched and customer.past_due) else "Active"

    def _without_mrr(self, customer: Customer) -> str:
        if not self.customers.newcomers.has(customer.number) or self.movements(customer):
            return "Cancelled"
        return str(self.written(customer).get("status", "New Lead"))

    def written(self, customer: Customer) -> dict[str, Any]:
        """Its fields by ChartMogul's names, as far as they were written while we run."""
        return self.profiles.get(customer.number, {})

    def with_email(self, email: str) -> list[Customer]:
        """Whose it is now: as they were seeded, or as it was written since."""
        seeded = self.customers.find_email(email)
        found = [seeded] if seeded and "email" not in self.written(seeded) else []
        for number, fields in self.profiles.items():
            if email and str(fields.get("email") or "").casefold() == email.casefold():
                known = self.customers.find(self.customers.numbered(number).uuid)
                found += [known] if known else []
        return found

    def owes(self, customer: Customer) -> bool:
        """The last invoice is open, because its payment failed."""
        return self.payments.get(customer.number, customer.past_due)

    def between(self, start: Key, end: Key, *, newest_first: bool) -> Iterator[MrrMovement]:
        """Movements of all customers with start < key < end, as the API lists them."""
        shown = self.shown
        old, changed, live = (
            keys_between(keys, start, end, newest_first=newest_first)
            for keys in (self.past.keys, self.past.changed.keys, self._live.keys)
        )
        still_there = (key for key in old if not self.past.is_gone(key[1]))
        for _, id in heapq.merge(still_there, changed, live, reverse=newest_first):
            movement = self._movement(id)
            if movement.known_at <= shown and self._is_listed(movement):
                yield self._held(movement)

    def is_as_seeded(self, customer: Customer) -> bool:
        """All of that has come to pass before we started."""
        number = customer.number
        return not (
            self._live.of(customer)
            or number in self.past.touched()
            or number > self.seed.count
            or len(self.customers.parts(customer)) > 1
        )

    def touched(self) -> set[int]:
        """Numbers of customers of whom something is not as it was at the start."""
        return self._live.numbers() | self.past.touched() | self.customers.touched()

    def activity_id(self, movement: MrrMovement) -> int:
        """Higher after each recalculation: those lists are ordered by when a row was computed."""
        return movement.id + _ISSUE * (self._reissued + self._recalculated.get(movement.customer.number, 0))

    def activity_uuid(self, movement: MrrMovement) -> str:
        digest = hashlib.blake2b(b"%d" % self.activity_id(movement), digest_size=16).digest()
        h = digest.hex()
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def custom_attributes(self, customer: Customer) -> dict[str, Any]:
        attributes = customer.custom | self.custom.get(customer.number, {})
        return {key: value for key, value in attributes.items() if value is not None}

    def tags(self, customer: Customer) -> list[str]:
        merged = len(self.customers.parts(customer)) > 1
        given = dict.fromkeys([*customer.tags, *(["merged-customer"] if merged else [])], True)
        return [tag for tag, kept in (given | self.tagged.get(customer.number, {})).items() if kept]

    def _movement(self, id: int) -> MrrMovement:
        return self._live[id] if id >= FIRST_LIVE else self.past[id]

    def _is_listed(self, movement: MrrMovement) -> bool:
        return movement.id not in self._hidden and not self.customers.is_deleted(movement.customer)

    def _held(self, movement: MrrMovement) -> MrrMovement:
        """As one of the customer into which its own was merged."""
        holder = self.customers.holder(movement.customer)
        return movement if holder is movement.customer else replace(movement, customer=holder)


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
