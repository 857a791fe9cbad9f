"""D4: MRR movements."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import source_of, tool
from ingress.agents.tools.arguments import NOTHING, Account, Cursor, End, Limit, Start
from ingress.agents.tools.hints import READS
from models.reads.movements import Movements
from operations.reads.movements import GroupBy, Type, movements
from operations.reads.pages import Wanted


@tool
async def get_mrr_movements(
    caller: Caller,
    start_date: Start,
    end_date: End,
    types: Annotated[list[Type], Field(description="All where empty")] = NOTHING,
    group_by: GroupBy = "type",
    limit: Limit = 25,
    cursor: Cursor = "",
    account: Account = "",
) -> Movements:
    source = source_of(caller, account)
    wanted = Wanted(
        ["movements", source.account, start_date, end_date, sorted(types), group_by], limit, cursor
    )
    return await movements(source, start_date, end_date, types, group_by, wanted)


TOOL = Tool(
    name="get_mrr_movements",
    description="Changes of MRR in cents: total, and by group; rows, newest first, with group_by none. "
    "Totals cover all rows, not the page.",
    scope="metrics.read",
    hints=READS,
    call=get_mrr_movements,
)
