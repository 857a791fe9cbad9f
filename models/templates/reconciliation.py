"""Month-end reconciliation: what a run is given, what its steps take and give, what people do in it."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from models.base import Record
from models.changes import AnyChange
from models.money import Currency
from models.reconciliation.books import MonthCut, Reading
from models.reconciliation.causes import Cause
from models.reconciliation.findings import FindingId
from models.reconciliation.rules import ReconciliationRules
from models.runs import Problem

Kind = Literal["draft", "final"]
Period = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
MOST_OPEN = 500
"""Open findings that a run holds in its own state; all of them are in the pack."""


def workflow_id(account: str, period: str, kind: Kind) -> str:
    return f"reconciliation/{account}/{period}/{kind}"


# -- the run


class DueInput(Record):
    """The schedule's run: each day it looks whether a draft, a final or a reminder is due, and starts it."""

    account: str
    time_zone: str
    rules: ReconciliationRules
    ops_channel: str | None = None
    web_ui_url: str = ""


class ReconciliationInput(Record):
    """Everything a run is explained by. One for each account, period and kind."""

    account: str
    period: Period
    kind: Kind
    time_zone: str
    rules: ReconciliationRules
    ops_channel: str | None = None
    web_ui_url: str = ""
    snapshot_due_at: AwareDatetime | None = None
    patience: timedelta = Field(default=timedelta(hours=6), description="For the reading of one system")
    rejudge_every: timedelta = Field(default=timedelta(days=1))
    remind_at: AwareDatetime | None = None
    open_for: timedelta = Field(default=timedelta(days=60), description="Then it ends unsigned")


class Amounts(Record):
    """The three numbers, in minor units of one currency."""

    currency: Currency
    difference: int
    explained: int
    unexplained: int


class OpenFinding(Record):
    """What a run knows of a finding that people look after."""

    id: FindingId
    subject: str
    currency: Currency
    difference: int
    unexplained: int
    causes: list[Cause] = []
    owner: str = ""
    notes: list["NoteOfPerson"] = []


class NoteOfPerson(Record):
    who: str
    at: AwareDatetime
    text: str = Field(max_length=2000)


class SignOff(Record):
    preparer: str
    reviewer: str
    at: AwareDatetime
    comment: str = ""
    limit: int | None = None
    pack: str = Field(description="SHA-256 of the pack's SHA256SUMS")


class PackRef(Record):
    """`path` is relative to the folder of packs."""

    path: str
    sha256: str = Field(description="Of its SHA256SUMS")
    files: int
    previous: str = Field(default="", description="Hash of the pack that it is chained to")


class ReconciliationState(Record):
    """What `reconcile status` shows, by the query `state`."""

    account: str
    period: Period
    kind: Kind
    phase: Literal["reading", "judging", "open", "signed", "stopped", "expired", "done"]
    readings: list[Reading] = []
    stopped: list[str] = Field(default=[], description="Why nothing was judged")
    late_snapshot: bool = False
    amounts: list[Amounts] = []
    rows: int = 0
    differing: int = 0
    open: list[OpenFinding] = []
    more_open: int = 0
    pack: PackRef | None = None
    sign_off: SignOff | None = None
    problems: list[Problem] = []
    judged_at: AwareDatetime | None = None
    rules_version: int = 1


# -- its steps


SnapshotPart = Literal["cut", "final", "open"]
"""cut: at month end. final, open: ChartMogul and the books, read anew."""


class SnapshotPlace(Record):
    """Names a folder below RECONCILIATION_FOLDER. A snapshot is written once: what is there stays."""

    account: str
    period: Period
    part: SnapshotPart = "cut"
    number: int = Field(default=0, description="Of a re-reading of open items")


class PrepareWork(Record):
    """`reconciliation.prepare`: what the month is, as instants, and whether its packs can be signed."""

    account: str
    period: Period
    time_zone: str


class PreparedMonth(Record):
    """`signed` is the pack of a sign-off that there is already: a signed month is never judged anew."""

    cut: MonthCut
    signed: bool = False
    packs: int = Field(default=0, description="Those that there are: another one gets the next number")


class BooksWork(Record):
    """`<system>.read_books`: read a system for a month, write Parquet, answer counts."""

    place: SnapshotPlace
    cut: MonthCut
    site: str = "default"
    customers: list[str] = Field(default=[], description="ChartMogul: only these; all where empty")


class Placed(Record):
    """Where a reading's files are."""

    place: SnapshotPlace
    reading: Reading


class JudgeWork(Record):
    """`reconciliation.judge`."""

    place: SnapshotPlace
    kind: Kind
    cut: MonthCut
    rules: ReconciliationRules
    readings: list[Placed] = Field(description="Of billing and accounting, and of ChartMogul")
    unread: list[str] = Field(default=[], description="Systems that could not be read, and why")
    late_snapshot: bool = False


class Judged(Record):
    """Counts and a reference: the findings themselves stay in the folder."""

    file: str = Field(description="judgement.json within the place's folder")
    sha256: str
    findings_sha256: str = Field(default="", description="Of what was found, whenever it was read")
    stopped: list[str] = []
    amounts: list[Amounts] = []
    rows: int = 0
    differing: int = 0
    open: list[OpenFinding] = []
    more_open: int = 0


class PackWork(Record):
    """`reconciliation.write_pack`."""

    place: SnapshotPlace
    kind: Kind
    judged: Judged
    readings: list[Placed] = Field(description="As they were judged")
    rules: ReconciliationRules
    run_id: str = Field(description="Workflow id")
    number: int = Field(description="run-N of the pack")
    owners: dict[FindingId, str] = {}
    notes: dict[FindingId, list[NoteOfPerson]] = {}
    sign_off: SignOff | None = None


# -- what people do


class Assign(Record):
    id: str = Field(max_length=100)
    who: str
    finding: FindingId
    owner: str


class AddNote(Record):
    id: str = Field(max_length=100)
    who: str
    finding: FindingId
    text: str = Field(min_length=1, max_length=2000)


class Sign(Record):
    """`pack` is what the reviewer looked at."""

    id: str = Field(max_length=100)
    preparer: str
    reviewer: str
    comment: str = Field(default="", max_length=2000)
    pack: str


class Correction(Record):
    """A change of ChartMogul that a finding proposes. `predicted` is the row's difference after it."""

    finding: FindingId
    period: Period
    step: int
    change: AnyChange
    predicted: int
    said: str = Field(description="What it does, for people")
