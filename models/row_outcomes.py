"""What became of each row of a batch that was written to a CRM."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.effects import Action

Reason = Literal["conflict", "invalid", "not found", "refused", "locked", "unanswered"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class RowProblem(_Record):
    """Why a record was not written. `reason` is one of few words, to count by."""

    reason: Reason
    text: str = Field(description="For a person: the system's words, without the values that were sent")
    passes: bool = Field(default=False, description="The same write may well succeed a little later")


class RowOutcome(_Record):
    """`key` is the row's, as it was asked for. Either `problem` is set, or `id` and `action`."""

    key: str
    id: str | None = None
    action: Action | None = None
    problem: RowProblem | None = None
