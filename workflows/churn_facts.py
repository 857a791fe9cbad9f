"""What ChartMogul's answers mean for a churn. Pure functions over what was read back."""

from datetime import datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from pydantic import BaseModel, ConfigDict

from models.chartmogul import Customer, CustomerMovement, Note, Subscription
from models.events import MovementType, MrrMovement, to_the_second
from models.money import MOST_CENTS, Money

NOT_GIVEN = "not given"
NOTES_UNREAD = "not given; the notes could not be read"
DAYS_PER_MONTH = 365.25 / 12
_BACK = (MovementType.REACTIVATION, MovementType.NEW_BUSINESS)


class ChurnFacts(BaseModel):
    """One customer as ChartMogul shows them now."""

    model_config = ConfigDict(frozen=True)

    event: MrrMovement
    customer: Customer
    subscriptions: list[Subscription] = []
    movements: list[CustomerMovement] = []
    note: Note | None = None
    notes_read: bool = True

    @property
    def subscription(self) -> Subscription | None:
        wanted = self.event.subscription_external_id
        return next((each for each in self.subscriptions if each.external_id == wanted), None)

    @property
    def still_paying(self) -> bool:
        """The customer has MRR and the cancelled subscription (any, where it is unknown) is alive."""
        cancelled = [self.subscription] if self.subscription else self.subscriptions
        return self.customer.mrr > 0 and any(each.alive for each in cancelled)

    @property
    def reactivated(self) -> bool:
        """The customer came back after the event and pays."""
        came_back = any(
            each.type in _BACK and to_the_second(each.date) > self.event.occurred_at
            for each in self.movements
        )
        return came_back and self.customer.mrr > 0

    @property
    def announced(self) -> bool:
        """ChartMogul's list of this customer's movements has a churn of the event's second."""
        return any(
            each.type == MovementType.CHURN and to_the_second(each.date) == self.event.occurred_at
            for each in self.movements
        )

    @property
    def stayed(self) -> bool:
        """Of a cancellation that lay ahead: it was withdrawn, not put off, and they pay as before."""
        put_off = any(
            each.type == MovementType.CHURN and to_the_second(each.date) > self.event.occurred_at
            for each in self.movements
        )
        return self.still_paying and not self.announced and not put_off

    @property
    def current_mrr(self) -> Money:
        return Money(cents=self.customer.mrr, currency=self.event.amount.currency)

    @property
    def plan(self) -> str:
        return self.subscription.plan if self.subscription else ""

    @property
    def tenure(self) -> str:
        """`1 year 2 months`; empty where ChartMogul names no start."""
        since = self.customer.customer_since
        if since is None or since > self.event.occurred_at:
            return ""
        span = relativedelta(self.event.occurred_at, since)
        parts = [_count(span.years, "year"), _count(span.months, "month")]
        return " ".join(filter(None, parts)) or _count(span.days, "day") or "less than a day"

    @property
    def lifetime_value(self) -> Money:
        """MRR times the months it ran, up to the event: ChartMogul's API names no value of one customer."""
        until = self.event.occurred_at
        rows = reversed(self.movements)  # newest first: of two in one second the later row came first
        history = sorted((each for each in rows if each.date <= until), key=_when)
        ends = [each.date for each in history[1:]] + [until]
        cents = sum(each.mrr * _months(each.date, end) for each, end in zip(history, ends, strict=True))
        return Money(cents=min(round(cents), MOST_CENTS), currency=self.event.amount.currency)

    def reason(self, attributes: list[str]) -> str:
        """The first of the custom attributes that says something, else the latest note."""
        said: list[Any] = [self.customer.attributes.custom.get(name) for name in attributes]
        said.append(self.note.text if self.note else None)
        texts = (str(each).strip() for each in said if each is not None)
        return next((text for text in texts if text), NOT_GIVEN if self.notes_read else NOTES_UNREAD)


def _when(movement: CustomerMovement) -> datetime:
    return movement.date


def _months(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 86400 / DAYS_PER_MONTH


def _count(number: int, unit: str) -> str:
    if number == 0:
        return ""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
