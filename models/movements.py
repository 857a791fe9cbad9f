"""Reading ChartMogul's own list of movements: what a sweep over it is asked, and what it found."""

from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from models.events import EventSource

LONGEST_ACT_WITHIN_DAYS = 30
"""Temporal keeps closed runs so long: of an older movement nobody could say whether it was acted on."""

LISTED = 50
"""How many movements a report names one by one."""

LONGEST_LISTED = 500
"""Letters of each."""


class Found(StrEnum):
    """What became of a movement for a template, as a sweep or a coverage report counts it."""

    STARTED = "started"
    WOULD_START = "would start"
    KNOWN = "known"
    FRESH = "fresh"
    """Younger than the head start that the webhook has."""
    WEBHOOK = "webhook"
    POLL = "poll"
    BACKFILL = "backfill"
    UNROUTED = "route filter"
    TOO_OLD = "too old"
    RESTATED = "revised"
    FUTURE = "future"
    UNACCOUNTED = "unaccounted"


SUPPRESSED = (Found.UNROUTED, Found.TOO_OLD, Found.RESTATED, Found.FUTURE, Found.FRESH)
ACTED = (Found.WEBHOOK, Found.POLL, Found.BACKFILL)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Tally(_Record):
    """Movements by what became of them and by type. `stuck` runs have acted on nothing for an hour."""

    counts: dict[Found, dict[str, int]] = {}
    rows: int = 0
    requests: int = 0
    unreadable: list[str] = []
    unaccounted: list[str] = []
    stuck: list[str] = []

    def of(self, *found: Found) -> int:
        return sum(sum(self.counts.get(each, {}).values()) for each in found)

    def __add__(self, other: Self) -> Self:
        merged = {
            each: dict(Counter(self.counts.get(each, {})) + Counter(other.counts.get(each, {})))
            for each in Found
            if each in self.counts or each in other.counts
        }
        return self.model_copy(
            update={
                "counts": merged,
                "rows": self.rows + other.rows,
                "requests": self.requests + other.requests,
                "unreadable": _listed(self.unreadable + other.unreadable),
                "unaccounted": _listed(self.unaccounted + other.unaccounted),
                "stuck": _listed(self.stuck + other.stuck),
            }
        )


def _listed(names: list[str]) -> list[str]:
    return list(dict.fromkeys(name[:LONGEST_LISTED] for name in names))[:LISTED]


class Sweep(_Record):
    """Read an account's movements from `start` up to, not including, `end`, and see to each."""

    account: str
    start: AwareDatetime
    end: AwareDatetime
    source: EventSource
    fresh_after: AwareDatetime | None = Field(
        default=None, description="Movements from then until now are left to the webhook, this time"
    )
    preview: bool = Field(default=False, description="Count what it would start")
    templates: list[str] = Field(default=[], description="Only for these; all where empty")
    act_within_days: float | None = Field(
        default=None, le=LONGEST_ACT_WITHIN_DAYS, description="In the place of the routes' own"
    )


class PollInput(_Record):
    """Every duration that a poll goes by. `ops_channel` hears of what a person must see."""

    account: str
    overlap: timedelta = timedelta(hours=1)
    look_back: timedelta = Field(
        default=timedelta(days=3), description="How far a first poll reads, and once an hour each"
    )
    look_back_every: timedelta = timedelta(hours=1)
    horizon: timedelta = Field(default=timedelta(days=400), description="How far ahead movements are seen")
    head_start: timedelta = Field(
        default=timedelta(seconds=60), description="For the webhook, before the poll takes a movement"
    )
    every: timedelta = Field(default=timedelta(minutes=5), description="A longer pause by far is a gap")
    ops_channel: str | None = None


class Notice(_Record):
    """What the ops channel is to hear, once for each key."""

    key: str
    text: str


class PollState(_Record):
    """A poll's result, and what the next one begins with."""

    complete_until: AwareDatetime = Field(description="Every movement before it has been seen to")
    looked_back_at: AwareDatetime
    tally: Tally = Tally()
    untold: list[Notice] = Field(default=[], description="Slack was away: the next poll tells them")


class BackfillInput(_Record):
    """`next` and `tally` are how far it has come: a long one continues as new."""

    account: str
    start: AwareDatetime
    end: AwareDatetime
    preview: bool = False
    templates: list[str] = []
    act_within_days: float | None = Field(default=None, le=LONGEST_ACT_WITHIN_DAYS)
    next: AwareDatetime | None = None
    tally: Tally = Tally()


class BackfillProgress(_Record):
    start: AwareDatetime
    end: AwareDatetime
    next: AwareDatetime
    tally: Tally
    preview: bool = False
    act_within_days: float | None = None

    @property
    def done(self) -> float:
        """Share of the time span, 0 to 1."""
        return (self.next - self.start) / (self.end - self.start)


class CoverageInput(_Record):
    """`start` and `end` are left out by the schedule: the last `days` before the time the run was due."""

    account: str
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    days: float = 3
    fresh: timedelta = Field(default=timedelta(minutes=15), description="Younger movements are not due yet")
    ops_channel: str | None = None


class CoverageReport(_Record):
    account: str
    start: AwareDatetime
    end: AwareDatetime
    tally: Tally

    @property
    def complete(self) -> bool:
        return not (self.tally.of(Found.UNACCOUNTED) or self.tally.unreadable)


def days_of(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The span cut at each 24 hours."""
    edges = [start]
    while edges[-1] + timedelta(days=1) < end:
        edges.append(edges[-1] + timedelta(days=1))
    return list(zip(edges, [*edges[1:], end], strict=True))
