"""ChartMogul's rows with what answers tell of them, beyond what templates need."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from models.base import Record
from models.chartmogul import (
    Activity,
    Customer,
    CustomerMovement,
    Name,
    OptionalCents,
    OptionalIdentifier,
    OptionalInstant,
    Subscription,
    Words,
)


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _tags(attributes: Any) -> Any:
    return attributes.get("tags") if isinstance(attributes, dict) else attributes


class CustomerDetail(Customer):
    status: Words = ""
    arr: OptionalCents = None
    data_source_uuid: OptionalIdentifier = None
    country: Name = None
    city: Name = None
    trial_started_at: OptionalInstant = Field(default=None, alias="free_trial_started_at")
    tags: Annotated[list[str], BeforeValidator(_texts), BeforeValidator(_tags)] = Field(
        default=[], alias="attributes"
    )


class SubscriptionDetail(Subscription):
    """`end` of an active one is the end of what is paid for."""

    start: OptionalInstant = Field(default=None, alias="start-date")
    end: OptionalInstant = Field(default=None, alias="end-date")


class MovementDetail(CustomerMovement):
    description: Words = ""


class ActivityDetail(Activity):
    plan_external_id: OptionalIdentifier = Field(default=None, alias="plan-external-id")


class ScheduledEvent(Record):
    """Row of `GET /subscription_events`."""

    model_config = ConfigDict(extra="ignore")

    event_type: Words = ""
    event_date: OptionalInstant = None
    effective_date: OptionalInstant = None
    customer_external_id: OptionalIdentifier = None
    subscription_external_id: OptionalIdentifier = None
    data_source_uuid: OptionalIdentifier = None
    disabled: Any = False


class MetricSheet(Record):
    """`GET /metrics/{name}`: rows and summary under ChartMogul's own names."""

    model_config = ConfigDict(extra="ignore")

    entries: list[dict[str, Any]]
    summary: dict[str, Any] = {}
