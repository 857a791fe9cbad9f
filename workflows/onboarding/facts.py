"""What ChartMogul says of a new customer."""

from models.base import Record
from models.chartmogul import CustomerNow, Subscription
from models.events import MovementType, MrrMovement
from models.headlines import plan_from
from models.money import Money
from models.wording import short

LONGEST_NAME = 120


class NewCustomer(Record):
    event: MrrMovement
    now: CustomerNow

    @property
    def name(self) -> str:
        return short(self.now.customer.label, LONGEST_NAME)

    @property
    def mrr(self) -> Money:
        return Money(cents=self.now.customer.mrr, currency=self.event.amount.currency)

    @property
    def is_back(self) -> bool:
        return self.event.movement_type is MovementType.REACTIVATION

    @property
    def alive(self) -> list[Subscription]:
        return [each for each in self.now.subscriptions if each.alive]

    @property
    def plan(self) -> str:
        plans = dict.fromkeys(each.plan for each in self.alive if each.plan)
        return short(", ".join(plans) or plan_from(self.event.description) or "unknown", LONGEST_NAME)

    @property
    def seats(self) -> str:
        known = [each.quantity for each in self.alive if each.quantity is not None]
        return str(sum(known)) if known else "unknown"

    @property
    def cycle(self) -> str:
        """`month`, `3 months`."""
        said = dict.fromkeys(_cycle(each) for each in self.alive if each.cycle)
        return ", ".join(said) or "unknown"


def _cycle(subscription: Subscription) -> str:
    count = subscription.cycles or 1
    return subscription.cycle if count == 1 else f"{count} {subscription.cycle}s"
