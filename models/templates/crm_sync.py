"""The CRM sync: what a run and a step are given, and what became of each customer."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import AwareDatetime, Field

from models.base import Record
from models.crm import CrmMapping, CrmName
from models.crm_facts import CustomerFacts, FactName
from models.effects import Write
from models.events import MovementType
from models.runs import Outcome, Problem

MOST_LISTED = 2_500
"""Customers that a report names one by one: more would not fit into a workflow's result."""


class CrmSyncInput(Record):
    """Everything a run is explained by."""

    account: str
    system: CrmName
    mapping: CrmMapping
    patience: timedelta = Field(
        default=timedelta(hours=8), description="For all of it, outages of its systems included"
    )


class SyncWork(Record):
    """All customers of an account into one CRM. They never travel through a workflow, only a CrmReport."""

    account: str
    system: CrmName
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


class RecordPlan(Record):
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


class Left(Record):
    """A customer whose record was not written, or not whole. Ids and reasons, nothing personal."""

    object: str
    customer: str
    reason: str
    detail: str = ""
    records: list[str] = []
    more_records: int = Field(default=0, description="Records that were found besides these")


class ObjectReport(Record):
    object: str
    counts: dict[Status, int] = {}
    reasons: dict[str, int] = Field(default={}, description="Why records were not written")
    kept: dict[str, int] = Field(default={}, description="Values of persons that stayed, by field")
    open: dict[str, int] = Field(default={}, description="Values that are not known, by field and why")
    problem: Problem | None = Field(default=None, description="Why nothing, or not all, was written")

    @property
    def written(self) -> int:
        return self.counts.get(Status.CREATED, 0) + self.counts.get(Status.UPDATED, 0)


class SyncReport(Record):
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
    system: CrmName
    problems: list[Problem] = []
    more_problems: int = Field(default=0, description="Beyond those that are listed")


class FactsQuery(Record):
    """What is known of one customer now, and whether the movement is in it."""

    account: str
    customer: str
    mapping: CrmMapping
    movement_type: MovementType
    occurred_at: AwareDatetime
    also: list[FactName] = Field(default=[], description="Wanted beside those that the mapping names")


class FactsNow(Record):
    facts: CustomerFacts
    read_at: AwareDatetime
    shows_movement: bool = True


class CustomerWork(Write):
    """One customer into one object of a CRM."""

    account: str
    object: str
    mapping: CrmMapping
    known: FactsNow
