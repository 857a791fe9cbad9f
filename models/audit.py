"""The audit's rows: who asked for what, who decided, what came of it. Ids and hashes, no values."""

from typing import Literal

from pydantic import AwareDatetime, Field

from models.base import Record


class AuditDecision(Record):
    who: str
    way: str
    approve: bool
    at: AwareDatetime


class AuditEffect(Record):
    system: str
    object_type: str
    object_id: str | None
    action: str
    before: str = Field(description="SHA-256 of the side's canonical JSON")
    after: str


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
