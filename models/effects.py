"""What a write to an outside system did, or would do."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, Field

from models.base import Record
from models.tasks import TaskQuery
from models.wording import unescaped


class Mode(StrEnum):
    LIVE = "live"
    PREVIEW = "preview"


class Action(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    WOULD_CREATE = "would create"
    WOULD_UPDATE = "would update"


NOT_MADE_BEFORE = "not made before, and not needed now"


class Effect(Record):
    """One write. `before` is None where the object did not exist; both sides hold only what we set."""

    system: str
    object_type: str
    action: Action
    key: str = Field(description="Idempotency key, {event_id}:{step}")
    object_id: str | None = None
    label: str = Field(default="", description="Whose record it is, as people know them, where that is known")
    link: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] = {}
    note: str | None = Field(default=None, description="Why it was skipped, or how it was confirmed")
    tries: int = Field(default=1, description="Calls of the step it took, the local one included")
    undo: dict[str, Any] = Field(
        default={}, description="What taking it back needs beside both sides, such as where the object is"
    )


class Write(Record):
    """What every write carries beside its own fields. `steps.step` fills those with a default."""

    key: str = Field(description="Idempotency key, {event_id}:{step}")
    mode: Mode = Mode.LIVE
    only_find: bool = Field(default=False, description="Say what is there; make nothing new")
    repeat: bool = Field(default=False, description="An earlier try may have written: look first")
    rerun: bool = Field(default=False, description="A person runs the workflow again")
    local_until: AwareDatetime | None = Field(
        default=None, description="From then on another worker may have the run, or have had it: no local try"
    )
    task: TaskQuery | None = Field(default=None, description="In which it is tried locally")
    good_until: AwareDatetime | None = Field(
        default=None, description="From then on what it says may be untrue: read again before it is written"
    )

    @property
    def looks(self) -> bool:
        """Whether to see what is there before anything is made."""
        return self.repeat or self.only_find or self.mode is Mode.PREVIEW

    def is_outdated(self, now: datetime) -> bool:
        return self.good_until is not None and now > self.good_until

    def already(self, done: Action) -> Action:
        """What to call a write that is found done: `done` where an earlier try of this run did it."""
        if self.mode is Mode.PREVIEW or self.rerun or not self.repeat:
            return Action.UNCHANGED
        return done


def shown(effect: Effect, value: object, names: Mapping[str, str]) -> str:
    """A value of one of its fields, as people read it."""
    text = named(value, names)
    return unescaped(text) if effect.system == "slack" else text


def named(value: object, names: Mapping[str, str]) -> str:
    """A value with the names of the ids in it: `005… (Ann Lee)`, and `@Ann Lee` of a mention."""
    text = str(value)
    for id, name in names.items():
        if text == id:
            return f"{id} ({name})"
        if id.startswith("<@"):
            text = text.replace(id, f"@{name}")
    return text
