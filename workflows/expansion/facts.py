"""What ChartMogul says of an expansion: how much more, on which plan, and what kind of change it was."""

from models.base import Record
from models.chartmogul import CustomerNow, Subscription
from models.chartmogul_values import same_spelling
from models.events import MrrMovement
from models.headlines import plan_from
from models.money import Money
from models.wording import short
from workflows.blocks.reading import is_listed, movement_of

LONGEST_NAME = 120
SWITCHED = "switched plan from "
"""How ChartMogul begins to say it: `switched plan from Basic to Pro`."""


class ExpansionFacts(Record):
    event: MrrMovement
    now: CustomerNow

    @property
    def name(self) -> str:
        return short(self.now.customer.label, LONGEST_NAME)

    @property
    def is_listed(self) -> bool:
        return is_listed(self.now, self.event)

    @property
    def more(self) -> Money:
        """MRR, as ChartMogul counts it now."""
        row = movement_of(self.now, self.event)
        if row is None or row.change is None:
            return abs(self.event.amount)
        return Money(cents=abs(row.change), currency=self.event.amount.currency)

    @property
    def before(self) -> Money | None:
        """MRR before it; None where ChartMogul's list does not tell."""
        row = movement_of(self.now, self.event)
        after = row.mrr if row else self.event.mrr_after
        if after is None:
            return None
        return Money(cents=max(0, after - self.more.cents), currency=self.more.currency)

    @property
    def mrr(self) -> Money:
        return Money(cents=self.now.customer.mrr, currency=self.more.currency)

    @property
    def percent(self) -> float | None:
        """Of the MRR before; None where there was none, or nobody knows."""
        before = self.before
        return 100 * self.more.cents / before.cents if before and before.cents else None

    @property
    def subscription(self) -> Subscription | None:
        wanted = same_spelling(self.event.subscription_external_id or "")
        named = (each for each in self.now.subscriptions if same_spelling(each.external_id or "") == wanted)
        return next(named, None) if wanted else None

    @property
    def plan(self) -> str:
        """That is paid now."""
        known = self.subscription.plan if self.subscription else ""
        switched = self._switched
        return short(known or (switched[1] if switched else plan_from(self.event.description)), LONGEST_NAME)

    @property
    def change(self) -> str:
        """`Basic → Pro`, `a further subscription: Extra seats`, `more of Team Monthly (12 now)`."""
        if switched := self._switched:
            return f"{short(switched[0], LONGEST_NAME)} → {short(self.plan or switched[1], LONGEST_NAME)}"
        plan = self.plan or "an unnamed plan"
        if self._is_first_of_its_subscription and self._has_others:
            return f"a further subscription: {plan}"
        seats = self.subscription.quantity if self.subscription else None
        return f"more of {plan}, {seats} now" if seats else f"more of {plan}"

    @property
    def _switched(self) -> tuple[str, str] | None:
        _, said, plans = self.event.description.strip().rpartition(SWITCHED)
        old, to, new = plans.partition(" to ")
        return (old.strip(), new.strip()) if said and to else None

    @property
    def _is_first_of_its_subscription(self) -> bool:
        wanted = same_spelling(self.event.subscription_external_id or "")
        own = [
            each
            for each in self.now.movements
            if same_spelling(each.subscription_external_id or "") == wanted
        ]
        return bool(wanted) and len(own) == 1

    @property
    def _has_others(self) -> bool:
        return len({each.subscription_external_id for each in self.now.movements}) > 1
