"""What waits for a person: how it is listed, and what the watch over it is given and keeps."""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field

from models.base import Record
from models.holds import Holding

TERMINATED, RAN_OUT_OF_TIME, CANCELLED = "Terminated", "RanOutOfTime", "Cancelled"
"""Errors of runs that were ended from outside."""


class Kind(StrEnum):
    PARTIAL = "partial"
    FAILED = "failed"
    STUCK = "stuck"
    """Its code fails over and over; the server tells."""
    WAITING = "waiting"
    UNREADABLE = "unreadable"
    CANCELLED = "cancelled"
    """Somebody asked it to end, in the Web UI: what it was still to do is dropped."""


class Trouble(Record):
    """One run. `step` and `error` are of what failed first; of one that waits, `step` is the system."""

    kind: Kind
    workflow_id: str
    run_id: str
    workflow_type: str
    headline: str
    since: AwareDatetime
    step: str = ""
    error: str = ""
    message: str = ""
    scheduled: bool = False

    @property
    def key(self) -> str:
        return key_of(self.kind, self.run_id)

    @property
    def about(self) -> str:
        """What it has in common with others that one mend heals."""
        if self.kind is Kind.STUCK:
            return self.workflow_type
        return "" if self.kind is Kind.UNREADABLE else f"{self.step} {self.error}".strip()


class Waiting(Record):
    """Runs that wait for one system. `runs` has those that have for long, where they were asked for."""

    system: str
    count: int
    since: AwareDatetime
    message: str
    workflow_id: str
    run_id: str
    runs: list[Trouble] = []


class AttentionQuery(Record):
    known: list[str] = Field(default=[], description="Keys of what the asker knows of: listed, not told")
    look_back: timedelta = Field(default=timedelta(days=7), description="For runs that have ended")
    long_wait: timedelta | None = Field(default=None, description="List runs one by one that wait so long")


class Attention(Record):
    runs: list[Trouble] = []
    still: list[str] = Field(default=[], description="Those of the known that are listed still")
    waiting: list[Waiting] = []
    more: int = Field(default=0, description="Runs that wait for a person beyond those looked at")
    holds: list[Holding] = Field(default=[], description="Brakes and pauses, with what they hold")

    @property
    def troubles(self) -> list[Trouble]:
        """Oldest first."""
        waiting = [run for each in self.waiting for run in each.runs]
        return sorted([*self.runs, *waiting], key=lambda run: run.since)


class WatchInput(Record):
    """`grace`: how long runs may wait for a system before that is news. `quiet`: between two messages of
    one group; `update_every`: between two of one outage. `worth_telling`: how long an outage must have
    lasted to be told of afterwards, where it could not be told before. `patience`: for Slack, per message.
    """

    ops_channel: str | None = None
    web_ui_url: str = ""
    look_back: timedelta = timedelta(days=7)
    grace: timedelta = timedelta(minutes=2)
    quiet: timedelta = timedelta(hours=1)
    update_every: timedelta = timedelta(minutes=15)
    worth_telling: timedelta = timedelta(minutes=10)
    patience: timedelta = timedelta(seconds=30)
    most_members: int = Field(default=1500, description="Of a group: more than is listed of one kind")


class Group(Record):
    """Runs with one trouble. `members` are the keys of those that a message has told of, `more` how many
    it told of before them."""

    kind: Kind
    about: str
    members: list[str] = []
    more: int = 0
    told_at: AwareDatetime | None = None

    @property
    def count(self) -> int:
        return len(self.members) + self.more

    def with_members(self, members: list[str], most: int) -> Self:
        """The last of them, and how many there were before."""
        more = max(len(members) - most, 0)
        return self.model_copy(update={"members": members[more:], "more": self.more + more})


class Outage(Record):
    """Runs wait for a system: `count` now, `most` at once so far, `told` at the last message. `thread` is
    the Slack message that told of it first."""

    system: str
    since: AwareDatetime
    count: int
    most: int
    told: int = 0
    told_at: AwareDatetime | None = None
    thread: str | None = None
    over_at: AwareDatetime | None = None
    why: str = Field(default="", description="What the first of the runs says it waits for")


class WatchState(Record):
    """A sweep's result, and what the next one begins with."""

    groups: list[Group] = []
    outages: list[Outage] = []


def key_of(kind: Kind, run_id: str) -> str:
    return f"{kind}:{run_id}"


class Dismissal(Record):
    """A person has decided that nothing more is to be done about a run. It is kept as a run of its own,
    because one that has ended cannot be changed."""

    workflow_id: str
    run_id: str
    headline: str
    who: str
    why: str
    at: AwareDatetime
    keep_for: timedelta = Field(
        default=timedelta(0), description="For a run that goes on: beyond it this must be known"
    )
    link: str = ""
