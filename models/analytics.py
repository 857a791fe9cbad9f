"""Cohorts, retention and churn of an account, as asked for, as kept for a day, and as answered."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from models.base import Record
from models.bounds import MOST_COLUMNS

MOST_MONTHS = 180
"""Of history, newest last: so many cohorts fit into the result of a run."""

Metric = Literal["customer_retention", "customer_churn", "net_mrr_retention"]
RelativeTo = Literal["cohort", "previous"]
Status = Literal["ready", "computing"]
Formula = Literal["standard", "shopify", "neither", "unknown"]


def _first_day(value: Any) -> Any:
    return f"{value}-01" if isinstance(value, str) and len(value) == len("2026-10") else value


Month = Annotated[
    date,
    BeforeValidator(_first_day),
    AfterValidator(lambda day: day.replace(day=1)),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}(-\d{2})?$"}),
]
"""`2026-10` or any day of it; its first day."""

Percent = float | None
"""66.6667; None where there is nothing to divide by."""


class Readings(Record):
    """What ChartMogul's definitions leave open. Where the answer disagrees with an account's own charts, the
    other reading may be its."""

    value: Literal["first_month", "ever"] = Field(
        default="first_month",
        description="A cohort's value: New Business of its month, or all that there was",
    )
    returned: Literal["counted", "zero"] = Field(
        default="counted", description="First movement of a customer whose history starts with a reactivation"
    )
    back_and_gone: Literal["left_out", "counted"] = Field(
        default="left_out", description="Who came back and churned again within one period, Standard"
    )
    day_loss: Literal["rows", "net"] = Field(
        default="rows", description="A day's loss: its rows, or net of what came back that day, Shopify"
    )


class Span(Record):
    """Of calendar months, both included."""

    start_month: Month | None = Field(default=None, description="First month; a year before the last one")
    end_month: Month | None = Field(default=None, description="Last month; the running one")
    readings: Readings = Readings()


class CohortWish(Span):
    metric: Metric = Field(default="customer_retention", description="What the percentages are")
    months: int = Field(default=11, ge=0, le=MOST_COLUMNS, description="Months after a cohort's own")
    relative_to: RelativeTo = Field(default="cohort", description="The whole cohort, or the month before")


class ChurnWish(Span):
    """Rates of calendar months."""


class CohortCounts(Record):
    """One cohort, by months since its own. `new_cents` is New Business, `returned_cents` first movements of
    customers whose history starts with a reactivation."""

    month: date
    customers: int
    new_cents: int
    new_ever_cents: int
    returned_cents: int
    active: list[int]
    mrr_cents: list[int]
    ever_churned: list[int]

    def value_cents(self, readings: Readings) -> int:
        new = self.new_cents if readings.value == "first_month" else self.new_ever_cents
        return new + (self.returned_cents if readings.returned == "counted" else 0)


class MonthCounts(Record):
    """One calendar month of the whole account. Shopify's are sums of each day's share."""

    month: date
    customers_before: int
    customers: int
    mrr_before_cents: int
    mrr_cents: int
    churned: int = Field(description="Customers at the start who are none at the end")
    back_and_gone: int = Field(description="None at both, customers before, and active within")
    cents: dict[str, int] = Field(description="Changes of MRR by type of movement")
    churned_daily: float = 0
    churned_daily_net: float = 0
    lost_daily: float = 0
    lost_daily_net: float = 0
    net_lost_daily: float = 0


class Checked(Record):
    """Against ChartMogul's own metrics, of whole months."""

    months: int = 0
    months_off: int = Field(default=0, description="Whose MRR differs by more than a thousandth")
    worst_month: date | None = None
    worst_cents: int = 0
    formula: Formula = Field(default="unknown", description="Which customer churn rate is the account's")


class Book(Record):
    """All that answers are made of: an account's movements, counted once a day."""

    account: str
    source: Literal["warehouse", "chartmogul"]
    currency: str
    time_zone: str
    as_of: AwareDatetime
    movements: int
    unreadable: int = 0
    ahead: int = Field(default=0, description="Movements of the future, left out")
    returned: int = Field(default=0, description="Customers whose history starts with a reactivation")
    otherwise: int = Field(default=0, description="And with neither that nor New Business")
    months: list[MonthCounts]
    cohorts: list[CohortCounts]
    checked: Checked = Checked()


class BookInput(Record):
    account: str
    patience: timedelta = Field(default=timedelta(hours=3), description="ChartMogul's outages included")


class Answer(Record):
    """`computing`: ask again; the run goes on by itself. Money is in hundredths of the account's currency."""

    account: str
    status: Status = "ready"
    run_id: str | None = Field(default=None, description="Of the run that computes")
    message: str = Field(default="", description="How far it is")
    source: Literal["warehouse", "chartmogul"] | None = None
    currency: str = ""
    time_zone: str = ""
    as_of: AwareDatetime | None = None
    notes: list[str] = []


class CohortCell(Record):
    month: int = Field(description="Months since the cohort's own, which is 0")
    percent: Percent
    customers: int = Field(description="With MRR at the month's end")
    mrr_cents: int
    ever_churned: int = Field(description="Have been without MRR at least once by then")
    partial: bool = Field(default=False, description="The month is not over")


class Cohort(Record):
    """None: ChartMogul's list begins later."""

    month: date
    customers: int | None
    value_cents: int | None
    cells: list[CohortCell]


class CohortTable(Answer):
    metric: Metric = "customer_retention"
    relative_to: RelativeTo = "cohort"
    cohorts: list[Cohort] = []


class RetentionMonth(Record):
    """All cohorts that are so old, added up: later ones are not in it, nor in what it is compared with."""

    month: int
    cohorts: int
    cohort_customers: int
    customers: int
    customer_retention_percent: Percent
    value_cents: int
    mrr_cents: int
    net_mrr_retention_percent: Percent
    ever_churned: int


class RetentionTable(Answer):
    relative_to: RelativeTo = "cohort"
    months: list[RetentionMonth] = []


class ChurnMonth(Record):
    """By both formulas. None: ChartMogul's list begins later, or nobody was there at the month's start."""

    month: date
    customers_before: int | None
    churned: int | None
    customer_churn_percent: Percent
    customer_churn_shopify_percent: Percent
    mrr_before_cents: int | None
    gross_mrr_churn_percent: Percent
    gross_mrr_churn_shopify_percent: Percent
    net_mrr_churn_percent: Percent
    net_mrr_churn_shopify_percent: Percent
    partial: bool = False


class ChurnTable(Answer):
    formula: Formula = Field(default="unknown", description="Which customer churn ChartMogul shows, too")
    months: list[ChurnMonth] = []
