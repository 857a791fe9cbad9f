"""Churn save: what its route can say and what a run is given."""

from typing import Annotated

from pydantic import AfterValidator, Field

from models.business_days import Country
from models.crm import FieldName
from models.events import MovementType, MrrMovement
from models.templates.blocks import FieldValue, Seconds, fillable
from models.templates.template import EventInput, Installation, Names, RouteOptions, Template

TaskFields = Annotated[dict[str, FieldValue], Names.SALESFORCE_TASK_FIELD]


class TaskOptions(RouteOptions):
    subject: Annotated[str, AfterValidator(fillable("customer", "mrr", "plan"))] = Field(
        default="Save {customer}: {mrr} MRR lost", description="With `{customer}`, `{mrr}` and `{plan}`"
    )
    priority: str = Field(default="High", description="A value of the org's Priority picklist")
    due_in_business_days: int = Field(
        default=1,
        ge=0,
        le=60,
        description="From the day, in the account's time zone, on which the event came in",
    )
    holidays: Country | None = Field(
        default=None, description="Country (`DE`, `US`) whose holidays are no business days"
    )
    fallback_owner: Annotated[str, Names.SALESFORCE_USER] | None = Field(
        default=None,
        description="E-mail of the Salesforce user who gets tasks without a clear owner",
    )
    salesforce_user_field: Annotated[FieldName, Names.SALESFORCE_USER_FIELD] | None = Field(
        default=None,
        description="A look-up to User on Salesforce's account, as in `CSM__c`: whom it names gets the task;"
        " where that is nobody, or no active user, the account's owner",
    )
    fields: TaskFields = Field(default={}, description="More Task fields, by API name")
    close_when_saved: bool = Field(
        default=True,
        description="Close the task when the customer is back or never left, with the org's closed status",
    )
    fields_when_saved: TaskFields = Field(
        default={}, description="Task fields to set when the customer has come back; a `Status` here wins"
    )
    fields_when_withdrawn: TaskFields = Field(
        default={}, description="Task fields to set when the cancellation turns out to be none"
    )
    fields_when_lost: TaskFields = Field(
        default={}, description="Task fields to set when the last check-back finds nothing"
    )


class ChurnSaveOptions(RouteOptions):
    channel: Annotated[str, Names.SLACK_CHANNEL] = Field(
        min_length=1, description="Slack channel, id (safest) or #name"
    )
    task: TaskOptions = Field(default=TaskOptions(), description="The save task, below")
    reason_attributes: list[str] = Field(
        default=["cancellation_reason"],
        description="ChartMogul custom attributes that may hold the reason; then the latest note",
    )
    check_back_days: list[Annotated[float, Field(gt=0, le=365)]] = Field(
        default=[7, 30],
        description="Days after the event when we look whether the customer is back",
    )
    settling_seconds: Seconds = Field(
        default=20,
        description="How long ChartMogul may still show the customer as paying before we disbelieve",
    )
    alert_waits_seconds: Seconds = Field(
        default=10,
        description="How long the alert waits for the task, to link it, when Salesforce is slow",
    )
    reread_after_seconds: Seconds = Field(
        default=300,
        description="A task or message held up for longer goes out only after ChartMogul was read again",
    )


class ChurnSaveInput(EventInput):
    event: MrrMovement
    options: ChurnSaveOptions
    reads_at_once: bool = Field(
        default=False, description="ChartMogul is read in one step; runs that began earlier take four"
    )
    who_pays_decides: bool = Field(
        default=False,
        description="Who pays now is never lost, and a return ends the run at once; runs that began "
        "earlier go by the cancelled subscription and by their check-backs",
    )
    rereads_verdicts: bool = Field(
        default=False,
        description="Verdicts and returns, too, are read again where they were held up, and an early hint "
        "of a return is looked after; runs that began earlier do neither",
    )

    @property
    def acts_ahead(self) -> bool:
        return self.scheduled and not self.wait


def _given(common: EventInput, _: Installation) -> ChurnSaveInput:
    return ChurnSaveInput.of(
        common,
        reads_at_once=True,
        who_pays_decides=True,
        rereads_verdicts=True,
    )


CHURN_SAVE = Template(
    name="churn_save",
    sentence="reads the customer back, finds the owner, makes the save task, alerts the channel, checks back "
    "after 7 and 30 days and records saved or lost",
    takes=(MovementType.CHURN,),
    options=ChurnSaveOptions,
    input=ChurnSaveInput,
    given=_given,
    systems=("chartmogul", "salesforce", "slack"),
    pause_above=50,
)
