"""The nightly warehouse export: what a run is given, what each stream is asked, and what it came to."""

from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from models.runs import Outcome, Problem
from models.warehouse import Mapping


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class ExportInput(_Record):
    """Everything a night is explained by. `night` is left out by the schedule: when the run was due."""

    account: str
    mapping: Mapping
    night: AwareDatetime | None = None
    streams: list[str] = Field(default=[], description="Only these; all of the mapping where empty")
    full: bool = Field(default=False, description="Read all history, whatever each stream's window says")
    channel: str | None = Field(default=None, description="Hears of restated history")
    tell_from_cents: int = Field(
        default=100_000, ge=0, description="MRR that history must have moved by for a message"
    )
    patience: timedelta = Field(
        default=timedelta(hours=3), description="For one stream, outages of its systems included"
    )


class Night(_Record):
    """One run's place among the others: a later night is never overwritten by an earlier one."""

    account: str
    run_id: str
    ends_at: AwareDatetime
    full: bool = False

    @property
    def run_seq(self) -> int:
        return int(self.ends_at.timestamp())


class StreamWork(_Record):
    """One stream of one night. Rows never travel through a workflow, only this and a StreamReport."""

    night: Night
    stream: str
    mapping: Mapping


class StreamReport(_Record):
    """What one stream of a night came to. `months` is by how many cents each past month's MRR movements
    moved, as `2026-09`; `already` where an earlier try had committed, `superseded` where a later night had."""

    stream: str
    tables: list[str] = []
    requests: int = 0
    rows: int = 0
    new: int = 0
    restated: int = 0
    returned: int = 0
    missing: int = 0
    deleted: int = 0
    rejected: int = 0
    unmapped: list[str] = Field(default=[], description="Fields that ChartMogul sent and no column takes")
    months: dict[str, int] = {}
    currency: str = ""
    seconds: float = 0
    already: bool = False
    superseded: bool = False
    since: AwareDatetime | None = Field(default=None, description="From where it was read; all where empty")


class Prepared(_Record):
    """What was changed in the warehouse before any row, in words, and what a person must do by hand."""

    engine: str
    changes: list[str] = []
    notes: list[str] = []


class ExportReport(_Record):
    outcome: Outcome
    run_id: str
    engine: str = ""
    streams: list[StreamReport] = []
    problems: list[Problem] = []

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.streams)
