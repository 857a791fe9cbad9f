"""A4: tags of one customer."""

from typing import Annotated

from pydantic import Field

from ingress.agents.declaration import Caller, Tool, ToolFailed
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import NOTHING, Account, DryRun, Key, Named, Reason
from ingress.agents.tools.hints import OVERWRITES
from models.changes import MOST_TAGS, Tag, TagChange
from models.reads.run import RunAnswer
from operations.reads.customers import meant

NAME = "change_tags"


@tool
async def change_tags(
    caller: Caller,
    customer: Named,
    reason: Reason,
    add: Annotated[list[Tag], Field(max_length=MOST_TAGS)] = NOTHING,
    remove: Annotated[list[Tag], Field(max_length=MOST_TAGS)] = NOTHING,
    dry_run: DryRun = False,
    idempotency_key: Key = "",
    account: Account = "",
) -> RunAnswer:
    source = source_of(caller, account)
    if not (add or remove) or {*add} & {*remove}:
        raise ToolFailed("invalid_arguments", "Name each tag once, and one at least.")
    found = await meant(source, customer)
    wanted = TagChange(
        customer_uuid=found.uuid, add=list(dict.fromkeys(add)), remove=list(dict.fromkeys(remove))
    )
    return await change(
        caller, source, NAME, wanted, reason, dry_run=dry_run, idempotency_key=idempotency_key
    )


TOOL = Tool(
    name=NAME,
    description="Adds and removes tags of one customer: a run that can be undone.",
    scope="customers.write",
    hints=OVERWRITES,
    call=change_tags,
)
