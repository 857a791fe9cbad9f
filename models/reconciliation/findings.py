"""What judging a month finds. In each row, and in each total, the causes and what is unexplained sum up to
the difference, exactly."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from models.base import Record
from models.money import Currency
from models.reconciliation.books import AccountSettings, Control, MonthCut
from models.reconciliation.causes import Cause

Comparison = Literal["mrr", "documents", "cash"]
FindingId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Explained(Record):
    """One cause of a row, in minor units of its currency; `why` says which record shows it."""

    cause: Cause
    minor: int
    why: str
    records: list[str] = Field(default=[], max_length=20, description="Ids in both systems")


class RuledOut(Record):
    cause: Cause
    why: str


class Party(Record):
    """One side of a row."""

    side: Literal["chartmogul", "billing", "accounting"]
    system: str
    ids: list[str] = []
    minor: int | None = Field(default=None, description="None: it has no such record")
    said: str = Field(default="", description="How the figure comes about, for people")
    link: str = ""


class Finding(Record):
    """One row of a comparison: `left` − `right`. `id` stays the same from run to run, and names nobody."""

    id: FindingId
    comparison: Comparison
    source: str = Field(description="Data source or system and site that it belongs to")
    match: int = Field(description="Step of the matching ladder; 0: on one side alone")
    customer: str = ""
    customer_name: str = ""
    subject: str = Field(default="", description="Subscription id, document number or payment id")
    currency: Currency
    left: Party
    right: Party
    third: Party | None = Field(default=None, description="ChartMogul beside billing and accounting")
    difference: int
    causes: list[Explained] = []
    unexplained: int = 0
    ruled_out: list[RuledOut] = []
    notes: list[str] = []
    first_seen: str = Field(default="", description="Period in which it was found first, 2026-10")

    @property
    def is_open(self) -> bool:
        return self.unexplained != 0


class TieOut(Record):
    """A source's total in one currency: right + causes + unexplained = left."""

    comparison: Comparison
    source: str
    currency: Currency
    left: int
    right: int
    causes: dict[Cause, int] = {}
    unexplained: int = 0
    rows: int = 0
    differing: int = 0

    @property
    def closes(self) -> bool:
        return self.right + sum(self.causes.values()) + self.unexplained == self.left


class CauseSum(Record):
    cause: Cause
    currency: Currency
    rows: int
    plus: int
    minus: int
    largest: int

    @property
    def net(self) -> int:
        return self.plus + self.minus


class LinkProposal(Record):
    """Two records that may be one: for a person to confirm, once."""

    comparison: Comparison
    left: str
    right: str
    step: int
    why: str


class Restated(Record):
    """What was signed for an earlier month, and what ChartMogul says of it now; hundredths."""

    period: str
    signed: int
    now: int


class Judgement(Record):
    """Everything that a report shows. `stopped` says why nothing was judged; then there are no rows."""

    account: str
    cut: MonthCut
    kind: Literal["draft", "final"]
    snapshot_at: AwareDatetime
    judged_at: AwareDatetime = Field(description="When ChartMogul was read, not the clock")
    late_snapshot: bool = False
    settings: AccountSettings
    rules_version: int
    rules_digest: str
    order: list[Cause] = Field(description="In which causes were tried")
    controls: list[Control] = []
    stopped: list[str] = []
    findings: list[Finding] = []
    tie_outs: list[TieOut] = []
    by_cause: list[CauseSum] = []
    proposals: list[LinkProposal] = []
    account_mrr: int | None = None
    fx_row: int | None = Field(default=None, description="/metrics/mrr − sum of the subscriptions' figures")
    late: int | None = Field(
        default=None, description="Movements before the cut that came after the snapshot; hundredths"
    )
    restated: list[Restated] = Field(default=[], description="Months that are signed, earliest first")
    warnings: list[str] = []
