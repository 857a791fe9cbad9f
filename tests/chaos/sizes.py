"""How large each scenario is: short in `make test`, in full by `make test-fire`."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Kills:
    """Cancellations come evenly over that many seconds, and meanwhile one process is killed every so many;
    or until each was killed so often."""

    movements: int
    over_seconds: float
    kill_every_seconds: float
    rounds: int | None = None


@dataclass(frozen=True)
class Repeats:
    """Deliveries of one movement, by the way they take."""

    webhooks: int
    polls: int
    backfills: int
    at_once: int = 64


@dataclass(frozen=True)
class Orders:
    """Every so manyth of the 120 orders."""

    step: int


@dataclass(frozen=True)
class Losses:
    """In each of two seconds that many cancellations and expansions: more than ChartMogul's page of 200."""

    churns: int
    expansions: int
    late_seconds: float


@dataclass(frozen=True)
class Absence:
    """How long a system is away, and how many cancellations come meanwhile."""

    seconds: float
    movements: int


@dataclass(frozen=True)
class Day:
    """How many events come evenly over that many seconds, and how long a system is away amid them."""

    events: int
    over_seconds: float
    away_seconds: float
    limit_seconds: float


@dataclass(frozen=True)
class Sizes:
    kills: Kills
    repeats: Repeats
    orders: Orders
    losses: Losses
    temporal_away: Absence
    slack_away: Absence
    day: Day
    limit_seconds: float
    """For one scenario."""


SHORT = Sizes(
    kills=Kills(movements=40, over_seconds=8, kill_every_seconds=3, rounds=1),
    repeats=Repeats(webhooks=192, polls=4, backfills=4),
    orders=Orders(step=6),
    losses=Losses(churns=15, expansions=190, late_seconds=2),
    temporal_away=Absence(seconds=4, movements=8),
    slack_away=Absence(seconds=6, movements=5),
    day=Day(events=40, over_seconds=8, away_seconds=4, limit_seconds=300),
    limit_seconds=150,
)
FULL = Sizes(
    kills=Kills(movements=1000, over_seconds=240, kill_every_seconds=10),
    repeats=Repeats(webhooks=9800, polls=100, backfills=100),
    orders=Orders(step=1),
    losses=Losses(churns=210, expansions=60, late_seconds=10),
    temporal_away=Absence(seconds=120, movements=50),
    slack_away=Absence(seconds=120, movements=30),
    day=Day(events=2000, over_seconds=480, away_seconds=120, limit_seconds=1800),
    limit_seconds=600,
)
SIZES = FULL if os.environ.get("FIRE") == "full" else SHORT
