"""ChartMogul's metrics: which there are, in which units, and of whom they are asked for."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

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


MOST_VALUES, LONGEST_VALUE = 50, 255
"""Of one question: they stand in its address."""


def _unbroken(value: str) -> str:
    if not 0 < len(value) <= LONGEST_VALUE or not value.isprintable() or set(value) & set("'~,&"):
        raise ValueError("a value has up to 255 letters, and none of ' ~ , &")
    return value


Value = Annotated[str, AfterValidator(_unbroken)]
"""Of a filter: nothing in it ends it."""

Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]


class CustomValue(Record):
    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, StringConstraints(pattern=r"^\w{1,100}$")]
    value: Value


class MetricFilter(Record):
    """Customers for whom all holds; of a list any one"""

    model_config = ConfigDict(extra="forbid")

    tags: list[Value] = []
    plan_groups: list[Value] = []
    customer_statuses: list[Literal["Active", "Past_Due", "Cancelled"]] = []
    currencies: list[Currency] = []
    regions: list[Value] = []
    least_quantity: int = Field(default=0, ge=0)
    most_quantity: int = Field(default=0, ge=0, description="0: no bound")
    custom: list[CustomValue] = []

    @model_validator(mode="after")
    def _fits_into_an_address(self) -> Self:
        texts = [*self.tags, *self.plan_groups, *self.currencies, *self.regions]
        if len(texts) + len(self.custom) > MOST_VALUES:
            raise ValueError(f"a filter has up to {MOST_VALUES} values")
        return self


class MetricQuery(Record):
    """`plans` by name, uuid or external id. Both dates are included, in the account's zone."""

    start_date: str
    end_date: str
    interval: Interval = "month"
    plans: list[Value] = []
    countries: list[Country] = []
    filter: MetricFilter = MetricFilter()
