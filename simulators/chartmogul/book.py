"""ChartMogul's state, and what happens to it: customers leave, return, grow, merge; history is restated."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from simulators.chartmogul.ledger import Ledger, SubscriptionState, now
from simulators.chartmogul.movements import EVER, FIRST_LIVE, MrrMovement, of_whom, subscription_id
from simulators.kit.seed import PLANS, Customer, Plan
from simulators.kit.shapes import Cancellation, Case, Movement, Restatement, Withdrawal


class NotPossible(Exception):
    """The customer is in no state for that; the text says why."""


@dataclass
class Book(Ledger):
    _last_chosen: dict[Case | None, int] = field(default_factory=dict)

    def cancel(self, customer: Customer, wish: Cancellation) -> MrrMovement:
        subscription = self._leaving(customer)
        if wish.reason is not None:
            self.custom.setdefault(customer.number, {})["cancellation_reason"] = wish.reason
        words = f"cancelled their {subscription.plan.name} plan"
        kind = "churn" if self._is_the_last(customer, subscription) else "contraction"
        return self._add(
            customer, wish, kind, words, -subscription.mrr, subscription.external_id,
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
        old, number = subscription.plan, PLANS.index(subscription.plan) + sign
        plan = (
            PLANS[number] if 0 <= number < len(PLANS) else old
        )  # beyond the last there are more seats of it
        seats = f"{'added seats to' if sign > 0 else 'removed seats from'} the {old.name} plan"
        words = seats if plan is old else f"switched plan from {old.name} to {plan.name}"
        kind = "expansion" if sign > 0 else "contraction"
        return self._add(customer, wish, kind, words, sign * change, subscription.external_id, plan)

    def subscribe(self, customer: Customer, wish: Movement) -> MrrMovement:
        """One more subscription beside what the customer has: an expansion, by ChartMogul's terms."""
        self._alive(customer)
        number = len(self.subscriptions(customer, known_by=EVER)) + 1
        words = f"purchased the {customer.plan.name} plan"
        subscription, cents = subscription_id(customer, number), wish.cents or customer.mrr
        return self._add(customer, wish, "expansion", words, cents, subscription, customer.plan)

    def pay(self, customer: Customer, *, failed: bool) -> None:
        """How the payment of the last invoice went. ChartMogul has neither movement nor webhook for it."""
        self._alive(customer)
        self.payments[customer.number] = failed

    def reissue(self) -> None:
        """Compute everything anew: same movements, other ids."""
        self._reissued += 1

    def restate(self, customer: Customer, wish: Restatement) -> MrrMovement:
        """What a recalculation makes of a movement. It gives the customer's movements new ids, too."""
        old = self._chosen(customer, wish)
        kind = wish.type or old.type
        size = wish.cents or abs(old.cents)
        cents = -size if kind in ("contraction", "churn") else size
        new = replace(old, type=kind, cents=cents, date=_second(wish.at or old.date))
        self._remove(old)
        (self._live if old.id >= FIRST_LIVE else self.past.changed).add(new)
        if wish.new_ids:
            self._recalculated[customer.number] += 1
        return self._held(new)

    def withdraw(self, customer: Customer, wish: Withdrawal) -> MrrMovement:
        movement = self._chosen(customer, wish)
        self._remove(movement)
        return movement

    def hide(self, customer: Customer, wish: Withdrawal) -> None:
        """The list of all movements leaves it out, until `show`; nothing else changes."""
        self._hidden.add(self._chosen(customer, wish).id)

    def show(self) -> None:
        self._hidden.clear()

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

    def unmerge(self, part: Customer) -> None:
        """What the customer did before the merge, and since, goes with it; tasks and notes stay."""
        into = self.customers.holder(part)
        if into is part:
            raise NotPossible("the customer was merged into no other")
        self.customers.unmerge(part)
        self._live.drop_running(into)
        for movement in list(self._live.of(into)):
            if of_whom(movement.subscription) == part.number:
                self._live.remove(movement)
                self._live.add(replace(movement, customer=part))
        issue = self._recalculated[into.number] + 1
        self._recalculated[into.number] = self._recalculated[part.number] = issue

    def next_payers(self, count: int, case: Case | None) -> list[Customer]:
        """Who can be cancelled, from where the last such choice ended."""
        here = self.customers.after(self._last_chosen.get(case, 0))
        found = list(islice((c for c in here if case in (None, c.case) and self._may_leave(c)), count))
        if len(found) < count:
            raise NotPossible(f"only {len(found)} customers can be cancelled")
        self._last_chosen[case] = found[-1].number
        return found

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

    def _is_the_last(self, customer: Customer, subscription: SubscriptionState) -> bool:
        """To ChartMogul a customer who keeps another one has not left, but pays less."""
        others = self.subscriptions(customer, known_by=EVER)
        return not any(each.mrr for each in others if each.external_id != subscription.external_id)

    def _may_leave(self, customer: Customer) -> bool:
        try:
            self._leaving(customer)
        except NotPossible:
            return False
        return True

    def _chosen(self, customer: Customer, wish: Restatement | Withdrawal) -> MrrMovement:
        """Of a past one: as one of the customer that had it then."""
        whole = wish.whole_history
        movements = self.movements(customer, EVER) if whole else self._live.of(customer)
        try:
            return self._movement(movements[wish.index].id)
        except IndexError:
            own = "" if whole else " of its own"
            raise NotPossible(f"the customer has no movement {wish.index}{own}") from None

    def _remove(self, movement: MrrMovement) -> None:
        if movement.id >= FIRST_LIVE:
            self._live.remove(movement)
        else:
            self.past.remove(movement)
            self._live.drop_running(self.customers.holder(movement.customer))

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


def _second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
