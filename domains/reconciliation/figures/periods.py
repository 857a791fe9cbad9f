"""How many months a price is for, by intervals or by a line's dates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from models.reconciliation.rules import Factors

DAY = timedelta(days=1)
NEARLY = timedelta(hours=2)
"""Vendors end a period a second early, or an hour beside it where clocks change."""

KNOWN_WEEKS = {
    "52/12": Fraction(52, 12),
    "4.33": Fraction("4.33"),
    "30/7": Fraction(30, 7),
    "365/84": Fraction(365, 84),
    "4.345": Fraction("4.345"),
    "4": Fraction(4),
}
KNOWN_DAYS = {
    "365/12": Fraction(365, 12),
    "30": Fraction(30),
    "30.4": Fraction("30.4"),
    "30.44": Fraction("30.44"),
    "30.4167": Fraction("30.4167"),
}
"""Weeks and days in a month, as published by one vendor or another."""


class UnknownInterval(ValueError):
    """A price of an interval that nobody knows is never taken as a month's."""


class Weights(NamedTuple):
    """Prices of a week and of a day in a month: × 52/12."""

    week: Fraction
    day: Fraction


@dataclass(frozen=True)
class Span:
    """How long a price is for."""

    interval: str
    count: int

    def per_month(self, weights: Weights) -> Fraction:
        """By what a price is multiplied to be a month's."""
        if self.count < 1:
            raise UnknownInterval(f"{self.count} {self.interval}")
        ratios: dict[str, Callable[[], Fraction]] = {
            "day": lambda: weights.day,
            "week": lambda: weights.week,
            "month": lambda: Fraction(1),
            "year": lambda: Fraction(1, 12),
        }
        if self.interval not in ratios:
            raise UnknownInterval(self.interval)
        return ratios[self.interval]() / self.count

    def before(self, end: datetime, zone: tzinfo) -> datetime:
        """Where a whole period that ends then begins, by the calendar of the zone."""
        return _moved(end, zone, self, -1)

    def after(self, start: datetime, zone: tzinfo) -> datetime:
        return _moved(start, zone, self, 1)


def weights_of(factors: Factors) -> Weights:
    """The defaults are quotients that a decimal number cannot hold: they are meant exactly."""
    usual = Factors()
    return Weights(
        Fraction(52, 12) if factors.week == usual.week else Fraction(factors.week),
        Fraction(365, 12) if factors.day == usual.day else Fraction(factors.day),
    )


@lru_cache(4096)
def span_of(start: datetime, end: datetime, zone: tzinfo) -> Span | None:
    """Whole years, months, weeks or a day, by the calendar; None for what is none of these."""
    days = round((end - start) / DAY)
    months = round(Fraction(days * 12, 365)) if days >= 28 else 0
    if months and _is(Span("month", months), start, end, zone):
        return Span("month", months)
    if days > 0 and days % 7 == 0 and days <= 28 * 3:
        return Span("week", days // 7)
    return Span("day", 1) if days == 1 else None


def _is(span: Span, start: datetime, end: datetime, zone: tzinfo) -> bool:
    """Counted from either side, by local days or UTC's: a period that ends on the 31st may begin on the last
    of February, and where it is the 30th here it may be the 31st there."""
    ends = [span.after(start, each) - end for each in (zone, UTC)]
    starts = [span.before(end, each) - start for each in (zone, UTC)]
    return any(abs(each) <= NEARLY for each in ends + starts)


@lru_cache(4096)
def _moved(instant: datetime, zone: tzinfo, span: Span, sign: int) -> datetime:
    step = relativedelta(
        days=sign * span.count * {"day": 1, "week": 7}.get(span.interval, 0),
        months=sign * span.count * {"month": 1, "year": 12}.get(span.interval, 0),
    )
    moved: datetime = instant.astimezone(zone) + step
    return moved.astimezone(UTC)
