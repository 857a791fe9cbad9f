"""Metrics by date."""

from datetime import date
from typing import Any

from models.base import Record
from models.metrics import Interval, Unit
from models.reads.answer import AccountAnswer

Number = int | float | None


class MetricSummary(Record):
    current: Number = None
    previous: Number = None
    change_percent: Number = None


class SubscriptionMetrics(AccountAnswer):
    """A point is `{date, <metric>: number}`; `date` is its interval's last day. Of MRR alone there are its
    parts, too."""

    interval: Interval
    units: dict[str, Unit]
    points: list[dict[str, Any]]
    summary: dict[str, MetricSummary]
    last_is_partial: bool
    until: date
