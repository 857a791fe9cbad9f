"""What is read of each system for a month: one row per record, as the vendor says it, in one shape for all.

Amounts are in the smallest unit of their currency (cents, yen, fils), exact where the vendor is. A field that
a vendor does not tell is None or empty: what the judge does not see in a record, it never assumes.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from models.base import Record
from models.money import Currency

Minor = Annotated[int, Field(ge=-(10**17), le=10**17)]
ExactMinor = Annotated[Decimal, Field(allow_inf_nan=False, ge=-(10**17), le=10**17)]
Side = Literal["chartmogul", "billing", "accounting"]
Interval = Literal["day", "week", "month", "year"]


# -- billing: subscriptions


class Standing(StrEnum):
    """`incomplete`: the first payment never went well. `ended` of whatever reason."""

    FUTURE = "future"
    INCOMPLETE = "incomplete"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    ENDED = "ended"


class ItemKind(StrEnum):
    RECURRING = "recurring"
    ONE_TIME = "one_time"
    METERED = "metered"


class BillingItem(Record):
    """`amount` is what one interval costs: quantity, tiers and flat fees included, before discounts; with the
    tax of `tax_included` per cent in it, where that is set."""

    id: str
    plan: str = Field(default="", description="Price or plan id, as ChartMogul's plan_external_id has it")
    name: str = ""
    kind: ItemKind = ItemKind.RECURRING
    amount: ExactMinor
    quantity: Decimal = Decimal(1)
    interval: Interval = "month"
    interval_count: int = Field(default=1, ge=1)
    tax_included: Decimal | None = Field(default=None, description="Per cent")
    tax_on_top: Decimal | None = Field(default=None, description="Per cent")


class BillingDiscount(Record):
    """Of one item or of all. `amount` is taken once per invoice. In force from `start` on, before `end`."""

    id: str
    item: str | None = None
    percent: Decimal | None = None
    amount: ExactMinor | None = None
    duration: Literal["once", "repeating", "forever"]
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    in_own_mrr: bool | None = Field(default=None, description="What the vendor says of its own MRR")


class BillingSubscription(Record):
    """`earlier` is the same at the cut, where the vendor's events tell what changed since then; None with
    `changed_at` after the cut: nobody can say what it was."""

    system: str
    site: str = Field(description="Name of the connection in the settings")
    id: str
    customer_id: str
    email: str = ""
    customer_name: str = ""
    currency: Currency
    standing: Standing
    status: str = Field(default="", description="The vendor's word")
    items: list[BillingItem] = []
    discounts: list[BillingDiscount] = []
    created_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    trial_started_at: AwareDatetime | None = None
    trial_ends_at: AwareDatetime | None = None
    period_start: AwareDatetime | None = None
    period_end: AwareDatetime | None = None
    cancel_asked_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = Field(default=None, description="It will end then, by a cancellation")
    ended_at: AwareDatetime | None = None
    paused_at: AwareDatetime | None = None
    past_due_since: AwareDatetime | None = None
    changed_at: AwareDatetime | None = None
    pending: list[BillingItem] | None = Field(default=None, description="Terms agreed for later")
    pending_at: AwareDatetime | None = None
    first_invoice_open: bool | None = None
    own_mrr: ExactMinor | None = Field(default=None, description="The vendor's own figure, where it has one")
    link: str = ""
    earlier: "BillingSubscription | None" = None


# -- documents and cash, of all three sides


class DocumentKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    SALES_RECEIPT = "sales_receipt"
    REFUND_RECEIPT = "refund_receipt"
    JOURNAL = "journal"


class DocumentStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOIDED = "voided"
    WRITTEN_OFF = "written_off"
    DELETED = "deleted"


class DocumentLine(Record):
    """What it bills, only billing tells, and what people did by hand, only ChartMogul. Snapshots that were
    written before it was asked for have none of it. `kind` is the line's own word; where it has none its
    item's may tell."""

    net: ExactMinor
    tax: ExactMinor | None = None
    tax_percent: Decimal | None = None
    tax_inside: bool | None = Field(default=None, description="Whether the vendor's price has it in it")
    id: str = ""
    subscription: str = Field(default="", description="As a BillingSubscription's id")
    item: str = Field(default="", description="As a BillingItem's id; empty where it is of none")
    plan: str = Field(default="", description="Price or plan id")
    kind: ItemKind | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    prorated: bool | None = None
    by_hand: bool = Field(default=False, description="A person made it")
    before_edit: ExactMinor | None = Field(default=None, description="With tax, before a person edited it")


class Document(Record):
    """An invoice or what takes of it. A credit note's amounts are positive: its kind has the sign."""

    side: Side
    system: str
    site: str
    id: str
    kind: DocumentKind
    number: str = ""
    status: DocumentStatus
    dated: date | None = Field(default=None, description="As printed; accounting has no instant")
    at: AwareDatetime | None = None
    currency: Currency
    total: Minor = Field(description="With tax")
    tax: Minor | None = None
    due: Minor | None = None
    home_total: Minor | None = Field(default=None, description="In accounting's home currency")
    home_currency: Currency | None = None
    rate: Decimal | None = Field(default=None, description="Home units per unit of `currency`")
    from_balance: Minor = Field(default=0, description="Paid by the customer's balance or a credit note")
    lines: list[DocumentLine] = Field(default=[], max_length=10_000)
    references: list[str] = Field(default=[], description="Numbers and ids in notes, references and memos")
    links: list[str] = Field(default=[], description="Ids of what it is applied to, on its own side")
    customer_id: str = ""
    customer_name: str = ""
    email: str = ""
    created_at: AwareDatetime | None = None
    changed_at: AwareDatetime | None = None
    link: str = ""


class CashKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    DEPOSIT = "deposit"


class CashEntry(Record):
    """`amount` is gross and positive: its kind has the sign. A payout's is what arrives at the bank."""

    side: Side
    system: str
    site: str
    id: str
    kind: CashKind
    failed: bool = False
    voided: bool = False
    dated: date | None = None
    at: AwareDatetime | None = None
    currency: Currency
    amount: Minor
    fee: Minor | None = None
    home_amount: Minor | None = None
    home_currency: Currency | None = None
    rate: Decimal | None = None
    unapplied: Minor = 0
    documents: list[str] = Field(default=[], description="Ids or numbers of what it pays")
    payout: str = ""
    references: list[str] = []
    customer_id: str = ""
    customer_name: str = ""
    link: str = ""


# -- ChartMogul


class SourceSettings(Record):
    """A data source of ChartMogul, with the settings that decide what counts. None: it does not say."""

    uuid: str
    name: str
    system: str
    status: str = ""
    pending: int | None = None
    failed: int | None = None
    auto_churn_days: int | None = None
    counts_from: Literal["open", "paid"] | None = Field(
        default=None, description="State of a first invoice from which a subscription counts"
    )


class AccountSettings(Record):
    name: str = ""
    currency: Currency
    time_zone: str
    churn_recognition: str | None = None
    churn_when_zero_mrr: bool | None = None
    refund_handling: str | None = None
    sources: list[SourceSettings] = []


class CountedTransaction(Record):
    id: str
    kind: Literal["payment", "refund"]
    at: AwareDatetime | None = None
    failed: bool = False
    amount: int | None = Field(default=None, description="Hundredths; None: all of the invoice")


class CountedLine(Record):
    """A line of an invoice in ChartMogul, with what is needed of its invoice. Hundredths of `currency`."""

    line: str
    line_external_id: str = ""
    invoice: str
    invoice_external_id: str = ""
    source: str = Field(description="Uuid of the data source")
    customer: str
    customer_external_id: str = ""
    subscription: str = ""
    subscription_external_id: str = ""
    set_external_id: str = ""
    plan: str = ""
    kind: Literal["subscription", "one_time"]
    currency: Currency
    amount: int
    tax: int = 0
    discount: int = 0
    quantity: Decimal = Decimal(1)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    prorated: bool = False
    proration: str = ""
    invoice_at: AwareDatetime | None = None
    invoice_status: str = ""
    errors: list[str] = []
    disabled: bool = False
    by_hand: bool = Field(default=False, description="A person made or edited it")
    amount_before_edit: int | None = None
    transactions: list[CountedTransaction] = []


class CountedSubscription(Record):
    """What ChartMogul counts of a subscription at the cut, in hundredths of the account's currency.

    `by_movements` sums them and is None in a foreign currency, where it is not the MRR. `by_view` is the
    subscription as it is when it is read, None where it was not asked for.
    """

    source: str
    customer: str
    subscription_external_id: str
    set_external_id: str = ""
    subscription: str = ""
    plan: str = ""
    currency: Currency
    by_movements: int | None = None
    by_view: int | None = None
    late: int = Field(
        default=0,
        description="Of movements before the cut that came after the snapshot; it is told where it is judged",
    )
    last_movement_at: AwareDatetime | None = None
    last_movement: str = ""
    future: int = Field(default=0, description="Of movements dated after the cut")


class CountedCustomer(Record):
    uuid: str
    name: str = ""
    email: str = ""
    external_ids: list[str] = []
    sources: list[str] = []
    merged_from: list[str] = Field(default=[], description="Uuids that were merged into it")
    mrr: int | None = None
    link: str = ""


# -- a whole reading


class Control(Record):
    """One count against another one. `expected` is None where the vendor has no way to tell. `read` counts
    each record once; `twice` are rows that came again."""

    what: str
    read: int
    expected: int | None = None
    twice: int = 0
    how: str = Field(description="count query, HEAD total, second pass …")

    @property
    def closes(self) -> bool:
        return self.expected is None or self.read == self.expected


class TableFile(Record):
    """One Parquet file of a snapshot: a row for each record."""

    table: str
    file: str = Field(description="Name within the snapshot's folder")
    rows: int
    sha256: str


class Reading(Record):
    """One system of a snapshot. `changed_while_read` names records that two pages tell differently."""

    system: str
    site: str
    began_at: AwareDatetime
    ended_at: AwareDatetime
    calls: int = 0
    controls: list[Control] = []
    files: list[TableFile] = []
    left_out: list[str] = Field(default=[], description="Records that cannot be read, the first of them")
    changed_while_read: list[str] = []

    @property
    def closes(self) -> bool:
        """Nothing is missing, and nothing came twice where nobody counts."""
        return all(each.closes and (each.expected is not None or not each.twice) for each in self.controls)

    @property
    def is_complete(self) -> bool:
        return self.closes and not self.left_out

    def serves(self, cut: "MonthCut") -> bool:
        """Whether it need not be read again: what was read before the month's end does not show it."""
        return self.is_complete and self.began_at >= cut.end


class MonthCut(Record):
    """A month in the account's zone: start <= instant < end."""

    period: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    time_zone: str
    start: AwareDatetime
    end: AwareDatetime


class MonthMrr(Record):
    period: str
    mrr: int


class AccountSheet(Record):
    """What ChartMogul says of the whole account, in hundredths of its currency."""

    mrr: int | None = Field(default=None, description="/metrics/mrr of the last day")
    movements: int | None = Field(default=None, description="Sum of all movements before the cut")
    months: list[MonthMrr] = Field(default=[], description="/metrics/mrr at the ends of months before")
