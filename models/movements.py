"""Reading ChartMogul's own list of movements: what a scan of it is asked, and what it found."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field

from models.base import Record
from models.bounds import LONGEST_ACT_WITHIN_DAYS, within
from models.event import EventSource
from models.money import Money

LISTED = 50
"""How many movements a report names one by one."""

LONGEST_LISTED = 500
"""Bytes of each, and of each reason."""


LISTED_IN_FULL = 100
"""How many movements of each kind `coverage --list` names."""


class Found(StrEnum):
    """What became of a movement, as a scan or a coverage report counts it."""

    STARTED = "started"
    WOULD_START = "would start"
    KNOWN = "known"
    FRESH = "fresh"
    """Younger than the head start that the webhook has."""
    WEBHOOK = "webhook"
    POLL = "poll"
    BACKFILL = "backfill"
    BILLING = "billing"
    """Of a failed payment: the billing system told of it."""
    HELD = "held"
    """It has a run, which waits for the end of a brake or a pause."""
    DROPPED = "dropped"
    """A person dropped its run while it was held."""
    SHADOWED = "would act"
    """Its route is in preview: a run has read everything, and written nothing."""
    UNROUTED = "route filter"
    TOO_OLD = "too old"
    RESTATED = "revised"
    FUTURE = "future"
    UNACCOUNTED = "unaccounted"


PAYMENT = "failed_payment"
"""The type by which failed payments are counted; all others are of movements."""

ACTED = (Found.WEBHOOK, Found.POLL, Found.BACKFILL, Found.BILLING)

WORST_FIRST = (
    Found.UNACCOUNTED, Found.TOO_OLD, Found.HELD, Found.DROPPED, Found.RESTATED, Found.FUTURE, Found.FRESH,
    Found.STARTED, Found.WOULD_START, Found.SHADOWED, Found.BACKFILL, Found.POLL, Found.WEBHOOK,
    Found.BILLING, Found.KNOWN, Found.UNROUTED,
)  # fmt: skip
"""A movement counts once. Of what became of it for several templates, the one that most needs a look: what
is not done comes before what is, what the webhook missed before what it brought. It counts as filtered only
where no template takes it."""

EXPLAINED = (
    Found.UNACCOUNTED, Found.TOO_OLD, Found.HELD, Found.DROPPED, Found.RESTATED, Found.FUTURE,
    Found.UNROUTED, Found.SHADOWED,
)  # fmt: skip
"""What `coverage --list` names, movement by movement, with the reason."""


def worst(found: Iterable[Found]) -> Found:
    return min(found, key=WORST_FIRST.index, default=Found.UNROUTED)


Counts = dict[Found, dict[str, int]]
"""Movements by what became of them and by type."""


class Named(Record):
    """One movement of a list, without its customer: `reason` is in words, the run is the one it has."""

    found: Found
    occurred_at: AwareDatetime
    movement_type: str
    amount: Money | None
    event_id: str
    reason: str
    workflow_id: str | None = None
    run_id: str | None = None


class Shadow(Record):
    """What the runs of one route in preview came to, by outcome, and what they would have written."""

    outcomes: dict[str, int] = {}
    effects: dict[str, int] = {}

    @property
    def runs(self) -> int:
        return sum(self.outcomes.values())

    def __add__(self, other: Self) -> Self:
        sums = {
            name: dict(Counter(getattr(self, name)) + Counter(getattr(other, name)))
            for name in ("outcomes", "effects")
        }
        return self.model_copy(update=sums)


class Tally(Record):
    """Movements and failed payments, each once, by what became of them. `rows` is what is listed,
    `by_template` what became of each for each template (reports of earlier versions have none, and count one
    once for each template). `stuck` runs have acted on nothing for an hour."""

    counts: Counts = {}
    by_template: dict[str, Counts] = {}
    rows: int = 0
    requests: int = 0
    unreadable_rows: int = 0
    unreadable: list[str] = Field(default=[], description="The first of them")
    gone: list[str] = Field(default=[], description="Lists that tell nothing of a part of the time")
    unasked: list[str] = Field(default=[], description="Lists that could not be asked, and why")
    unaccounted: list[str] = Field(default=[], description="The first of them")
    stuck: list[str] = []
    named: list[Named] = Field(default=[], description="Where a list was asked for")
    shadows: dict[str, Shadow] = Field(default={}, description="By route")

    def of(self, *found: Found) -> int:
        return _sum(self.counts, *found)

    def payments(self, *found: Found) -> int:
        return sum(self.counts.get(each, {}).get(PAYMENT, 0) for each in found)

    def movements(self, *found: Found) -> int:
        return self.of(*found) - self.payments(*found)

    def runs(self, *found: Found) -> int:
        """A movement counts once for each template."""
        if not self.by_template:
            return self.of(*found)
        return sum(_sum(counts, *found) for counts in self.by_template.values())

    @property
    def unread(self) -> int:
        return max(self.unreadable_rows, len(self.unreadable))

    def __add__(self, other: Self) -> Self:
        return self.model_copy(
            update={
                "counts": _added(self.counts, other.counts),
                "by_template": {
                    name: _added(self.by_template.get(name, {}), other.by_template.get(name, {}))
                    for name in self.by_template | other.by_template
                },
                "rows": self.rows + other.rows,
                "requests": self.requests + other.requests,
                "unreadable_rows": self.unreadable_rows + other.unreadable_rows,
                "unreadable": _listed(self.unreadable + other.unreadable),
                "gone": _listed(self.gone + other.gone),
                "unasked": _listed(self.unasked + other.unasked),
                "unaccounted": _listed(self.unaccounted + other.unaccounted),
                "stuck": _listed(self.stuck + other.stuck),
                "named": first_named([*self.named, *other.named]),
                "shadows": {
                    route: self.shadows.get(route, Shadow()) + other.shadows.get(route, Shadow())
                    for route in self.shadows | other.shadows
                },
            }
        )


def _sum(counts: Counts, *found: Found) -> int:
    return sum(sum(counts.get(each, {}).values()) for each in found)


def _added(one: Counts, other: Counts) -> Counts:
    return {
        each: dict(Counter(one.get(each, {})) + Counter(other.get(each, {})))
        for each in Found
        if each in one or each in other
    }


def _listed(names: list[str]) -> list[str]:
    return list(dict.fromkeys(within(name, LONGEST_LISTED) for name in names))[:LISTED]


def first_named(named: Iterable[Named], most: Mapping[Found, int] | None = None) -> list[Named]:
    """So many of each kind, as there is room for."""
    left = dict.fromkeys(Found, LISTED_IN_FULL) | dict(most or {})
    chosen = []
    for each in named:
        left[each.found] -= 1
        if left[each.found] >= 0:
            chosen.append(each)
    return chosen


class Scan(Record):
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
    invoices: bool = Field(default=True, description="Of failed payments: look at ChartMogul's invoices, too")
    waits: timedelta | None = Field(
        default=None,
        description="Of failed payments: a list that is away for longer, or refuses, is named, and the others"
        " are read. None: it fails the scan",
    )
    naming: dict[Found, int] = Field(default={}, description="How many movements of a kind may be named")

    def chosen(self, templates: Iterable[str]) -> list[str]:
        return [each for each in templates if not self.templates or each in self.templates]


class PollInput(Record):
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
    payments: bool = Field(default=False, description="A route takes failed payments: they are polled, too")
    payments_wait: timedelta = Field(
        default=timedelta(minutes=5), description="For a list of them that is away: the others are read then"
    )


class Notice(Record):
    """What the ops channel is to hear, once for each key."""

    key: str
    text: str


class PollState(Record):
    """A poll's result, and what the next one begins with."""

    complete_until: AwareDatetime = Field(description="Every movement before it has been seen to")
    looked_back_at: AwareDatetime
    tally: Tally = Tally()
    untold: list[Notice] = Field(default=[], description="Slack was away: the next poll tells them")
    payments_until: AwareDatetime | None = Field(
        default=None, description="The same of failed payments, whose lists may be away for longer"
    )


class BackfillInput(Record):
    """`next` and `tally` are how far it has come: a long one continues as new."""

    account: str
    start: AwareDatetime
    end: AwareDatetime
    preview: bool = False
    templates: list[str] = []
    act_within_days: float | None = Field(default=None, le=LONGEST_ACT_WITHIN_DAYS)
    movements: bool = True
    payments: bool = Field(default=False, description="Failed payments, too, after the movements")
    payments_wait: timedelta = Field(
        default=timedelta(minutes=10), description="For a list of them that is away"
    )
    next: AwareDatetime | None = None
    tally: Tally = Tally()


class BackfillProgress(Record):
    start: AwareDatetime
    end: AwareDatetime
    next: AwareDatetime
    tally: Tally
    preview: bool = False
    act_within_days: float | None = None
    payments_left: bool = Field(default=False, description="Failed payments are still to be read")

    @property
    def done(self) -> float:
        """Share of the time span, 0 to 1."""
        return (self.next - self.start) / (self.end - self.start)


class CoverageInput(Record):
    """`start` and `end` are left out by the schedule: the last `days` before the time the run was due."""

    account: str
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    days: float = 3
    fresh: timedelta = Field(default=timedelta(minutes=15), description="Younger movements are not due yet")
    ops_channel: str | None = None
    lists: bool = Field(default=False, description="Name the movements that were not acted on, and why")
    payments: bool = Field(default=False, description="A route takes failed payments: they count, too")
    payments_wait: timedelta = Field(
        default=timedelta(minutes=2), description="For a list of them that is away: the rest is counted then"
    )


class CoverageReport(Record):
    account: str
    start: AwareDatetime
    end: AwareDatetime
    tally: Tally

    @property
    def complete(self) -> bool:
        return not (self.tally.of(Found.UNACCOUNTED) or self.tally.unread or self.tally.unasked)


def days_of(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The span cut at each 24 hours."""
    edges = [start]
    while edges[-1] + timedelta(days=1) < end:
        edges.append(edges[-1] + timedelta(days=1))
    return list(zip(edges, [*edges[1:], end], strict=True))
