"""Churn risk: what its route can say and what a run is given."""

from pydantic import Field

from models.base import Record
from models.events import AnyEvent, MovementType
from models.templates.blocks import (
    USER,
    FollowUpOptions,
    OwnerOptions,
    Seconds,
    SlackChannel,
    TagOptions,
)
from models.templates.template import EventInput, Installation, Names, RouteOptions, Template


class ChurnRiskOptions(RouteOptions):
    channel: SlackChannel = Field(min_length=1, description="Slack channel, id (safest) or #name")
    owner: OwnerOptions = Field(default=OwnerOptions(), description="Who gets the task, below")
    task: FollowUpOptions | None = Field(
        default=FollowUpOptions(), description="The follow-up task, below; none where it is null"
    )
    tag: TagOptions | None = Field(default=None, description="On the customer for as long as there is a risk")
    payment_attempts: int = Field(
        default=2, ge=1, le=20, description="Failed attempts of an invoice from which on it is a risk"
    )
    settling_seconds: Seconds = Field(
        default=20, description="How long ChartMogul may not show the movement yet before we disbelieve"
    )
    reread_after_seconds: Seconds = Field(
        default=300, description="What is held up for longer is said only after the customer was read again"
    )
    check_every_hours: float = Field(
        default=24, gt=0, le=168, description="How often we look whether the risk is over"
    )
    watch_days: float = Field(
        default=90, gt=0, le=180, description="After so many days the case is closed, whatever it is then"
    )

    def named(self, what: Names) -> list[str]:
        """Who shares the customers gets the tasks."""
        gets_tasks = self.task is not None and what is USER[self.task.system]
        return [*super().named(what), *(self.owner.rotation if gets_tasks else [])]


class ChurnRiskInput(EventInput):
    event: AnyEvent
    options: ChurnRiskOptions


class AtRisk(Record):
    """One reason, as the event's run tells it to the customer's case."""

    given: ChurnRiskInput
    customer_uuid: str = Field(description="ChartMogul's")
    reason: str = Field(description="Goes on from the customer's name: `cancelled, $49.00 of MRR`")
    mrr_before: int | None = Field(default=None, description="Cents; paid again, this reason is gone")
    told_by: str = Field(description="Workflow id of the event's run")

    @property
    def id(self) -> str:
        return self.given.event.run_key


def _given(common: EventInput, _: Installation) -> ChurnRiskInput:
    return ChurnRiskInput.of(common)


CHURN_RISK = Template(
    name="churn_risk",
    sentence="gathers all that puts a customer at risk in one case: one thread, one follow-up task, one tag,"
    " each resolved when the risk is over",
    takes=(MovementType.CHURN, MovementType.CONTRACTION, "failed_payment"),
    options=ChurnRiskOptions,
    input=ChurnRiskInput,
    given=_given,
    systems=("chartmogul", "slack", "salesforce", "hubspot", "intercom", "zendesk"),
    pause_above=50,
)
