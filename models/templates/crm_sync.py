"""The CRM sync: what a run and a step are given, and what became of each customer."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from models.crm import CrmMapping, System
from models.crm_facts import CustomerFacts
from models.effects import Mode, Write
from models.events import MovementType, MrrMovement
from models.runs import Outcome, Problem

MOST_LISTED = 2_500
"""Customers that a report names one by one: more would not fit into a workflow's result."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class CrmSyncInput(_Record):
    """Everything a run is explained by."""

    account: str
    system: System
    mapping: CrmMapping
    patience: timedelta = Field(
        default=timedelta(hours=8), description="For all of it, outages of its systems included"
    )


class SyncWork(_Record):
    """All customers of an account into one CRM. They never travel through a workflow, only a CrmReport."""

    account: str
    system: System
    mapping: CrmMapping
    as_of: AwareDatetime


class Status(StrEnum):
    """Where a customer stands with one object of the CRM."""

    LOOKING = "looking"
    PLANNED = "would write"
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not found"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"


class Change(NamedTuple):
    """Of one field, both sides as the CRM writes them."""

    before: Any
    after: Any


class Standing(_Record):
    """A customer and one object. `reason` is of few words, to count by; `detail` is for a person."""

    customer: str
    status: Status
    way: int = Field(default=0, description="Which of the mapping's ways to look up is next")
    record: str | None = None
    by_key: bool = False
    reason: str = ""
    detail: str = ""
    candidates: list[str] = Field(default=[], description="Ids of the records that were found")
    changes: dict[str, Change] = Field(default={}, description="By their field")
    kept: list[str] = Field(default=[], description="Fields in which a person's value stays")
    open: dict[str, str] = Field(default={}, description="Fields of whose value we know nothing, and why")

    @property
    def values(self) -> dict[str, Any]:
        """What to write."""
        return {name: change.after for name, change in self.changes.items()}


class Left(_Record):
    """A customer whose record was not written, or not whole. Ids and reasons, nothing personal."""

    object: str
    customer: str
    reason: str
    detail: str = ""
    records: list[str] = []
    more_records: int = Field(default=0, description="Records that were found besides these")


class ObjectReport(_Record):
    object: str
    counts: dict[Status, int] = {}
    reasons: dict[str, int] = Field(default={}, description="Why records were not written")
    kept: dict[str, int] = Field(default={}, description="Values of persons that stayed, by field")
    open: dict[str, int] = Field(default={}, description="Values that are not known, by field and why")
    problem: Problem | None = Field(default=None, description="Why nothing, or not all, was written")

    @property
    def written(self) -> int:
        return self.counts.get(Status.CREATED, 0) + self.counts.get(Status.UPDATED, 0)


class SyncReport(_Record):
    """What an attempt's run over all customers came to."""

    customers: int
    unreadable: int = Field(default=0, description="Rows of ChartMogul that could not be read")
    objects: list[ObjectReport] = []
    left: list[Left] = []
    left_off: int = Field(default=0, description="Customers that were left and are not in the list")
    reading_seconds: float = 0
    seconds: float = 0


class CrmReport(SyncReport):
    outcome: Outcome
    system: System
    problems: list[Problem] = []
    more_problems: int = Field(default=0, description="Beyond those that are listed")


class CustomerSyncOptions(BaseModel):
    model_config = ConfigDict(
        frozen=True, hide_input_in_errors=True, json_schema_extra={"additionalProperties": False}
    )

    systems: list[System] = Field(
        default=["hubspot", "salesforce"],
        min_length=1,
        description="CRMs to write to; what goes to which field is in config/crm.yaml",
    )
    settling_seconds: float = Field(
        default=20,
        ge=0,
        le=3600,
        allow_inf_nan=False,
        description="How long ChartMogul may not show the movement yet, before we write what it shows",
    )


class CustomerSyncInput(_Record):
    """Everything a run is explained by."""

    event: MrrMovement
    route: str
    route_why: str = ""
    options: CustomerSyncOptions
    mapping: CrmMapping
    received_at: AwareDatetime
    wait: bool = Field(default=False, description="A movement that lies ahead: not before its day")
    mode: Mode = Mode.LIVE
    web_ui_url: str = ""
    held_by: str | None = Field(default=None, description="Brake or pause whose end it awaits first")
    shadow: bool = Field(default=False, description="Its route is in preview: the event counts as taken")

    @property
    def waits_until(self) -> datetime | None:
        ahead = self.event.occurred_at > self.received_at
        return self.event.occurred_at if ahead and self.wait else None


class FactsQuery(_Record):
    """What is known of one customer now, and whether the movement is in it."""

    account: str
    customer: str
    mapping: CrmMapping
    movement_type: MovementType
    occurred_at: AwareDatetime


class FactsNow(_Record):
    facts: CustomerFacts
    read_at: AwareDatetime
    shows_movement: bool = True


class CustomerWork(Write):
    """One customer into one object of a CRM."""

    account: str
    object: str
    mapping: CrmMapping
    known: FactsNow
