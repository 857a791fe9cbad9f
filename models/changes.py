"""Changes that people and agents ask for: what is asked, who decides, what it would do, what came of it."""

import hashlib
import unicodedata
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from models.base import Record
from models.canonical import sha256_of
from models.effects import Effect
from models.metric_alert import AlertName, MetricAlert
from models.money import Currency
from models.undo import UndoneEffect

LONGEST_REASON, SHORTEST_REASON = 300, 5
APPROVE, REFUSE = "change_approve", "change_refuse"
"""Ids of the buttons that ask in Slack."""

MOST_TAGS, MOST_KEYS, MOST_EVENTS, MOST_CORRECTIONS = 50, 50, 50, 50
"""Of one change."""

Uuid = Annotated[str, StringConstraints(pattern=r"^cus_[0-9A-Za-z-]{1,100}$")]
LineUuid = Annotated[str, StringConstraints(pattern=r"^li_[0-9A-Za-z-]{1,100}$")]
InvoiceUuid = Annotated[str, StringConstraints(pattern=r"^inv_[0-9A-Za-z-]{1,100}$")]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
AttributeKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,100}$")]
Scalar = str | bool | int | float | None


class ChangeState(StrEnum):
    """`stale`: the world moved on between preview and effect, and nothing was written."""

    PREVIEWING = "previewing"
    PREVIEWED = "previewed"
    NEEDS_APPROVAL = "needs_approval"
    APPLYING = "applying"
    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    EXPIRED = "expired"
    STALE = "stale"
    PARTIAL = "partial"
    FAILED = "failed"
    UNDONE = "undone"

    @property
    def is_settled(self) -> bool:
        """Whether there is something to tell whoever asked, now."""
        return self not in (ChangeState.PREVIEWING, ChangeState.APPLYING)

    @property
    def is_over(self) -> bool:
        return self.is_settled and self is not ChangeState.NEEDS_APPROVAL


class Undoable(StrEnum):
    POSSIBLE = "possible"
    PARTLY = "partly"
    NO = "no"


AttributeType = Literal["String", "Integer", "Decimal", "Timestamp", "Boolean"]


class AttributeValue(Record):
    key: AttributeKey
    value: Scalar = Field(description="A Timestamp as ISO 8601 text")
    type: AttributeType = "String"


class TagChange(Record):
    kind: Literal["change_tags"] = "change_tags"
    customer_uuid: Uuid
    add: list[Tag] = Field(default=[], max_length=MOST_TAGS)
    remove: list[Tag] = Field(default=[], max_length=MOST_TAGS)


class AttributeChange(Record):
    kind: Literal["set_custom_attributes"] = "set_custom_attributes"
    customer_uuid: Uuid
    set: list[AttributeValue] = Field(default=[], max_length=MOST_KEYS)
    remove: list[AttributeKey] = Field(default=[], max_length=MOST_KEYS)


class CustomerSave(Record):
    """Of one that exists by `customer_uuid`; else a new one, which needs data source and external id."""

    kind: Literal["save_customer"] = "save_customer"
    customer_uuid: Uuid | None = None
    data_source_uuid: str | None = None
    external_id: str | None = None
    fields: dict[str, Scalar] = Field(
        default={}, description="ChartMogul's names: name, email, company, country, state, city, zip, owner …"
    )


class SubscriptionEvent(Record):
    """Fields as in `POST /subscription_events`; amounts in hundredths of `currency`."""

    external_id: str = Field(min_length=1, max_length=255)
    data_source_uuid: str
    customer_external_id: str
    event_type: str
    event_date: AwareDatetime
    effective_date: AwareDatetime
    subscription_external_id: str
    subscription_set_external_id: str | None = None
    plan_external_id: str | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    amount_in_cents: int | None = None
    quantity: int | None = Field(default=None, ge=0)


class EventImport(Record):
    kind: Literal["import_subscription_events"] = "import_subscription_events"
    events: list[SubscriptionEvent] = Field(min_length=1, max_length=MOST_EVENTS)


class CustomerMerge(Record):
    """`customer_uuid` goes into `into_uuid`, which stays."""

    kind: Literal["merge_customers"] = "merge_customers"
    customer_uuid: Uuid
    into_uuid: Uuid


class CustomerDeletion(Record):
    kind: Literal["delete_customer"] = "delete_customer"
    customer_uuid: Uuid


class RunUndo(Record):
    """All effects of a run, newest first."""

    kind: Literal["undo_run"] = "undo_run"
    workflow_id: str = Field(min_length=1, max_length=255)
    run_id: str | None = None
    delete_tasks: bool = Field(default=False, description="Delete what was created where that can be done")


class MetricWatch(Record):
    """The alert of that name is to be just so; without one it is taken away."""

    kind: Literal["watch_metric"] = "watch_metric"
    name: AlertName
    alert: MetricAlert | None = None


class LineFields(Record):
    """What may be corrected of a line item, under ChartMogul's names. No amount and no day is among them: a
    difference is never made to vanish by a sum."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["one_time"] | None = None
    tax_amount_in_cents: int | None = Field(default=None, ge=-(10**15), le=10**15)
    prorated: Literal[True] | None = None
    proration_type: Literal["differential", "full"] | None = None


class LineEdit(Record):
    kind: Literal["line"] = "line"
    line_uuid: LineUuid
    fields: LineFields


class InvoiceSwitch(Record):
    """Takes an invoice that is there twice out of the reckoning."""

    kind: Literal["invoice"] = "invoice"
    invoice_uuid: InvoiceUuid


class Correction(Record):
    """One write to ChartMogul that a finding of a month calls for. `predicted` is what is left of the row's
    difference after the last step of it; None before the last. Amounts in minor units of `currency`."""

    finding: str = Field(pattern=r"^[0-9a-f]{16}$")
    step: int = Field(ge=1)
    customer_uuid: Uuid
    row: list[str] = Field(max_length=40, description="Ids of the finding's records on both sides")
    currency: Currency
    difference: int
    predicted: int | None
    edit: Annotated[LineEdit | InvoiceSwitch, Field(discriminator="kind")]
    said: str = Field(max_length=300, description="What it does, for people")

    @property
    def digest(self) -> str:
        """Of all of it: one that says anything else is another one."""
        return sha256_of(self.model_dump(mode="json"))


class MonthCorrection(Record):
    """Of a month that nobody has signed. Made by `reconcile propose` alone, of what was judged."""

    kind: Literal["correct_month"] = "correct_month"
    period: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    corrections: list[Correction] = Field(min_length=1, max_length=MOST_CORRECTIONS)
    settles_within: timedelta = Field(
        default=timedelta(minutes=10), description="ChartMogul computes MRR anew some time after a write"
    )


AnyChange = Annotated[
    TagChange
    | AttributeChange
    | CustomerSave
    | EventImport
    | CustomerMerge
    | CustomerDeletion
    | RunUndo
    | MetricWatch
    | MonthCorrection,
    Field(discriminator="kind"),
]


class Then(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    REFUSE = "refuse"


class MatchedRule(Record):
    """The line of the policy that decides, as it was when it was asked."""

    number: int = Field(description="In the file, from 1; 0 is the default that no line overrides")
    said: str = Field(description="The line, for people")
    then: Then
    approvers: int = 1
    within: timedelta = timedelta(hours=24)
    only_by: Literal["slack"] | None = None


class Asker(Record):
    """`owner` answers for an agent, and never decides on what it asks. Of a person they are the same."""

    name: str = Field(min_length=1, max_length=200)
    kind: Literal["agent", "person"]
    owner: str = ""
    people: list[str] = Field(default=[], description="Digests of the e-mails that its token names")


def plain_name(name: str) -> str:
    """As names of people are compared: without case, width, and signs that nobody sees."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in plain if unicodedata.category(each) not in ("Cf", "Cc")).strip()


def digest_of_person(email: str) -> str:
    return hashlib.sha256(plain_name(email).encode()).hexdigest()[:32]


class ChangeInput(Record):
    """What a change's run is given: everything that it is explained by."""

    account: str
    tool: str
    change: AnyChange
    asker: Asker
    reason: str = Field(max_length=LONGEST_REASON)
    rule: MatchedRule
    digest: str = Field(description="Of account, principal, tool and idempotency key or arguments: no clock")
    arguments: str = Field(description="Digest of the arguments alone")
    asked_at: AwareDatetime
    dry_run: bool = False
    channel: str = Field(default="", description="Slack channel that asks approvers; none where empty")
    web_ui_url: str = ""
    time_zone: str = "UTC"
    undo_possible: Undoable = Undoable.POSSIBLE

    @property
    def key(self) -> str:
        """Begins the key of each of its writes."""
        return f"change/{self.digest}"


class Decision(Record):
    """One person's. `id` makes it one, however often it is sent; `plan` is the hash of what they saw."""

    id: str = Field(min_length=1, max_length=100)
    who: str = Field(description="E-mail, or name at the command line", min_length=1, max_length=200)
    way: Literal["slack", "command", "console"]
    approve: bool
    reason: str = Field(default="", max_length=LONGEST_REASON)
    plan: str
    at: AwareDatetime | None = None
    run: str = Field(description="Temporal's id of the run that was looked at: a reset asks anew")
    machine: str = Field(
        default="",
        max_length=200,
        description="USER@HOST who says at the command line that they are `who`: nobody checks it",
    )

    @property
    def told_way(self) -> str:
        claims = self.machine and self.machine != self.who
        return f"{self.way} ({self.machine} claims to be them)" if claims else self.way


class PlanNoted(Record):
    """`token` is the run's own: after a reset it is another."""

    plan: str = Field(description="Its hash")
    token: str = ""
    planned: list[Effect] = Field(default=[], description="What each part would do, in their order")


class FieldChange(Record):
    """One field of one object, as people read it."""

    of: str = Field(description="System, object and its id or name")
    field: str
    before: Any = None
    after: Any = None


class ChangeRun(Record):
    """What there is to know of a change now. What strangers wrote stands in `changes` alone."""

    run_id: str = Field(description="Workflow id")
    status: ChangeState
    tool: str
    account: str
    changes: list[FieldChange] = []
    more_changes: int = 0
    plan: str = Field(default="", description="Hash of the changes, to which a decision is bound")
    decide_by: AwareDatetime | None = None
    decisions: list[Decision] = []
    approvers: int = 0
    undo: Undoable = Undoable.POSSIBLE
    rule: str = ""
    message: str = ""
    url: str = ""
    asked_at: AwareDatetime
    asker: Asker
    reason: str = ""
    effects: list[Effect] = []
    undone: list[UndoneEffect] = Field(default=[], description="Of an undo: what became of each effect")
