"""Runs that are held: by the brake of a route, or because a person has paused something.

A hold is a workflow of its own, `brake/{route}` or `pause/{scope}`: the record of since when, why, and
how it ended. While it is open, new runs that it concerns begin by waiting for its end.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import AwareDatetime, Field

from models.base import Record
from models.runs import Outcome

TEMPLATE = "hold"
"""Its workflow type, and what lists show as its template."""

LONGEST_PAUSE = timedelta(days=30)

EVERYTHING = "pause/all"

PAUSED = "Paused"
"""So begins what a run says that waits because of a pause."""


class Scope(Record):
    """What is paused: new runs of one template, all calls to one system, one account; else everything."""

    template: str | None = None
    system: str | None = None
    account: str | None = None

    @property
    def hold(self) -> str:
        """The hold's name, which is its workflow id."""
        for kind, value in self.model_dump(exclude_none=True).items():
            return f"pause/{kind}/{value}"
        return EVERYTHING

    @classmethod
    def of(cls, hold: str) -> Self:
        parts = hold.split("/", 2)
        return cls(**{parts[1]: parts[2]}) if len(parts) == 3 else cls()

    @property
    def words(self) -> str:
        named = self.model_dump(exclude_none=True)
        return " ".join(f"{kind} {value}" for kind, value in named.items()) or "everything"

    @property
    def options(self) -> str:
        """As the command takes them."""
        return "".join(f" --{kind} {value}" for kind, value in self.model_dump(exclude_none=True).items())

    @property
    def pauses_schedules(self) -> bool:
        return self.template is None and self.system is None


def brake_on(route: str) -> str:
    return f"brake/{route}"


def route_of(hold: str) -> str | None:
    """The route that a brake is on; None for a pause."""
    kind, _, route = hold.partition("/")
    return route if kind == "brake" else None


def title(name: str) -> str:
    """Nothing personal: a search attribute, too."""
    route = route_of(name)
    return f"Brake of route {route}" if route else f"Pause of {Scope.of(name).words}"


class Verdict(StrEnum):
    RELEASED = "released"
    DROPPED = "dropped"

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.value)


class Decision(Record):
    """How a hold ends, for the hold and for each run of it. `by` is who said so."""

    verdict: Verdict
    why: str = ""
    by: str = ""

    @property
    def words(self) -> str:
        said = f" by {self.by}" if self.by else ""
        return f"{self.verdict.value}{said}" + (f": {self.why}" if self.why else "")


class HoldOn(Record):
    """The hold is to be open, from now on again where it was about to end. A pause has an end."""

    why: str
    by: str = ""
    until: AwareDatetime | None = None

    def as_memo(self, decided_at: AwareDatetime | None = None) -> dict[str, Any]:
        """What lists of holds read."""
        return {"why": self.why, "by": self.by, "until": self.until, "decided_at": decided_at}


class HoldInput(Record):
    """Durations: a brake tells the ops channel after `tell_after`, when the first wave is in, and how many
    it holds after `update_every`, then less and less often. `stale` is how long a process may not have
    heard of the end and hold runs still, and how far the list of runs may lag. Held runs are let go at
    `per_second`, so that no system is flooded."""

    name: str
    open: HoldOn
    tell_after: timedelta = timedelta(seconds=10)
    update_every: timedelta = timedelta(minutes=15)
    patience: timedelta = Field(default=timedelta(seconds=30), description="For Slack, per message")
    stale: timedelta = timedelta(seconds=15)
    per_second: float = Field(default=10, gt=0)


class HoldResult(Record):
    outcome: Outcome
    why: str = ""
    by: str = ""
    runs: int = Field(description="How many were let go, or dropped")


class EndHeld(Record):
    """Tell each run that is held so, if it began no later than `begun_until`, oldest first."""

    name: str
    decision: Decision
    begun_until: AwareDatetime
    per_second: float


class HeldQuery(Record):
    name: str


class PausedQuery(Record):
    system: str


class HeldNow(Record):
    """`ops_channel` and `link` to the list are as the worker that looked has them set."""

    count: int
    ops_channel: str | None = None
    link: str = ""


class SchedulesOf(Record):
    """Schedules to pause, or to resume, for a pause: of one account, or of all."""

    hold: str
    why: str = ""
    account: str | None = None


class Holding(Record):
    """A hold as the list of runs has it. `ending` since its end was decided, while it tells the runs."""

    name: str
    run_id: str
    since: AwareDatetime
    why: str = ""
    by: str = ""
    until: AwareDatetime | None = None
    decided_at: AwareDatetime | None = None
    running: bool = True
    count: int = Field(default=0, description="Runs that it holds, where they were counted")

    @property
    def is_open(self) -> bool:
        return self.running and self.decided_at is None
