"""MRR movements of the account: who came, grew, shrank, left, returned."""

from datetime import date

from pydantic import AwareDatetime

from models.base import Record
from models.foreign import Foreign
from models.reads.answer import Paged, Word


class Total(Record):
    movements: int = 0
    net_cents: int = 0
    cents_by_type: dict[str, int] = {}


class Group(Total):
    """`key` is a type, a month, a plan's external id or a customer's uuid."""

    key: Foreign
    customer: Foreign | None = None


class MovementRow(Record):
    date: AwareDatetime
    type: Word
    cents: int
    customer_uuid: Word
    customer: Foreign | None = None
    plan: Foreign | None = None
    description: Foreign = Foreign("")
    mrr_after_cents: int | None = None


class Movements(Paged):
    """`groups` or `rows`, as asked for. `metrics_net_cents` is what ChartMogul's own metrics say of the same
    days, where that can be compared."""

    start_date: date
    end_date: date
    total: Total
    groups: list[Group] | None = None
    rows: list[MovementRow] | None = None
    metrics_net_cents: int | None = None


class Rates(Record):
    """As ChartMogul counts them, by the account's own formula."""

    month_end: date
    customer_churn_percent: float | None = None
    net_mrr_churn_percent: float | None = None


class ChurnRow(Record):
    date: AwareDatetime
    cents: int
    customer_uuid: Word
    customer: Foreign | None = None
    plan: Foreign | None = None
    tenure_days: int | None = None
    reason: Foreign | None = None


class ScheduledCancellation(Record):
    effective_date: AwareDatetime
    decided_at: AwareDatetime | None = None
    customer_external_id: Foreign | None = None
    subscription_external_id: Foreign | None = None
    data_source_uuid: Word | None = None


class Churn(Paged):
    """`lost_cents` is below zero."""

    start_date: date
    end_date: date
    lost_cents: int
    churned_customers: int
    rates: list[Rates]
    rows: list[ChurnRow]
    scheduled: list[ScheduledCancellation] | None = None
