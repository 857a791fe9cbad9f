"""A1: a new customer, or fields of one."""

from typing import Annotated

from pydantic import ConfigDict, Field

from ingress.agents.declaration import Caller, Tool, ToolFailed
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import Account, DryRun, Key, Reason, bounded
from ingress.agents.tools.hints import OVERWRITES
from models.base import Record
from models.changes import CustomerSave
from models.reads.run import RunAnswer
from operations.reads.customers import meant

Text = Annotated[str, bounded(255)]
NAME = "save_customer"
IDENTITY = {"data_source_uuid", "external_id"}


class CustomerFields(Record):
    """What is left out stays; empty text clears. A new one needs data_source_uuid and external_id"""

    model_config = ConfigDict(extra="forbid")

    data_source_uuid: Text = ""
    external_id: Text = ""
    name: Text = ""
    email: Text = ""
    company: Text = ""
    country: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = ""
    state: Text = ""
    city: Text = ""
    zip: Text = ""
    owner: Annotated[str, Field(description="E-mail of a member"), bounded(255)] = ""
    website_url: Text = ""


@tool
async def save_customer(
    caller: Caller,
    customer: CustomerFields,
    reason: Reason,
    customer_uuid: Annotated[str, Field(description="Of the one to change; a new one without")] = "",
    dry_run: DryRun = False,
    idempotency_key: Key = "",
    account: Account = "",
) -> RunAnswer:
    source = source_of(caller, account)
    given = customer.model_dump(exclude_unset=True)
    fields = {name: value or None for name, value in given.items() if name not in IDENTITY}
    if customer_uuid:
        if IDENTITY & given.keys():
            raise ToolFailed("invalid_arguments", "Data source and external id of a customer stay.")
        found = await meant(source, customer_uuid)
        wanted = CustomerSave(customer_uuid=found.uuid, fields=fields)
    else:
        if not (customer.data_source_uuid and customer.external_id):
            raise ToolFailed("invalid_arguments", "A new customer needs data_source_uuid and external_id.")
        wanted = CustomerSave(fields=fields, **{name: given[name] for name in IDENTITY})
    return await change(
        caller, source, NAME, wanted, reason, action="change" if customer_uuid else "create",
        dry_run=dry_run, idempotency_key=idempotency_key,
    )  # fmt: skip


TOOL = Tool(
    name=NAME,
    description="Changes fields of a customer, or makes a new one: a run that may wait for a person, and "
    "is read back.",
    scope="customers.write",
    hints=OVERWRITES,
    call=save_customer,
)
