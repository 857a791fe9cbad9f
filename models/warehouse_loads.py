"""One load of one table: what it is given and what came of it. Small enough to travel in a workflow."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from models.base import Record
from models.warehouse import StreamMapping


class Window(Record):
    """Rows with start <= instant < end were read, all of them."""

    start: AwareDatetime
    end: AwareDatetime


class Reject(Record):
    """A row that does not fit the mapping. No values: they may be personal data."""

    key: str | None = Field(description="First column of its key; None where that is what is wrong")
    column: str
    reason: str


class MonthSeen(Record):
    """A month of ChartMogul's own MRR, first day and what was seen of it."""

    month: date
    digest: str


class Extracted(Record):
    """What one attempt has read into files. `unmapped`: fields that the mapping does not know, by rows."""

    files: list[Path]
    scope_files: list[Path] | None
    rows: int
    rejected: int
    rejects: list[Reject]
    emptied: list[Reject] = Field(default=[], description="Fields left empty, of rows that are there")
    unmapped: dict[str, int]


class Load(Record):
    """Files of one attempt, as `Extract` wrote them. Which rows may be marked as missing: those within
    `window`; those whose parent is in `scope_files`; all where both are None. None at all unless `complete`.

    `run_seq` rises with the start of runs, not with the night they are for: an older run is refused."""

    run_id: str
    run_seq: int
    attempt: int
    mapping: StreamMapping
    files: list[Path]
    rows: int
    complete: bool
    window: Window | None = None
    scope_files: list[Path] | None = None
    rejected: int = 0
    rejects: list[Reject] = []
    emptied: list[Reject] = []
    months: list[MonthSeen] = Field(default=[], description="To keep with the data; movements only")
    account: str = "default"
    time_zone: str = "UTC"
    read_at: AwareDatetime = Field(description="When the run began; the same for all its loads and attempts")
    accept_missing: bool = Field(default=False, description="A person has said that so many are gone")


class MonthChange(Record):
    """What a run changed of a past month's MRR, in cents."""

    month: date
    delta_cents: int
    rows: int


class Counts(Record):
    """Rows. `inserted`: new; `restated`: changed; `remapped`: changed because the mapping did;
    `returned`: were deleted; `reissued`: known under another key; `missing`: absent for the first time;
    `deleted`: absent again; `duplicates`: read twice; `rejected`: do not fit the mapping."""

    rows_read: int = 0
    inserted: int = 0
    restated: int = 0
    remapped: int = 0
    returned: int = 0
    reissued: int = 0
    missing: int = 0
    deleted: int = 0
    duplicates: int = 0
    rejected: int = 0


class Loaded(Counts):
    """As in the ledger. `already_applied`: by another attempt, or by one whose COMMIT got no answer."""

    run_id: str
    stream: str
    committed_at: AwareDatetime
    already_applied: bool = False
    months: list[MonthChange] = []


class LoadRun(Counts):
    """A row of the ledger."""

    run_id: str
    stream: str
    run_seq: int
    attempt: int
    account: str
    time_zone: str
    mapping_version: str
    read_mode: Literal["all", "window", "parents"]
    window_start: AwareDatetime | None
    window_end: AwareDatetime | None
    complete: bool
    read_at: AwareDatetime
    committed_at: AwareDatetime


class SampleRow(Record):
    """A row that a load would change. `before` and `after` by column; None where there is no row."""

    kind: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Preview(Record):
    """What a load would do. `statements` are the definitions it would begin with; nothing was written."""

    stream: str
    statements: list[str]
    refused: list[str] = Field(default=[], description="Changes of the mapping that a person must make")
    problem: str | None = Field(default=None, description="Why the load would be refused as a whole")
    counts: Counts
    sample: list[SampleRow]
    key: list[str] = Field(default=[], description="Columns that tell a row from others")
    restates: bool = Field(default=False, description="A change here is one of history: movements alone")
