"""A5: one customer less."""

from typing import Annotated, Literal

from pydantic import Field

from ingress.agents.declaration import Caller, Tool, ToolFailed
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import Account, DryRun, Key, Named, Reason, bounded
from ingress.agents.tools.hints import OVERWRITES
from models.changes import CustomerDeletion, CustomerMerge
from models.reads.run import RunAnswer
from operations.reads.account import Source
from operations.reads.customers import meant

NAME = "merge_or_delete_customer"


@tool
async def merge_or_delete_customer(
    caller: Caller,
    action: Literal["merge", "delete"],
    customer: Named,
    reason: Reason,
    into: Annotated[str, Field(description="Of a merge: who stays"), bounded(1000)] = "",
    dry_run: DryRun = False,
    idempotency_key: Key = "",
    account: Account = "",
) -> RunAnswer:
    source = source_of(caller, account)
    wanted = await (
        _merge(source, customer, into) if action == "merge" else _deletion(source, customer, into)
    )
    return await change(
        caller, source, NAME, wanted, reason,
        action=action, dry_run=dry_run, idempotency_key=idempotency_key,
    )  # fmt: skip


async def _merge(source: Source, customer: str, into: str) -> CustomerMerge:
    if not into:
        raise ToolFailed("invalid_arguments", "A merge needs into.")
    gone, stays = await meant(source, customer), await meant(source, into)
    if gone.uuid == stays.uuid:
        raise ToolFailed("invalid_arguments", "They are one customer already.")
    return CustomerMerge(customer_uuid=gone.uuid, into_uuid=stays.uuid)


async def _deletion(source: Source, customer: str, into: str) -> CustomerDeletion:
    if into:
        raise ToolFailed("invalid_arguments", "A deletion takes no into.")
    return CustomerDeletion(customer_uuid=(await meant(source, customer)).uuid)


TOOL = Tool(
    name=NAME,
    description="Merges customer into another, or deletes it with its history. People decide. A merge can"
    " be undone in part, a deletion cannot.",
    scope="customers.admin",
    hints=OVERWRITES,
    call=merge_or_delete_customer,
)
