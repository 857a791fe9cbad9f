"""The nightly warehouse export: what a run is given, what each stream is asked, and what it came to."""

from datetime import timedelta

from pydantic import AwareDatetime, Field

from models.base import Record
from models.runs import Outcome, Problem
from models.warehouse import Mapping
from models.warehouse_loads import Loaded, MonthSeen


class ExportInput(Record):
    """Everything a night is explained by. `night` is left out by the schedule: when the run was due."""

    account: str
    mapping: Mapping
    night: AwareDatetime | None = None
    streams: list[str] = Field(default=[], description="Only these; all of the mapping where empty")
    full: bool = Field(default=False, description="Read all history, whatever each stream's window says")
    accept_missing: bool = Field(default=False, description="A person has said that so many rows are gone")
    patience: timedelta = Field(
        default=timedelta(hours=3), description="For one stream, outages of its systems included"
    )


class Night(Record):
    """One run among the others. A run that began later is never overwritten by one that began earlier."""

    account: str
    run_id: str
    due_at: AwareDatetime = Field(description="When the schedule wanted it, however late it began")
    began_at: AwareDatetime
    full: bool = False
    accept_missing: bool = False

    @property
    def run_seq(self) -> int:
        return int(self.began_at.timestamp() * 1000)


class NightWork(Record):
    night: Night
    mapping: Mapping


class Prepared(Record):
    """What a night goes by, and what was changed in the warehouse before any row."""

    engine: str
    time_zone: str = "UTC"
    currency: str = ""
    changes: list[str] = Field(default=[], description="Statements that were run")
    unwritten: list[str] = Field(default=[], description="Columns that the mapping has no more; they stay")
    movements_since: AwareDatetime | None = Field(
        default=None, description="Movements are read from then on; all of them where empty"
    )
    months: list[MonthSeen] = []


class StreamWork(Record):
    """One stream of one night. Rows never travel through a workflow, only this and a StreamReport."""

    night: Night
    stream: str
    mapping: Mapping
    prepared: Prepared


class StreamReport(Record):
    """What one stream of a night came to, a load for each table that it fills."""

    stream: str
    loads: list[Loaded]
    seconds: float
    unmapped: list[str] = Field(default=[], description="Fields that ChartMogul sent and no column takes")
    left_out: list[str] = Field(default=[], description="Rows and fields that do not fit, the first of them")
    unreadable: list[str] = Field(default=[], description="Tables of which no row at all could be read")

    @property
    def months(self) -> dict[str, int]:
        """Cents by which past months' MRR moved, by month, `2026-09`."""
        return {f"{each.month:%Y-%m}": each.delta_cents for load in self.loads for each in load.months}


class Checked(Record):
    """Whether tables that were read on their own agree."""

    customers_at_odds: int = Field(description="Whose MRR is not what their last movement says")
    examples: list[str] = Field(default=[], description="The first of them, by uuid")

    @property
    def at_odds(self) -> str:
        """A sentence, where there are any."""
        if not self.customers_at_odds:
            return ""
        more = " and others" if self.customers_at_odds > len(self.examples) else ""
        names = f"{', '.join(self.examples)}{more}"
        return f"MRR of {self.customers_at_odds} customers is not what their last movement says: {names}"


class ExportReport(Record):
    outcome: Outcome
    run_id: str
    engine: str = ""
    streams: list[StreamReport] = []
    checked: Checked | None = None
    problems: list[Problem] = []
    more_problems: int = Field(default=0, description="Beyond those that are listed")

    @property
    def loads(self) -> list[Loaded]:
        return [load for stream in self.streams for load in stream.loads]
