"""Month-end reconciliation: what a run is given, what its steps take and give, what people do in it."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from models.base import Record
from models.changes import MOST_CORRECTIONS, Correction, Uuid
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


SnapshotPart = Literal["cut", "final", "open", "correction"]
"""cut: at month end. final, open: ChartMogul and the books, read anew. correction: ChartMogul, after it was
corrected."""


class SnapshotPlace(Record):
    """Names a folder below RECONCILIATION_FOLDER. A snapshot is written once: what is there stays."""

    account: str
    period: Period
    part: SnapshotPart = "cut"
    number: int = Field(default=0, description="Of a re-reading of open items, or of a look")
    of: str = Field(default="", max_length=64, description="Of a correction: the change's run")


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
    looks: int = Field(default=0, description="Those of open items that an earlier run has read")


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


class FindCorrections(Record):
    """`reconciliation.find_corrections`: of the findings of a judgement; of all that can be corrected where
    none is named."""

    judge: JudgeWork
    judged: Judged
    findings: list[FindingId] = Field(default=[], max_length=MOST_CORRECTIONS)


class NotCorrectable(Record):
    finding: FindingId
    why: str


class Proposed(Record):
    """`not_possible` of those that were named."""

    corrections: list[Correction] = []
    more: int = 0
    not_possible: list[NotCorrectable] = []


class RecheckWork(Record):
    """`reconciliation.recheck`: a row's difference after a correction. `readings`: of billing as they were
    judged, and of ChartMogul now."""

    place: SnapshotPlace
    cut: MonthCut
    rules: ReconciliationRules
    readings: list[Placed]
    customer_uuid: Uuid
    row: list[str]


class Rechecked(Record):
    """None: not all could be read."""

    difference: int | None


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


class Propose(Record):
    """Who proposes corrections does not sign the month off. Without findings it is a look at what there is
    to propose."""

    id: str = Field(max_length=100)
    who: str
    findings: list[FindingId] = Field(default=[], max_length=MOST_CORRECTIONS)


# -- a change that corrects it


class HoldMonth(Record):
    """By a change before it writes: until it says what came of it, nobody signs."""

    account: str
    period: Period
    change: str = Field(description="Workflow id")
    corrections: list[str] = Field(
        default=[], max_length=MOST_CORRECTIONS, description="Digests of what it would write; none of an undo"
    )
    agreed: list[str] = Field(default=[], description="Who has agreed to it")


class HeldMonth(Record):
    """What a row is judged by."""

    cut: MonthCut
    rules: ReconciliationRules
    readings: list[Placed] = Field(description="Of billing")


class CorrectedRow(Record):
    """`found` is None where it could not be read."""

    finding: FindingId
    currency: Currency
    predicted: int
    found: int | None


class Corrected(Record):
    """The end of a hold."""

    change: str
    rows: list[CorrectedRow] = []
    said: str = Field(default="", max_length=500)
