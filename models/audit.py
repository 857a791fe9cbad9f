"""The audit's rows: who asked for what, who decided, what came of it. Ids and hashes, no values."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field

from models.base import Record
from models.canonical import sha256_of
from models.effects import Effect

MOST_EFFECTS = 100
"""Of one row; the run has all."""


class AuditDecision(Record):
    who: str
    way: str
    approve: bool
    at: AwareDatetime
    machine: str = Field(default="", description="USER@HOST who claimed at the command line to be `who`")


class AuditEffect(Record):
    system: str
    object_type: str
    object_id: str | None
    action: str
    before: str = Field(description="SHA-256 of the side's canonical JSON")
    after: str

    @classmethod
    def of(cls, effect: Effect) -> Self:
        return cls(
            system=effect.system,
            object_type=effect.object_type,
            object_id=effect.object_id,
            action=effect.action.value,
            before=sha256_of(effect.before),
            after=sha256_of(effect.after),
        )


class AuditRow(Record):
    """One change, or one event's run, at its end. `id` makes it one, however often it is told."""

    id: str
    account: str
    kind: Literal["change", "event"]
    at: AwareDatetime
    run: str = Field(description="Workflow id")
    what: str = Field(description="Tool, or template")
    customer: str = ""
    asked_by: str = ""
    owner: str = ""
    rule: str = ""
    plan: str = ""
    decisions: list[AuditDecision] = []
    outcome: str
    effects: list[AuditEffect] = []
    more_effects: int = 0
