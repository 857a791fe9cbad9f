"""Taking back what a run has done, effect by effect."""

from enum import StrEnum

from pydantic import Field

from models.base import Record
from models.effects import Effect, Write


class UndoState(StrEnum):
    """`changed_since`: a person, or another run, has set it otherwise meanwhile: it is left as it is."""

    UNDONE = "undone"
    CHANGED_SINCE = "changed_since"
    NOT_POSSIBLE = "not_possible"
    GONE = "gone"


class Undoing(Write):
    """One effect to take back. In preview it is said what would come of it, and nothing is written."""

    effect: Effect
    account: str = Field(default="default", description="ChartMogul account of the run")
    delete: bool = Field(
        default=False, description="Delete what was created, where the system can; else close it"
    )
    newer: list[Effect] = Field(
        default=[],
        description="Effects of the same run on the same system that are taken back before this one: a"
        " preview sees them still",
    )


class UndoneEffect(Record):
    """What became of one effect of the run that is undone, as people read it."""

    of: str = Field(description="System, object and its name or id")
    state: UndoState
    left: list[str] = []
    note: str = ""


class Undone(Record):
    """`effect` is the undo's own, by which it can be undone in turn: its `before` is what was found, its
    `after` what was restored. Fields that a person has changed are in `left`."""

    state: UndoState
    effect: Effect
    left: list[str] = []
    note: str = ""

    @property
    def told(self) -> UndoneEffect:
        name = self.effect.label or self.effect.object_id or ""
        of = f"{self.effect.system} {self.effect.object_type} {name}".rstrip()
        return UndoneEffect(of=of, state=self.state, left=self.left, note=self.note)
