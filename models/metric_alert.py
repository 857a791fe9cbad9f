"""Watching a metric of ChartMogul's: the rule, its schedule, and what is known of the last look."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from models.base import Record
from models.effects import Write
from models.metrics import Interval, MetricName

AlertName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^(#?[a-z0-9_.-]{1,80}|[CG][A-Z0-9]{6,20})$")]
"""A channel of Slack by name or id: no person."""


class Threshold(Record):
    """Of the running interval's value. `kind` tells it from richer rules."""

    kind: Literal["threshold"] = "threshold"
    metric: MetricName
    condition: Literal["above", "below"]
    value: float = Field(description="Cents of money, percent of rates", allow_inf_nan=False)
    interval: Interval = "month"

    def holds(self, value: float) -> bool:
        return value > self.value if self.condition == "above" else value < self.value


class MetricAlert(Record):
    rule: Threshold
    channel: Channel
    every: Literal["hour", "day"] = "day"
    paused: bool = False
    time_zone: str = Field(default="UTC", description="Of the account")


class AlertWrite(Write):
    """Sides of the effect: the alert's fields, None of each where there is none."""

    account: str
    name: AlertName
    alert: MetricAlert | None = Field(default=None, description="None: it is taken away")


class AlertInput(Record):
    account: str
    name: AlertName
    alert: MetricAlert


class MetricRead(Record):
    account: str
    metric: MetricName
    interval: Interval
    time_zone: str = "UTC"


class MetricReading(Record):
    """`date` is the last day that it counts. None: ChartMogul has no value for it."""

    value: float | None
    date: date
    currency: str


class AlertState(Record):
    """A run's result, and what the next one begins with. `rule` tells whether it is of the same rule."""

    rule: Threshold
    holds: bool
    value: float | None = None
    crossed_at: AwareDatetime | None = None
    untold: bool = Field(default=False, description="Slack was away: the next run tells")
