"""What became of each row of a batch that was written to a CRM."""

from typing import Literal

from pydantic import Field

from models.base import Record
from models.effects import Action

Reason = Literal["conflict", "invalid", "not found", "refused", "locked", "unanswered"]


class RowProblem(Record):
    """Why a record was not written. `reason` is one of few words, to count by."""

    reason: Reason
    text: str = Field(description="For a person: the system's words, without the values that were sent")
    passes: bool = Field(default=False, description="The same write may well succeed a little later")


class RowOutcome(Record):
    """`key` is the row's, as it was asked for. Either `problem` is set, or `id` and `action`."""

    key: str
    id: str | None = None
    action: Action | None = None
    problem: RowProblem | None = None
