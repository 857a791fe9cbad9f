"""What ChartMogul's answers mean for a churn. Pure functions over what was read back."""

import re
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

from dateutil.relativedelta import relativedelta

from models.base import Record
from models.chartmogul import Customer, CustomerMovement, Note, Subscription
from models.chartmogul_values import same_spelling
from models.event import to_the_second
from models.events import MovementType, MrrMovement
from models.money import MOST_CENTS, Money

NOT_GIVEN = "not given"
NOTES_UNREAD = "not given; the notes could not be read"
DAYS_PER_MONTH = 365.25 / 12
_CURRENCY = re.compile("[A-Z]{3}")
_BACK = (MovementType.REACTIVATION, MovementType.NEW_BUSINESS)
_LOSES = (MovementType.CHURN, MovementType.CONTRACTION)


class ChurnFacts(Record):
    """One customer as ChartMogul shows them now."""

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
        """The cancellation as ChartMogul's list of this customer's movements has it now. Who left by another
        subscription in that second has left, too."""
        return self._then(lambda each: each.type == MovementType.CHURN)

    @property
    def other_than_churn(self) -> CustomerMovement | None:
        """What the list has in the place of the cancellation, where that is so."""
        if self.churn:
            return None
        return self._then(self._is_of_the_subscription)

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
        """What this cancellation takes, as ChartMogul counts it now, and never what another one took: where
        the list does not tell which row is its own, it is what the event said."""
        own = self._own
        return self._money(abs(own.change or 0), own.currency) if own else abs(self.event.amount)

    @property
    def lost_together(self) -> Money:
        """By all that ended in its second: several subscriptions of a customer may end at once."""
        rows = [each for each in self.movements if self._is_of_the_second(each)]
        lost = self.lost
        if any(each.type in _BACK or self._currency(each.currency) != lost.currency for each in rows):
            return lost
        signs = (-1 if each.type in _LOSES else 1 for each in rows)
        cents = -sum(sign * abs(each.change or 0) for sign, each in zip(signs, rows, strict=True))
        return Money(cents=min(max(lost.cents, cents), MOST_CENTS), currency=lost.currency)

    @property
    def current_mrr(self) -> Money:
        return self._money(self.customer.mrr, self.customer.currency)

    @property
    def _own(self) -> CustomerMovement | None:
        """The event's row. Of several of its second and subscription the one of its type, then of its amount,
        then by its number among them. None where the list does not tell."""
        rows = [each for each in reversed(self.movements) if self._is_of_the_second(each) and each.change]
        rows = [each for each in rows if each.type in _LOSES]  # oldest first
        wanted = _spelling(self.event.subscription_external_id)
        own = [each for each in rows if _spelling(each.subscription_external_id) == wanted]
        is_numbered = bool(own)
        if not own:  # where one of both names no subscription, it may be any without
            own = [each for each in rows if not wanted or not each.subscription_external_id]
        own = [each for each in own if each.type == self.event.movement_type] or own
        if len(own) == 1:
            return own[0]
        if same := [each for each in own if abs(each.change or 0) == abs(self.event.amount.cents)]:
            return same[0]
        number = self.event.occurrence
        return own[number - 1] if is_numbered and number <= len(own) else None

    def _money(self, cents: int, currency: str | None) -> Money:
        return Money(cents=cents, currency=self._currency(currency))

    def _currency(self, said: str | None) -> str:
        """The event's where ChartMogul names none."""
        code = (said or "").strip().upper()
        return code if _CURRENCY.fullmatch(code) else self.event.amount.currency

    def _then(self, wanted: Callable[[CustomerMovement], bool]) -> CustomerMovement | None:
        """Of several in the event's second the one of its subscription."""
        rows = [each for each in self.movements if self._is_of_the_second(each) and wanted(each)]
        own = filter(self._is_of_the_subscription, rows)
        return next(iter([*own, *rows]), None)

    def _is_of_the_subscription(self, movement: CustomerMovement) -> bool:
        wanted = _spelling(self.event.subscription_external_id)
        return _spelling(movement.subscription_external_id) == wanted

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
    def lifetime_value(self) -> Money | None:
        """MRR times the months it ran, up to the event: ChartMogul's API names no value of one customer.
        None where its movements are in several currencies."""
        until = self.event.occurred_at
        rows = reversed(self.movements)  # newest first: of two in one second the later row came first
        history = sorted((each for each in rows if each.date <= until), key=_when)
        edges = pairwise([*(each.date for each in history), until])
        currencies = {self._currency(each.currency) for each in history} or {self.event.amount.currency}
        if len(currencies) > 1:
            return None
        cents = sum(each.mrr * _months(*edge) for each, edge in zip(history, edges, strict=True))
        return Money(cents=min(round(cents), MOST_CENTS), currency=currencies.pop())

    def reason(self, attributes: list[str]) -> str:
        """The first of the custom attributes that says something, else the latest note."""
        said: list[Any] = [self.customer.attributes.custom.get(name) for name in attributes]
        said.append(self.note.text if self.note else None)
        texts = (str(each).strip() for each in said if each is not None)
        return next((text for text in texts if text), NOT_GIVEN if self.notes_read else NOTES_UNREAD)


def _spelling(identifier: str | None) -> str:
    return same_spelling(identifier or "")


def _when(movement: CustomerMovement) -> datetime:
    return movement.date


def _months(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 86400 / DAYS_PER_MONTH


def _count(number: int, unit: str) -> str:
    if number == 0:
        return ""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
