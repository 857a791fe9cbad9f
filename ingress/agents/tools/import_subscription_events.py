"""A2: subscription events."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ingress.agents.declaration import Caller, Tool
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import Account, DryRun, Key, Reason
from ingress.agents.tools.hints import ADDS
from models.changes import MOST_EVENTS, EventImport, SubscriptionEvent
from models.reads.run import RunAnswer

NAME = "import_subscription_events"


class GivenEvent(SubscriptionEvent):
    """amount_in_cents in hundredths of currency."""

    model_config = ConfigDict(extra="forbid")

    event_type: Literal[
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


@tool
async def import_subscription_events(
    caller: Caller,
    events: Annotated[list[GivenEvent], Field(min_length=1, max_length=MOST_EVENTS)],
    reason: Reason,
    dry_run: DryRun = False,
    idempotency_key: Key = "",
    account: Account = "",
) -> RunAnswer:
    wanted = EventImport(events=[SubscriptionEvent.model_validate(each.model_dump()) for each in events])
    return await change(
        caller, source_of(caller, account), NAME, wanted, reason,
        dry_run=dry_run, idempotency_key=idempotency_key,
    )  # fmt: skip


TOOL = Tool(
    name=NAME,
    description="Imports up to 50 subscription events, each known by its external_id: a repeat adds none."
    " MRR is computed anew. A run: previewed, may wait for a person.",
    scope="subscriptions.write",
    hints=ADDS,
    call=import_subscription_events,
)
