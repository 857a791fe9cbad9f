"""What ChartMogul's answers mean for a churn. Pure functions over what was read back."""

import re
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

from dateutil.relativedelta import relativedelta
from pydantic import BaseModel, ConfigDict

from models.chartmogul import Customer, CustomerMovement, Note, Subscription
from models.events import MovementType, MrrMovement, to_the_second
from models.money import MOST_CENTS, Money

NOT_GIVEN = "not given"
NOTES_UNREAD = "not given; the notes could not be read"
DAYS_PER_MONTH = 365.25 / 12
_CURRENCY = re.compile("[A-Z]{3}")
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
    unread: dict[str, str] = {}

    @property
    def subscription(self) -> Subscription | None:
        wanted = self.event.subscription_external_id
        return next((each for each in self.subscriptions if each.external_id == wanted), None)

    @property
    def pays(self) -> bool:
        return self.customer.mrr > 0

    @property
    def churn(self) -> CustomerMovement | None:
        """The cancellation as ChartMogul's list of this customer's movements has it now."""
        return self._then(lambda each: each.type == MovementType.CHURN)

    @property
    def other_than_churn(self) -> CustomerMovement | None:
        """What the list has in the place of the cancellation, where that is so."""
        if self.churn:
            return None
        return self._then(lambda each: each.subscription_external_id == self.event.subscription_external_id)

    @property
    def returned(self) -> bool:
        """They came back after the cancellation: also within its second, where the list has both."""
        return any(each.type in _BACK and self._comes_after(each) for each in self.movements)

    @property
    def churns(self) -> list[CustomerMovement]:
        """All of the event's second and later ones."""
        return [
            each for each in self.movements if each.type == MovementType.CHURN and not self._is_earlier(each)
        ]

    @property
    def lost(self) -> Money:
        """What the cancellation takes, as ChartMogul counts it now."""
        restated = self.churn.change if self.churn else None
        cents = abs(restated or self.event.amount.cents)
        return Money(cents=cents, currency=self.event.amount.currency)

    @property
    def current_mrr(self) -> Money:
        said, then = (self.customer.currency or "").strip().upper(), self.event.amount.currency
        return Money(cents=self.customer.mrr, currency=said if _CURRENCY.fullmatch(said) else then)

    def _then(self, wanted: Callable[[CustomerMovement], bool]) -> CustomerMovement | None:
        """Of several in the event's second the one of its subscription."""
        rows = [each for each in self.movements if self._is_of_the_second(each) and wanted(each)]
        own = [each for each in rows if each.subscription_external_id == self.event.subscription_external_id]
        return next(iter([*own, *rows]), None)

    def _comes_after(self, movement: CustomerMovement) -> bool:
        return self._is_later(movement) or (self.churn is not None and self._is_of_the_second(movement))

    def _is_later(self, movement: CustomerMovement) -> bool:
        return to_the_second(movement.date) > self.event.occurred_at

    def _is_earlier(self, movement: CustomerMovement) -> bool:
        return to_the_second(movement.date) < self.event.occurred_at

    def _is_of_the_second(self, movement: CustomerMovement) -> bool:
        return to_the_second(movement.date) == self.event.occurred_at

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
        edges = pairwise([*(each.date for each in history), until])
        cents = sum(each.mrr * _months(*edge) for each, edge in zip(history, edges, strict=True))
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
