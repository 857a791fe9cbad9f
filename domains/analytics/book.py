"""What was counted, with whose it is, where it is from, and how it compares with ChartMogul's metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from domains.analytics.checks import Metrics, checked
from domains.analytics.count import Counted
from domains.analytics.movements import Movements
from models.analytics import Book


@dataclass(frozen=True)
class About:
    account: str
    source: Literal["warehouse", "chartmogul"]
    currency: str
    time_zone: str
    as_of: datetime


def book_of(about: About, movements: Movements, counted: Counted, theirs: Mapping[date, Metrics]) -> Book:
    return Book(
        account=about.account,
        source=about.source,
        currency=about.currency,
        time_zone=about.time_zone,
        as_of=about.as_of,
        movements=len(movements),
        unreadable=movements.unreadable,
        ahead=movements.ahead_of(int(about.as_of.timestamp())),
        returned=counted.returned,
        otherwise=counted.otherwise,
        months=counted.months,
        cohorts=counted.cohorts,
        checked=checked(counted.months, theirs),
    )
