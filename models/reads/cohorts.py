"""Cohorts, short: a list for each kind of number, by months since the cohort's own."""

from datetime import date
from typing import Literal

from pydantic import Field

from models.base import Record
from models.reads.answer import Paged

CohortMetric = Literal["customer_retention", "customer_churn", "net_mrr_retention"]
RelativeTo = Literal["cohort", "previous"]


class CohortRow(Record):
    """Of month 0 first. None where ChartMogul's list begins later, or there is nothing to divide by."""

    month: str
    customers: int | None = None
    value_cents: int | None = None
    percent: list[float | None] = []
    active: list[int] = Field(default=[], description="Customers with MRR at the month's end")
    mrr_cents: list[int] = []
    partial: bool = Field(default=False, description="The last month is not over")


class Cohorts(Paged):
    """`computing`: ask again; `message` says how far it is."""

    status: Literal["ready", "computing"] = "ready"
    run_id: str | None = None
    message: str = ""
    metric: CohortMetric
    relative_to: RelativeTo = "cohort"
    cohorts: list[CohortRow] = []
    until: date | None = None
