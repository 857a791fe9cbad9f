"""A change as whoever asked for it is told."""

from typing import Literal

from pydantic import AwareDatetime, Field

from models.base import Record
from models.changes import ChangeState, Undoable
from models.foreign import Foreign
from models.metric_alert import MetricAlert
from models.reads.answer import AccountAnswer
from models.undo import UndoState


class Changed(Record):
    """`before` and `after` are what the field has, or would have."""

    of: Foreign
    field: Foreign
    before: Foreign | bool | int | float | None = None
    after: Foreign | bool | int | float | None = None


class TakenBack(Record):
    """Of an undo: one effect. `left` are fields that a person has changed since."""

    of: Foreign
    state: UndoState
    left: list[Foreign] = []
    note: Foreign = Foreign("")


class RunAnswer(AccountAnswer):
    """`undo`: whether it can be taken back. `undone`: of an undo, what became of each effect. A run that
    counts for a read is `computing`, `done` or `failed`, and changes nothing."""

    run_id: str
    status: ChangeState | Literal["computing"]
    tool: str
    changes: list[Changed] = []
    more_changes: int = 0
    decide_by: AwareDatetime | None = None
    undo: Undoable
    undone: list[TakenBack] = []
    message: str = ""
    url: str = ""
    asked_at: AwareDatetime
    first_asked: bool = Field(
        default=True, description="False: the same was asked before, and this is that run"
    )


class NamedAlert(Record):
    name: str
    alert: MetricAlert


class Alerts(AccountAnswer):
    alerts: list[NamedAlert] = []
