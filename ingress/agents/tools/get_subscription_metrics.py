"""D1: metrics by date."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import source_of, tool
from ingress.agents.tools.arguments import NOTHING, OR_NONE, Account, End, Start
from ingress.agents.tools.hints import READS
from models.metrics import Country, Interval, MetricFilter, MetricName, Value
from models.reads.metrics import SubscriptionMetrics
from operations.reads.metrics import metrics as read
from operations.reads.metrics import query_of


@tool
async def get_subscription_metrics(
    caller: Caller,
    metrics: Annotated[list[MetricName], Field(min_length=1)],
    start_date: Start,
    end_date: End,
    interval: Interval = "month",
    plans: Annotated[list[Value], Field(description="Names or ids", max_length=50)] = NOTHING,
    countries: Annotated[list[Country], Field(description="Such as DE", max_length=50)] = NOTHING,
    filter: Annotated[MetricFilter | None, OR_NONE] = None,
    account: Account = "",
) -> SubscriptionMetrics:
    query = query_of(start_date, end_date, interval, plans, countries, filter)
    return await read(source_of(caller, account), metrics, query, end_date)


TOOL = Tool(
    name="get_subscription_metrics",
    description="Metrics by date with a summary. Money in cents, rates in percent; mrr_churn_rate is net."
    " mrr alone comes with its parts.",
    scope="metrics.read",
    hints=READS,
    call=get_subscription_metrics,
)
