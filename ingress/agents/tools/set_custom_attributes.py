"""A3: custom attributes of one customer."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ingress.agents.declaration import Caller, Tool, ToolFailed
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import NOTHING, Account, DryRun, Key, Named, Reason
from ingress.agents.tools.hints import OVERWRITES
from models.base import Record
from models.changes import MOST_KEYS, AttributeChange, AttributeKey, AttributeValue
from models.reads.run import RunAnswer
from operations.reads.customers import meant

NAME = "set_custom_attributes"


class GivenAttribute(Record):
    """A Timestamp as ISO 8601 text."""

    model_config = ConfigDict(extra="forbid")

    key: AttributeKey
    value: str | bool | int | float
    type: Literal["String", "Integer", "Decimal", "Timestamp", "Boolean"] = "String"


@tool
async def set_custom_attributes(
    caller: Caller,
    customer: Named,
    reason: Reason,
    set: Annotated[list[GivenAttribute], Field(max_length=MOST_KEYS)] = NOTHING,
    remove: Annotated[list[AttributeKey], Field(max_length=MOST_KEYS)] = NOTHING,
    dry_run: DryRun = False,
    idempotency_key: Key = "",
    account: Account = "",
) -> RunAnswer:
    source = source_of(caller, account)
    keys = [*(each.key for each in set), *remove]
    if not keys or len(keys) > len({*keys}):
        raise ToolFailed("invalid_arguments", "Name each attribute once, and one at least.")
    found = await meant(source, customer)
    values = [AttributeValue.model_validate(each.model_dump()) for each in set]
    wanted = AttributeChange(customer_uuid=found.uuid, set=values, remove=remove)
    return await change(
        caller, source, NAME, wanted, reason, dry_run=dry_run, idempotency_key=idempotency_key
    )


TOOL = Tool(
    name=NAME,
    description="Sets and removes custom attributes of one customer: a run that can be undone.",
    scope="customers.write",
    hints=OVERWRITES,
    call=set_custom_attributes,
)
