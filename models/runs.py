"""What every template's run comes to."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from models.base import Record
from models.effects import Effect


class Outcome(StrEnum):
    """One word, as a search attribute. `open` while the run works or waits to check back, `held` while a
    brake or a pause keeps it from beginning."""

    OPEN = "open"
    HELD = "held"
    UNVERIFIED = "unverified"
    ALREADY_SAVED = "already_saved"
    ACTED = "acted"
    SAVED = "saved"
    LOST = "lost"
    WITHDRAWN = "withdrawn"
    ALREADY_PAID = "already_paid"
    RECOVERED = "recovered"
    VOIDED = "voided"
    PREVIEWED = "previewed"
    PARTIAL = "partial"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    REPLAYED = "replayed"
    DISMISSED = "dismissed"
    EXPIRED = "expired"
    RELEASED = "released"
    DROPPED = "dropped"
    NEEDS_APPROVAL = "needs_approval"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    STALE = "stale"
    UNDONE = "undone"


class Problem(Record):
    """A step that failed for good, in words for the person who mends it."""

    step: str
    kind: str
    message: str


class RunResult(Record):
    outcome: Outcome
    effects: list[Effect] = []
    problems: list[Problem] = []
    restated: list[str] = Field(default=[], description="What ChartMogul said later of the movement")
    verdict: str = Field(default="", description="What became of the customer, in words; names nobody")
    fallbacks: list[str] = Field(default=[], description="What was done without, or in another way, and why")
    dropped: str | None = Field(default=None, description="Who dropped it while it was held, and why")
    facts: dict[str, str] = Field(
        default={}, description="What the run is explained by: what happened, customer, route, owner, reason"
    )
    names: dict[str, str] = Field(default={}, description="Names of people behind ids in the effects")
    more_problems: int = Field(default=0, description="Beyond those that are listed")
    more_fallbacks: int = Field(default=0, description="Beyond those that are listed")


class Rerun(Record):
    """A person has an event acted on anew, by another route. Kept as a memo of the run that does."""

    who: str
    why: str
    at: AwareDatetime
    instead_of: str = Field(description="Run id of the one before, which has the same workflow id")
    old_route: str = ""
    new_route: str = ""
