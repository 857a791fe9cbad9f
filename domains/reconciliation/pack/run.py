"""run.json: where a pack comes from, and to which packs it is chained."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from models.base import Record
from models.reconciliation.books import Control, Reading
from models.templates.reconciliation import Amounts, Kind, Period, SignOff

RUN = "run.json"


class Chained(Record):
    """Another pack, by the hash of its SHA256SUMS."""

    period: Period
    number: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Counts(Record):
    findings: int
    differing: int
    open: int


class RunFile(Record):
    """`month_before` is the last pack of an earlier month, `run_before` the one of this month."""

    account: str
    period: Period
    kind: Kind
    number: int
    workflow_id: str
    code_version: str
    public_key: str = ""
    snapshot_at: AwareDatetime
    judged_at: AwareDatetime
    late_snapshot: bool
    rules_version: int
    rules_digest: str
    counts: Counts
    amounts: list[Amounts]
    account_mrr: int | None = Field(default=None, description="ChartMogul's MRR of the account; hundredths")
    stopped: list[str]
    controls: list[Control]
    readings: list[Reading]
    sign_off: SignOff | None = None
    month_before: Chained | None = None
    run_before: Chained | None = None
