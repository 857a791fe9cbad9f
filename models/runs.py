"""What every template's run comes to."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

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
    PREVIEWED = "previewed"
    PARTIAL = "partial"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    REPLAYED = "replayed"
    DISMISSED = "dismissed"
    EXPIRED = "expired"
    RELEASED = "released"
    DROPPED = "dropped"


class Problem(BaseModel):
    """A step that failed for good, in words for the person who mends it."""

    model_config = ConfigDict(frozen=True)

    step: str
    kind: str
    message: str


class RunResult(BaseModel):
    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    effects: list[Effect] = []
    problems: list[Problem] = []
    restated: list[str] = Field(default=[], description="What ChartMogul said later of the movement")
    verdict: str = Field(default="", description="What became of the customer, in words; names nobody")
    fallbacks: list[str] = Field(default=[], description="What was done without, or in another way, and why")
    dropped: str | None = Field(default=None, description="Who dropped it while it was held, and why")
