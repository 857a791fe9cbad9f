"""D6: cohorts."""

from typing import Annotated

from pydantic import Field
from temporalio.client import Client

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import source_of, tool
from ingress.agents.tools.arguments import Account, Cursor, Limit
from ingress.agents.tools.hints import READS
from models.reads.cohorts import CohortMetric, Cohorts, RelativeTo
from operations.reads.cohorts import MOST_MONTHS, cohorts
from operations.reads.pages import Wanted

Month = Annotated[str, Field(pattern=r"^(\d{4}-[01]\d)?$", description="Such as 2026-10")]


@tool
async def get_cohorts(
    caller: Caller,
    metric: CohortMetric = "customer_retention",
    start_month: Month = "",
    end_month: Month = "",
    months: Annotated[int, Field(ge=0, le=MOST_MONTHS, description="After a cohort's own")] = 11,
    relative_to: RelativeTo = "cohort",
    limit: Limit = 25,
    cursor: Cursor = "",
    account: Account = "",
) -> Cohorts:
    source = source_of(caller, account)
    wanted = Wanted(
        ["cohorts", source.account, metric, start_month, end_month, months, relative_to], limit, cursor
    )

    async def connected() -> Client:
        return caller.temporal

    months_of = start_month, end_month, months
    return await cohorts(caller.settings, source, metric, *months_of, relative_to, wanted, connected)


TOOL = Tool(
    name="get_cohorts",
    description="Cohorts by month of first subscription: percent, active customers and MRR cents by "
    "months since. status computing: ask again in a minute.",
    scope="metrics.read",
    hints=READS,
    call=get_cohorts,
)
