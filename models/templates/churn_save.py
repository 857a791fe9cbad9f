"""Churn save: what its route can say and what a run is given."""

from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import holidays
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from models.effects import Mode
from models.events import MrrMovement

FieldValue = str | int | float | bool
Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
COUNTRIES = holidays.list_supported_countries()
SUBJECT_WORDS = {"customer": "x", "mrr": "x", "plan": "x"}


def _fillable(text: str) -> str:
    try:
        text.format(**SUBJECT_WORDS)
    except (ValueError, LookupError, AttributeError) as error:
        raise ValueError(
            f"cannot be filled in ({error!r}); it may hold {{customer}}, {{mrr}}, {{plan}}"
        ) from None
    return text


@lru_cache
def _zone(name: str) -> tzinfo:
    """UTC where this machine does not know the zone: a run must not stop for it."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return UTC


def _known_country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError(f"{code!r} is no country whose holidays are known; use its code, such as DE or US")
    return code


class _Options(BaseModel):
    """Unknown fields are refused when the file is read, and ignored in a run's input: an older
    worker must be able to take what a newer ingress gives."""

    model_config = ConfigDict(
        frozen=True, hide_input_in_errors=True, json_schema_extra={"additionalProperties": False}
    )


class TaskOptions(_Options):
    subject: Annotated[str, AfterValidator(_fillable)] = Field(
        default="Save {customer}: {mrr} MRR lost", description="With {customer}, {mrr} and {plan}"
    )
    priority: str = Field(default="High", description="A value of the org's Priority picklist")
    due_in_business_days: int = Field(default=1, ge=0, le=60)
    holidays: Annotated[str, AfterValidator(_known_country)] | None = Field(
        default=None, description="Country whose holidays are no business days"
    )
    fallback_owner: str | None = Field(
        default=None,
        description="E-mail of the Salesforce user who gets tasks without a clear owner",
    )
    fields: dict[str, FieldValue] = Field(default={}, description="More Task fields, by API name")
    close_when_saved: bool = Field(
        default=True,
        description="Close the task when the customer is back or never left, with the org's closed status",
    )
    fields_when_saved: dict[str, FieldValue] = Field(
        default={}, description="Task fields to set when the customer has come back, by API name"
    )
    fields_when_withdrawn: dict[str, FieldValue] = Field(
        default={}, description="Task fields to set when the cancellation turns out to be none"
    )
    fields_when_lost: dict[str, FieldValue] = Field(
        default={}, description="Task fields to set when the last check-back finds nothing"
    )


class ChurnSaveOptions(_Options):
    channel: str = Field(min_length=1, description="Slack channel, id (safest) or #name")
    task: TaskOptions = TaskOptions()
    reason_attributes: list[str] = Field(
        default=["cancellation_reason"],
        description="ChartMogul custom attributes that may hold the reason; the first found counts",
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


class ChurnSaveInput(BaseModel):
    """Everything a run is explained by."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    event: MrrMovement
    route: str
    route_why: str = ""
    options: ChurnSaveOptions
    received_at: AwareDatetime
    wait: bool = Field(default=False, description="A cancellation that lies ahead: not before its day")
    mode: Mode = Mode.LIVE
    web_ui_url: str = ""
    shadow: bool = Field(default=False, description="Its route is in preview: the event counts as taken")
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
    time_zone: str = Field(default="UTC", description="The ChartMogul account's: days are those there")
    held_by: str | None = Field(default=None, description="Brake or pause whose end it awaits first")

    @property
    def scheduled(self) -> bool:
        """ChartMogul told of it before it takes effect."""
        return self.event.occurred_at > self.received_at

    @property
    def acts_ahead(self) -> bool:
        return self.scheduled and not self.wait

    def day(self, instant: datetime) -> date:
        """As the account's people count days."""
        return instant.astimezone(_zone(self.time_zone)).date()

    @property
    def acts_at(self) -> datetime:
        return self.event.occurred_at if self.scheduled and self.wait else self.received_at
