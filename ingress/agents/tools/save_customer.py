"""A1: a new customer, or fields of one."""

from typing import Annotated

from pydantic import ConfigDict, Field

from ingress.agents.declaration import Caller, Tool, ToolFailed
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import Account, DryRun, Key, Reason
from ingress.agents.tools.hints import OVERWRITES
from models.base import Record
from models.changes import CustomerSave
from models.reads.run import RunAnswer
from operations.reads.customers import meant

Text = Annotated[str, Field(max_length=255)]
NAME = "save_customer"
IDENTITY = {"data_source_uuid", "external_id"}


class CustomerFields(Record):
    """Those left out stay as they are. A new one needs data_source_uuid and external_id."""

    model_config = ConfigDict(extra="forbid")

    data_source_uuid: Text | None = None
    external_id: Text | None = None
    name: Text | None = None
    email: Text | None = None
    company: Text | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    state: Text | None = None
    city: Text | None = None
    zip: Text | None = None
    owner: Annotated[str, Field(max_length=255, description="E-mail of a member")] | None = None
    website_url: Text | None = None


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
    fields = {name: value for name, value in given.items() if name not in IDENTITY}
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
    description="Changes fields of a customer, or makes a new one. A run: previewed, may wait for a "
    "person, read back.",
    scope="customers.write",
    hints=OVERWRITES,
    call=save_customer,
)
