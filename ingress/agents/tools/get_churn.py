"""D3: who left."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import source_of, tool
from ingress.agents.tools.arguments import Account, Cursor, End, Limit, Start
from ingress.agents.tools.hints import READS
from models.reads.movements import Churn
from operations.reads.churn import churn
from operations.reads.pages import Wanted


@tool
async def get_churn(
    caller: Caller,
    start_date: Start,
    end_date: End,
    min_cents: Annotated[int, Field(ge=0, description="Leave out smaller losses")] = 0,
    include_scheduled: Annotated[bool, Field(description="Also who is going to leave")] = False,
    limit: Limit = 10,
    cursor: Cursor = "",
    account: Account = "",
) -> Churn:
    source = source_of(caller, account)
    wanted = Wanted(["churn", source.account, start_date, end_date, min_cents], limit, cursor)
    attribute = caller.agents.reason_attribute
    return await churn(
        source, start_date, end_date, wanted, min_cents, attribute, include_scheduled=include_scheduled
    )


TOOL = Tool(
    name="get_churn",
    description="MRR lost by churn, rates by month, and who left, largest first: cents, plan, tenure, "
    "reason where a custom attribute has one.",
    scope="metrics.read",
    hints=READS,
    call=get_churn,
)
