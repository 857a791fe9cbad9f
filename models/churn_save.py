"""Churn save: what its route can say and what a run is given."""

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from models.effects import Mode
from models.events import MrrMovement

FieldValue = str | int | float | bool
SUBJECT_PLACEHOLDERS = ("customer", "mrr", "plan")


def _known_placeholders(text: str) -> str:
    for _, name, _, _ in Formatter().parse(text):
        if name is not None and name not in SUBJECT_PLACEHOLDERS:
            known = ", ".join(f"{{{each}}}" for each in SUBJECT_PLACEHOLDERS)
            raise ValueError(f"{{{name}}} is unknown here; there are {known}")
    return text


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TaskOptions(_Options):
    subject: Annotated[str, AfterValidator(_known_placeholders)] = Field(
        default="Save {customer}: {mrr} MRR lost", description="With {customer}, {mrr} and {plan}"
    )
    priority: str = Field(default="High", description="A value of the org's Priority picklist")
    due_in_business_days: int = Field(default=1, ge=0, le=60)
    holidays: str | None = Field(
        default=None,
        pattern="^[A-Z]{2}$",
        description="Country whose holidays are no business days",
    )
    fallback_owner: str | None = Field(
        default=None,
        description="E-mail of the Salesforce user who gets tasks without a clear owner",
    )
    fields: dict[str, FieldValue] = Field(default={}, description="More Task fields, by API name")
    fields_when_saved: dict[str, FieldValue] = Field(
        default={}, description="Task fields to set when the customer has come back, by API name"
    )
    fields_when_lost: dict[str, FieldValue] = Field(
        default={}, description="Task fields to set when the last check-back finds nothing"
    )


class ChurnSaveOptions(_Options):
    channel: str = Field(description="Slack channel, id (safest) or #name")
    task: TaskOptions = TaskOptions()
    reason_attributes: list[str] = Field(
        default=["cancellation_reason"],
        description="ChartMogul custom attributes that may hold the reason; the first found counts",
    )
    check_back_days: list[Annotated[float, Field(gt=0, le=365)]] = Field(
        default=[7, 30],
        description="Days after the event when we look whether the customer is back",
    )
    settling_seconds: float = Field(
        default=20,
        ge=0,
        le=3600,
        description="How long ChartMogul may still show the customer as paying before we disbelieve",
    )
    alert_waits_seconds: float = Field(
        default=10,
        ge=0,
        description="How long the alert waits for the task, to link it, when Salesforce is slow",
    )


class ChurnSaveInput(BaseModel):
    """Everything a run is explained by."""

    model_config = ConfigDict(frozen=True)

    event: MrrMovement
    route: str
    options: ChurnSaveOptions
    received_at: AwareDatetime
    mode: Mode = Mode.LIVE
    web_ui_url: str = ""
