"""Tools of the names that ours have, for what concerns the server and not them."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from clients.kit.errors import Unavailable
from ingress.agents.declaration import Caller, Hints, Tool, ToolFailed
from models.base import Record

READ = Hints(read_only=True, destructive=False, idempotent=True, open_world=False)
WRITE = Hints(read_only=False, destructive=True, idempotent=True, open_world=True)

SECRET = "nora.lind@fjord.example"
"""What no log line may have."""


class Found(Record):
    account: str
    customer: str
    name: str
    principal: str
    owner: str
    people: list[str] = []
    rows: list[str] = []
    untrusted_fields: list[str] = []
    read_untrusted_before: bool = False


class Changed(Record):
    run_id: str
    status: str
    changes: list[dict[str, Any]] = []


Customer = Annotated[str, Field(description="uuid, external id or e-mail")]


async def get_customer(
    caller: Caller,
    *,
    customer: Customer,
    rows: Annotated[int, Field(ge=0, le=10_000, description="How long the answer is")] = 0,
    fault: Annotated[str, Field(description="What goes wrong")] = "",
) -> Found:
    if fault:
        raise FAULTS[fault]
    return Found(
        account="default",
        customer=customer,
        name="Fjørd Lābs 漢字",
        principal=caller.name,
        owner=caller.owner,
        people=list(caller.people),
        rows=["ten letters"] * rows,
        untrusted_fields=["name"],
        read_untrusted_before=caller.has_read_untrusted,
    )


FAULTS: dict[str, Exception] = {
    "told": ToolFailed("customer_not_found", "There is none.", next="Ask by uuid.", retry_after_seconds=3),
    "vendor": Unavailable("chartmogul", f"{SECRET} could not be read"),
    "unforeseen": KeyError(SECRET),
    "slow": TimeoutError(),
}


async def change_tags(
    caller: Caller,
    *,
    customer: Customer,
    add: Annotated[Sequence[str], Field(max_length=50, description="Tags to add")] = (),
    remove: Annotated[Sequence[str], Field(max_length=50, description="Tags to remove")] = (),
    reason: Annotated[str, Field(min_length=5, max_length=300, description="Why, for the approver")],
) -> Changed:
    return Changed(
        run_id=f"change/change_tags/{len(add)}",
        status="done",
        changes=[{"field": f"tag {each}", "before": False, "after": True} for each in add],
    )


async def get_run(
    caller: Caller, *, run_id: Annotated[str, Field(description="As a change gave it")]
) -> Changed:
    return Changed(run_id=run_id, status="done")


TOOLS = (
    Tool(
        "get_customer", "A customer with plan, MRR in cents and status.", "customers.read", READ, get_customer
    ),
    Tool(
        "change_tags", "Adds and removes tags of a customer, as a run.", "customers.write", WRITE, change_tags
    ),
    Tool("get_run", "How a run stands.", None, READ, get_run, lists_answer=True),
)
