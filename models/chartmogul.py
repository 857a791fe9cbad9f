"""ChartMogul's own shapes: the webhook body and the rows of its API. Unknown fields are welcome."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from models import chartmogul_values as values
from models.base import Record
from models.money import Cents

MOST_ATTRIBUTES = 500
"""Custom attributes that are kept of a customer who is read back."""


def _instant(value: Any) -> Any:
    """As text it comes from ChartMogul, as an instant from ourselves."""
    return values.instant_of_movement(value.isoformat() if isinstance(value, datetime) else value)


def _optional_instant(value: Any) -> Any:
    """A date nothing depends on: an unreadable one is none."""
    try:
        found = values.instant(value.isoformat() if isinstance(value, datetime) else value)
    except values.Unfit:
        return None
    return found if found and values.FIRST_YEAR <= found.year <= values.LAST_YEAR else None


def _kept(custom: Any) -> Any:
    """Attributes that are texts, numbers or truths, none of them long."""
    if not isinstance(custom, dict):
        return {}
    cut = {
        name[: values.LONGEST_NAME]: value[: values.LONGEST_DESCRIPTION] if isinstance(value, str) else value
        for name, value in custom.items()
        if isinstance(value, str | int | float)
    }
    return dict(list(cut.items())[:MOST_ATTRIBUTES])


def _optional_cents(value: Any) -> int | None:
    """An amount nothing depends on: an unreadable one is none."""
    try:
        return values.whole_cents(value)
    except values.Unfit:
        return None


def _optional_identifier(value: Any) -> str | None:
    """An id that only helps to find somebody: an unreadable one is none."""
    try:
        return values.identifier(value)
    except values.Unfit:
        return None


def _identifiers(value: Any) -> list[str]:
    found = value if isinstance(value, list) else []
    return [each for each in map(_optional_identifier, found[:MOST_ATTRIBUTES]) if each]


def _words(value: Any) -> str:
    return values.text(value, values.LONGEST_DESCRIPTION) or ""


def _fields(value: Any) -> Any:
    return value if isinstance(value, dict | BaseModel) else {}


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
OptionalInstant = Annotated[AwareDatetime | None, BeforeValidator(_optional_instant)]
Text = Annotated[str, Field(strict=True)]
Uuid = Annotated[Text, Field(pattern=r"^\s*[\w-]{1,100}\s*$")]
Identifier = Annotated[str | None, BeforeValidator(values.identifier)]
WholeIdentifier = Annotated[str | None, BeforeValidator(values.whole_identifier)]
Name = Annotated[str | None, BeforeValidator(values.text)]
OptionalIdentifier = Annotated[str | None, BeforeValidator(_optional_identifier)]
Identifiers = Annotated[list[str], BeforeValidator(_identifiers)]
OptionalCents = Annotated[Cents | None, BeforeValidator(_optional_cents)]
Words = Annotated[str, BeforeValidator(_words)]
NoteText = Annotated[str | None, BeforeValidator(partial(values.text, longest=values.LONGEST_NOTE))]


class _Vendor(Record):
    """A field that ChartMogul leaves empty is as good as absent."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_missing(cls, row: Any) -> Any:
        if isinstance(row, dict):
            return {name: value for name, value in row.items() if not values.is_missing(value)}
        return row


class WebhookCustomer(_Vendor):
    uuid: Uuid
    name: Name = None
    company: Name = None
    external_id: OptionalIdentifier = None
    current_mrr: OptionalCents = Field(default=None, description="When it was sent, of all subscriptions")


class WebhookSubscription(_Vendor):
    """`whole_id` is there where `external_id` is cut."""

    external_id: Identifier = None
    whole_id: WholeIdentifier = Field(default=None, alias="external_id")


class MovementWebhook(_Vendor):
    """Body of the only webhook there is, `type: mrr_movement`. It has no id and no signature."""

    type: Text
    date: Instant
    movement_type: Text
    description: Words = ""
    account_currency: Text
    mrr_movement_in_account_currency: Cents
    customer: WebhookCustomer
    subscription: WebhookSubscription = WebhookSubscription()


class Activity(_Vendor):
    """Row of `GET /activities`: the same MRR movement, after the fact. Its uuid may change."""

    date: Instant
    type: Text
    description: Words = ""
    movement: Cents = Field(alias="activity-mrr-movement")
    mrr: OptionalCents = Field(default=None, alias="activity-mrr", description="The customer's MRR after it")
    currency: Text
    customer_uuid: Uuid = Field(alias="customer-uuid")
    customer_name: Name = Field(default=None, alias="customer-name")
    customer_external_id: OptionalIdentifier = Field(default=None, alias="customer-external-id")
    subscription_external_id: Identifier = Field(default=None, alias="subscription-external-id")
    whole_subscription_id: WholeIdentifier = Field(
        default=None, alias="subscription-external-id", description="Where the one before is cut"
    )

    @model_validator(mode="before")
    @classmethod
    def _is_json(cls, row: Any) -> Any:
        """As in a webhook's body, wherever in the row it is."""
        if values.holds_no_json(row):
            raise PydanticCustomError("no_json", "holds NaN or Infinity, which is no JSON")
        return row


class ActivityBlock(Record):
    """Rows of `GET /activities` in order, with every row of each second they touch.

    All before `until` have been read. `unreadable` says of rows that fit no shape where and why.
    """

    rows: list[Activity]
    until: AwareDatetime
    unreadable: list[str] = []
    requests: int = 1


class CustomerMovement(_Vendor):
    """Row of `GET /customers/{uuid}/activities`."""

    date: Instant
    type: Text
    mrr: Cents = Field(alias="activity-mrr", description="The customer's MRR after it")
    change: OptionalCents = Field(default=None, alias="activity-mrr-movement")
    currency: Name = Field(default=None, description="Of both amounts")
    subscription_external_id: Identifier = Field(default=None, alias="subscription-external-id")


class Subscription(_Vendor):
    """Row of `GET /customers/{uuid}/subscriptions`."""

    external_id: Identifier = None
    plan: Words = ""
    status: Words = ""
    mrr: OptionalCents = None
    quantity: OptionalCents = Field(default=None, description="Seats, or what else is counted")
    cycle: Words = Field(default="", alias="billing-cycle", description="day, month or year")
    cycles: OptionalCents = Field(default=None, alias="billing-cycle-count", description="Of those, at once")

    @property
    def alive(self) -> bool:
        return self.status.casefold() == "active"


class CustomerAttributes(_Vendor):
    custom: Annotated[dict[str, Any], BeforeValidator(_kept)] = {}


class Customer(_Vendor):
    """`GET /customers/{uuid}`, the fields we use."""

    uuid: Text
    name: Name = None
    company: Name = None
    email: Name = None
    owner: Name = Field(default=None, description="E-mail of a member of the ChartMogul account")
    mrr: Cents = 0
    currency: Name = Field(default=None, description="Of `mrr`: the account's")
    external_id: OptionalIdentifier = None
    external_ids: Identifiers = Field(default=[], description="Grows by merges; may repeat one")
    customer_since: OptionalInstant = Field(default=None, alias="customer-since")
    link: Name = Field(default=None, alias="chartmogul-url")
    attributes: Annotated[CustomerAttributes, BeforeValidator(_fields)] = CustomerAttributes()

    @property
    def ids(self) -> list[str]:
        """As other systems may know it: by the billing system's ids first, by ChartMogul's last."""
        ids = (self.external_id, *self.external_ids, self.uuid)
        return list(dict.fromkeys(filter(None, ids)))

    @property
    def label(self) -> str:
        """What people call it: the company, else the name, else the id."""
        return self.company or self.name or self.uuid


class Transaction(_Vendor):
    """An attempt to collect an invoice, or a refund, inside of it."""

    uuid: OptionalIdentifier = None
    external_id: OptionalIdentifier = None
    type: Words = ""
    result: Words = ""
    date: OptionalInstant = None
    amount: OptionalCents = Field(default=None, alias="amount_in_cents", description="None: all of it")

    @property
    def failed(self) -> bool:
        return self.type.casefold() == "payment" and self.result.casefold() == "failed"

    @property
    def paid(self) -> bool:
        return self.type.casefold() == "payment" and self.result.casefold() == "successful"


class LineItem(_Vendor):
    amount: OptionalCents = Field(default=None, alias="amount_in_cents")


class Invoice(_Vendor):
    """Row of `GET /invoices`: amounts are in its own currency. Accounts that lack the newer `status` tell by
    the transactions alone."""

    uuid: Text
    external_id: OptionalIdentifier = None
    customer_uuid: OptionalIdentifier = None
    customer_external_id: OptionalIdentifier = None
    data_source_uuid: OptionalIdentifier = None
    date: OptionalInstant = None
    currency: Name = None
    status: Words = ""
    line_items: list[LineItem] = []
    transactions: list[Transaction] = []

    @property
    def total(self) -> int:
        return sum(each.amount or 0 for each in self.line_items)

    @property
    def failures(self) -> list[Transaction]:
        """Oldest first."""
        failed = [(each.date, each) for each in self.transactions if each.failed and each.date]
        return [each for _, each in sorted(failed, key=lambda dated: dated[0])]


class Traces(_Vendor):
    """What finds a customer whose id is gone: one movement of theirs, and the billing system's ids."""

    occurred_at: AwareDatetime
    subscription_external_id: Identifier = None
    customer_external_id: OptionalIdentifier = None


class Note(_Vendor):
    """`GET /customer_notes`: a note or a call."""

    text: NoteText = None
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


class Account(_Vendor):
    """`GET /account`."""

    name: Words = ""
    currency: Text
    time_zone: Text = "UTC"
