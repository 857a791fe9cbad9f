"""ChartMogul's own shapes: the webhook body and the rows of its API. Unknown fields are welcome."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from models.money import Cents


def _instant(value: Any) -> Any:
    """Read ISO text only: pydantic alone would also take a number for seconds since 1970."""
    instant = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    if not isinstance(instant, datetime) or not 1990 <= instant.year <= 2200:
        raise ValueError("must be an ISO 8601 date and time with an offset, from 1990 to 2200")
    return instant


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
Text = Annotated[str, Field(strict=True)]


class _Vendor(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class WebhookCustomer(_Vendor):
    uuid: Annotated[Text, Field(pattern=r"^\s*[\w-]{1,100}\s*$")]
    name: Text | None = None
    company: Text | None = None
    external_id: Text | None = None


class WebhookSubscription(_Vendor):
    external_id: Text | None = None


class MovementWebhook(_Vendor):
    """Body of the only webhook there is, `type: mrr_movement`. It has no id and no signature."""

    type: Text
    date: Instant
    movement_type: Text
    description: Text = ""
    account_currency: Text
    mrr_movement_in_account_currency: Cents
    customer: WebhookCustomer
    subscription: WebhookSubscription = WebhookSubscription()


class Activity(_Vendor):
    """Row of `GET /activities`: the same MRR movement, after the fact. Its uuid may change."""

    date: Instant
    type: Text
    description: Text = ""
    movement: Cents = Field(alias="activity-mrr-movement")
    currency: Text
    customer_uuid: Text = Field(alias="customer-uuid")
    customer_name: Text | None = Field(default=None, alias="customer-name")
    customer_external_id: Text | None = Field(default=None, alias="customer-external-id")
    subscription_external_id: Text | None = Field(default=None, alias="subscription-external-id")


class CustomerMovement(_Vendor):
    """Row of `GET /customers/{uuid}/activities`."""

    date: Instant
    type: Text
    movement: Cents = Field(alias="activity-mrr-movement")
    mrr: Cents = Field(alias="activity-mrr", description="The customer's MRR after it")
    subscription_external_id: Text | None = Field(default=None, alias="subscription-external-id")


class Subscription(_Vendor):
    """Row of `GET /customers/{uuid}/subscriptions`."""

    external_id: Text | None = None
    plan: Text = ""
    status: Text = ""
    mrr: Cents = 0
    start_date: Instant | None = Field(default=None, alias="start-date")

    @property
    def alive(self) -> bool:
        return self.status.casefold() == "active"


class CustomerAttributes(_Vendor):
    custom: dict[str, Any] = {}


class Customer(_Vendor):
    """`GET /customers/{uuid}`, the fields we use."""

    uuid: Text
    name: Text | None = None
    company: Text | None = None
    email: Text | None = None
    external_id: Text | None = None
    status: Text = ""
    mrr: Cents = 0
    currency: Text = "USD"
    customer_since: Instant | None = Field(default=None, alias="customer-since")
    link: Text | None = Field(default=None, alias="chartmogul-url")
    attributes: CustomerAttributes = CustomerAttributes()

    @property
    def label(self) -> str:
        """What people call it: the company, else the name, else the id."""
        return self.company or self.name or self.uuid


class Note(_Vendor):
    """`GET /customer_notes`: a note or a call."""

    text: Text | None = None
    created_at: Instant


class Account(_Vendor):
    """`GET /account`."""

    name: Text = ""
    currency: Text
    time_zone: Text = "UTC"
