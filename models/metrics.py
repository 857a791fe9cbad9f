"""ChartMogul's metrics: which there are, in which units, and of whom they are asked for."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from models.base import Record

MetricName = Literal[
    "mrr", "arr", "arpa", "asp", "customer_count", "customer_churn_rate", "mrr_churn_rate", "ltv"
]
Interval = Literal["day", "week", "month", "quarter", "year"]
Unit = Literal["cents", "customers", "percent"]

FIELDS: dict[str, str] = {
    "mrr": "mrr_cents",
    "arr": "arr_cents",
    "arpa": "arpa_cents",
    "asp": "asp_cents",
    "customer_count": "customers",
    "customer_churn_rate": "customer_churn_percent",
    "mrr_churn_rate": "net_mrr_churn_percent",
    "ltv": "ltv_cents",
}
"""As answers call them: each name says its unit."""


def unit_of(metric: str) -> Unit:
    field = FIELDS[metric]
    return "customers" if field == "customers" else "percent" if field.endswith("percent") else "cents"


Value = Annotated[str, StringConstraints(pattern=r"^[^'~,&\x00-\x1f]{1,255}$")]
"""Of a filter: nothing in it ends it."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class CustomValue(Record):
    model_config = ConfigDict(extra="forbid")

    key: str = Field(pattern=r"^[A-Za-z0-9_]{1,100}$")
    value: Value


class MetricFilter(Record):
    """Which customers count: all conditions hold. Of a list any one will do."""

    model_config = ConfigDict(extra="forbid")

    tags: list[Value] = Field(default=[], max_length=20)
    plan_groups: list[Value] = Field(default=[], max_length=20)
    customer_statuses: list[Literal["Active", "Past_Due", "Cancelled"]] = []
    currencies: list[Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]] = Field(
        default=[], max_length=20
    )
    regions: list[Value] = Field(default=[], max_length=20)
    least_quantity: int | None = Field(default=None, ge=0)
    most_quantity: int | None = Field(default=None, ge=0)
    custom: list[CustomValue] = Field(default=[], max_length=10)


class MetricQuery(Record):
    """`plans` by name, uuid or external id. Both dates are included, in the account's zone."""

    start_date: str
    end_date: str
    interval: Interval = "month"
    plans: list[Value] = []
    countries: list[Country] = []
    filter: MetricFilter = MetricFilter()
