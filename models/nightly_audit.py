"""The nightly export of an account's audit: what a run is given, and what it came to."""

from datetime import date, timedelta

from pydantic import AwareDatetime, Field

from models.base import Record
from models.runs import Outcome, Problem
from models.warehouse_loads import Loaded


class AuditExportInput(Record):
    """`night` is left out by the schedule: when the run was due."""

    account: str
    ops_channel: str | None = None
    time_zone: str = Field(default="UTC", description="The account's: a file is named after the day there")
    warehouse: bool = Field(default=False, description="Whether there is one, to load into")
    accept_gap: bool = Field(default=False, description="A person has said that rows are lost")
    night: AwareDatetime | None = None
    patience: timedelta = Field(default=timedelta(hours=3), description="For one step, outages included")


class AuditNight(Record):
    """One run among the others."""

    account: str
    began_at: AwareDatetime
    day: date
    time_zone: str = "UTC"
    accept_gap: bool = False


class EventsTold(Record):
    runs: int


class LoadedTables(Record):
    loads: list[Loaded]


class Written(Record):
    """What the newest file has, which ends with the end of the chain. `new`: rows of this run."""

    file: str
    first: int
    number: int
    head: str
    new: int


class AuditExportReport(Record):
    """`written` is None where there is no row yet; `told` whether the ops channel has the head."""

    outcome: Outcome
    events: int = Field(default=0, description="Runs of events told to the ledger, some of them once more")
    written: Written | None = None
    loads: list[Loaded] = []
    told: bool = False
    problems: list[Problem] = []
    more_problems: int = Field(default=0, description="Beyond those that are listed")
