"""D5: subscriptions."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import source_of, tool
from ingress.agents.tools.arguments import Account, Cursor, Limit, bounded
from ingress.agents.tools.hints import READS
from models.reads.subscriptions import Subscriptions
from operations.reads.pages import Wanted
from operations.reads.subscriptions import Status, of_account, of_customer


@tool
async def list_subscriptions(
    caller: Caller,
    customer: Annotated[str, Field(description="As elsewhere; all where empty"), bounded(1000)] = "",
    status: Status = "active",
    limit: Limit = 25,
    cursor: Cursor = "",
    account: Account = "",
) -> Subscriptions:
    source = source_of(caller, account)
    wanted = Wanted(["subscriptions", source.account, customer, status], limit, cursor)
    if customer:
        return await of_customer(source, customer, status, wanted)
    return await of_account(source, status, wanted)


TOOL = Tool(
    name="list_subscriptions",
    description="Subscriptions with plan, cents, cycle, start. current_period_end is no cancellation. "
    "Without customer a page has up to 25 customers' and no totals.",
    scope="customers.read",
    hints=READS,
    call=list_subscriptions,
)
