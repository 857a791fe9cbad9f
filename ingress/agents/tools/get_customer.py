"""D2: one customer."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import source_of, tool
from ingress.agents.tools.arguments import NOTHING, Account, Named
from ingress.agents.tools.hints import READS
from models.reads.customers import CustomerAnswer
from operations.reads.customers import Part
from operations.reads.customers import customer as read


@tool
async def get_customer(
    caller: Caller,
    customer: Named,
    include: Annotated[list[Part], Field(description="What else to tell, 50 newest each")] = NOTHING,
    account: Account = "",
) -> CustomerAnswer:
    return await read(source_of(caller, account), customer, include)


TOOL = Tool(
    name="get_customer",
    description="One customer: plan, billing cycle, MRR and ARR in cents, status, owner, tags, link.",
    scope="customers.read",
    hints=READS,
    call=get_customer,
)
