"""A2: subscription events."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import OR_NONE, Account, DryRun, Key, Reason, bounded
from ingress.agents.tools.hints import ADDS
from models.base import Record
from models.changes import MOST_EVENTS, EventImport, SubscriptionEvent
from models.reads.run import RunAnswer

NAME = "import_subscription_events"
CHANGES = (
    "subscription_start",
    "subscription_start_scheduled",
    "subscription_updated",
    "subscription_update_scheduled",
)


Id = Annotated[str, Field(min_length=1), bounded(255)]
Type = Literal[
    "subscription_start",
    "subscription_start_scheduled",
    "scheduled_subscription_start_retracted",
    "subscription_updated",
    "subscription_update_scheduled",
    "scheduled_subscription_update_retracted",
    "subscription_cancelled",
    "subscription_cancellation_scheduled",
    "scheduled_subscription_cancellation_retracted",
]


class GivenEvent(Record):
    """A start or update needs plan, currency, amount and quantity. event_date: when it was decided"""

    model_config = ConfigDict(extra="forbid")

    external_id: Id
    data_source_uuid: Id
    customer_external_id: Id
    subscription_external_id: Id
    event_type: Type
    event_date: AwareDatetime
    effective_date: AwareDatetime
    subscription_set_external_id: str = ""
    plan_external_id: str = ""
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    amount_in_cents: Annotated[int | None, OR_NONE] = None
    quantity: Annotated[int | None, Field(ge=0), OR_NONE] = None

    @model_validator(mode="after")
    def _names_what_a_change_needs(self) -> Self:
        needed = (self.plan_external_id, self.currency)
        if self.event_type in CHANGES and not (
            all(needed) and None not in (self.amount_in_cents, self.quantity)
        ):
            raise ValueError("it needs plan_external_id, currency, amount_in_cents and quantity")
        return self

    @property
    def event(self) -> SubscriptionEvent:
        said = {name: value for name, value in self.model_dump().items() if value not in ("", None)}
        return SubscriptionEvent.model_validate(said)


@tool
async def import_subscription_events(
    caller: Caller,
    events: Annotated[list[GivenEvent], Field(min_length=1, max_length=MOST_EVENTS)],
    reason: Reason,
    dry_run: DryRun = False,
    idempotency_key: Key = "",
    account: Account = "",
) -> RunAnswer:
    wanted = EventImport(events=[each.event for each in events])
    return await change(
        caller, source_of(caller, account), NAME, wanted, reason,
        dry_run=dry_run, idempotency_key=idempotency_key,
    )  # fmt: skip


TOOL = Tool(
    name=NAME,
    description="Imports up to 50 subscription events, as a run. Each is known by its external_id: a "
    "repeat adds none. MRR is computed anew.",
    scope="subscriptions.write",
    hints=ADDS,
    call=import_subscription_events,
)
