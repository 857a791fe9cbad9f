"""ChartMogul's own shapes: the webhook body and the rows of its API. Unknown fields are welcome."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from models.money import Cents


def _instant(value: Any) -> Any:
    """Read ISO text only: pydantic alone would also take a number for seconds since 1970."""
    instant = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    if not isinstance(instant, datetime) or not 1990 <= instant.year <= 2200:
        raise ValueError("must be an ISO 8601 date and time with an offset, from 1990 to 2200")
    return instant


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """A value nothing depends on: an unreadable one is none."""
    try:
        return read(value)
    except ValidationError:
        return None


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
OptionalInstant = Annotated[Instant | None, WrapValidator(_or_none)]
OptionalCents = Annotated[Cents | None, WrapValidator(_or_none)]
Text = Annotated[str, Field(strict=True)]
OptionalText = Annotated[Text | None, WrapValidator(_or_none)]
OptionalTexts = Annotated[list[Text] | None, WrapValidator(_or_none)]


class _Vendor(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class WebhookCustomer(_Vendor):
    uuid: Annotated[Text, Field(pattern=r"^\s*[\w-]{1,100}\s*$")]
    name: Text | None = None
    company: Text | None = None
    external_id: Text | None = None
    current_mrr: OptionalCents = Field(default=None, description="When it was sent, of all subscriptions")


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
    mrr: OptionalCents = Field(default=None, alias="activity-mrr", description="The customer's MRR after it")
    currency: Text
    customer_uuid: Text = Field(alias="customer-uuid")
    customer_name: Text | None = Field(default=None, alias="customer-name")
    customer_external_id: Text | None = Field(default=None, alias="customer-external-id")
    subscription_external_id: Text | None = Field(default=None, alias="subscription-external-id")


class ActivityBlock(BaseModel):
    """Rows of `GET /activities` in order, with every row of each second they touch.

    All before `until` have been read. `unreadable` says of rows that fit no shape where and why.
    """

    model_config = ConfigDict(frozen=True)

    rows: list[Activity]
    until: AwareDatetime
    unreadable: list[str] = []
    requests: int = 1


class _Row(_Vendor):
    """A row that is read back: a field that ChartMogul leaves empty is as good as absent."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, row: Any) -> Any:
        if isinstance(row, dict):
            return {name: value for name, value in row.items() if value is not None}
        return row


class CustomerMovement(_Row):
    """Row of `GET /customers/{uuid}/activities`."""

    date: Instant
    type: Text
    mrr: Cents = Field(alias="activity-mrr", description="The customer's MRR after it")
    change: OptionalCents = Field(default=None, alias="activity-mrr-movement")
    subscription_external_id: OptionalText = Field(default=None, alias="subscription-external-id")


class Subscription(_Row):
    """Row of `GET /customers/{uuid}/subscriptions`."""

    external_id: Text | None = None
    plan: Text = ""
    status: Text = ""

    @property
    def alive(self) -> bool:
        return self.status.casefold() == "active"


class CustomerAttributes(_Row):
    custom: dict[str, Any] = {}


class Customer(_Row):
    """`GET /customers/{uuid}`, the fields we use."""

    uuid: Text
    name: Text | None = None
    company: Text | None = None
    email: Text | None = None
    mrr: Cents = 0
    currency: OptionalText = Field(default=None, description="Of `mrr`: the account's")
    external_id: OptionalText = None
    external_ids: OptionalTexts = Field(default=None, description="Grows by merges; may repeat one")
    customer_since: OptionalInstant = Field(default=None, alias="customer-since")
    link: Text | None = Field(default=None, alias="chartmogul-url")
    attributes: CustomerAttributes = CustomerAttributes()

    @property
    def label(self) -> str:
        """What people call it: the company, else the name, else the id."""
        return self.company or self.name or self.uuid


class Traces(_Vendor):
    """What finds a customer whose id is gone: one movement of theirs, and the billing system's ids."""

    occurred_at: AwareDatetime
    subscription_external_id: Text | None = None
    customer_external_id: Text | None = None


class Note(_Row):
    """`GET /customer_notes`: a note or a call."""

    text: Text | None = None
    created_at: OptionalInstant = None


class CustomerNow(_Vendor):
    """All that is read back of one customer. `notes_read` is False where the notes could not be; `unread`
    names the lists that were refused for good, with the reason."""

    customer: Customer
    subscriptions: list[Subscription] = []
    movements: list[CustomerMovement] = []
    note: Note | None = None
    notes_read: bool = True
    unread: dict[str, str] = {}


class Account(_Row):
    """`GET /account`."""

    name: Text = ""
    currency: Text
    time_zone: Text = "UTC"
