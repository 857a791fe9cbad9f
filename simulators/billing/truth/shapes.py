"""What the side door takes: `PUT /control/books`. Amounts are in the currency's smallest unit."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

System = Literal["stripe", "chargebee", "recurly"]
Standing = Literal["future", "incomplete", "trialing", "active", "past_due", "unpaid", "paused", "canceled"]
Deviation = Literal[
    "none",
    "not_imported",
    "import_error",
    "tax_not_imported",
    "fee_as_subscription",
    "usage_with_period",
    "proration_without_flag",
    "edited",
    "second_source",
    "moved",
    "gone_in_billing",
    "trial_billed",
    "full_refund_dropped",
    "odd_amount",
]
"""What ChartMogul has otherwise than its rules make of the truth. `edited`: a person set `deviates_to`.
`odd_amount`: the line has `deviates_to`, and nothing says why. `moved`: it counts as `moved_from`."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Coupon(_Shape):
    id: str
    percent: Decimal | None = None
    amount: int | None = None
    duration: Literal["once", "repeating", "forever"] = "forever"
    months: int | None = None
    start: AwareDatetime


class Tier(_Shape):
    """Units up to `up_to`, and what each of them costs."""

    up_to: int | None = None
    unit: int
    flat: int = 0


class TrueSubscription(_Shape):
    """Its current period was billed at `period_start`: with a set-up fee and the usage of the period before,
    and at `upgraded_at` by proration. `quantity_agreed` is what holds since, and no invoice says so yet.
    `unit_later` was agreed at `changed_at`, which may be after the cut."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")
    system: System
    customer: str = Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")
    company: str = ""
    email: str = ""
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    plan: str = "standard"
    unit: int = Field(ge=0)
    quantity: int = Field(default=1, ge=0)
    tiers: list[Tier] = []
    interval: Literal["day", "week", "month", "year"] = "month"
    interval_count: int = Field(default=1, ge=1)
    standing: Standing = "active"
    started_at: AwareDatetime
    period_start: AwareDatetime
    period_end: AwareDatetime
    trial_ends_at: AwareDatetime | None = None
    paused_at: AwareDatetime | None = None
    cancel_asked_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    owed_since: AwareDatetime | None = None
    coupon: Coupon | None = None
    tax_percent: Decimal | None = None
    tax_included: bool = False
    set_up_fee: int = 0
    usage: int = 0
    upgraded_at: AwareDatetime | None = None
    upgraded_unit: int | None = None
    quantity_agreed: int | None = None
    unit_later: int | None = None
    changed_at: AwareDatetime | None = None
    pending_unit: int | None = None
    refunded: int = 0
    credited: int = 0
    disputed: bool = False
    rate: Decimal = Field(default=Decimal(1), description="Account currency per unit at the period's start")
    rate_first: Decimal | None = Field(default=None, description="The same when it began")
    counted_under: str | None = Field(
        default=None, description="Customer into whom ChartMogul merged its own"
    )
    deviation: Deviation = "none"
    deviates_to: int | None = None
    moved_from: str | None = None
    corrected: dict[str, dict[str, Any]] = Field(
        default={}, description="Fields that a person has set in ChartMogul, by the kind of the line"
    )
    disabled: list[str] = Field(default=[], description="Uuids of invoices in ChartMogul")


class Books(_Shape):
    """`alone`: lists show nothing of the seed's. Of `arrivals` one appears, and of `touched` one is changed,
    with each page of subscriptions that is read. `cap`: their list ends there without a word."""

    subscriptions: list[TrueSubscription] = Field(default=[], max_length=200_000)
    alone: bool = True
    arrivals: list[TrueSubscription] = []
    touched: list[str] = []
    cap: int | None = Field(default=None, ge=1)
    counts_from: Literal["open", "paid"] = "open"
    auto_churn_days: int | None = None
    pending_imports: int = 0
