"""Salesforce's objects as we use them."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from models.base import Record
from models.effects import Write
from models.money import Amount, Currency


class OwnerQuery(Record):
    """Whose account is this customer? By ChartMogul's uuid on the account, else by contact e-mail."""

    customer_uuid: str
    email: str | None = None
    fallback_email: str | None = None
    user_field: str | None = Field(
        default=None,
        description="API name of a look-up to User on the account: whom it names, in the owner's place",
    )


class AccountOwner(Record):
    """`why_fallback` says why the configured fallback owner stands in; None where the account has one.

    `found_by` says in plain words what led to the account ("ChartMogul's id on the account"); empty where
    none was found. `left_out` are look-ups that Salesforce made impossible, each with its reason.
    """

    owner_id: str | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    why_fallback: str | None = None
    found_by: str = ""
    left_out: list[str] = []


class LeadQuery(Record):
    email: str


class LeadsFound(Record):
    """Leads with that e-mail that are not converted, and the newest of them. `left_out` says why nobody could
    look."""

    number: int = 0
    name: str = ""
    link: str | None = None
    left_out: str = ""


class SaveTask(Write):
    """A Task for the account's owner. Fields of the org's own travel in `fields`, by API name."""

    subject: str
    due: date
    priority: str = "High"
    status: str | None = None
    description: str = ""
    owner_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    owner_name: str | None = Field(default=None, description="For the reason, where the owner is refused")
    fallback_email: str | None = Field(
        default=None, description="Who gets the task where Salesforce refuses its owner"
    )
    fields: dict[str, str | int | float | bool] = {}


class TaskChange(Write):
    """A change to the Task that carries `task_key`, by API name; the Task must exist."""

    task_key: str
    append_to_description: str = ""
    close: bool = Field(default=False, description="With the org's closed status, unless `fields` has one")
    fields: dict[str, str | int | float | bool] = {}


class AccountQuery(Record):
    """Which account is this customer? By ChartMogul's uuid on the account, else by the e-mail of a contact,
    else by `field`, where that holds one of `external_ids`."""

    customer_uuid: str
    email: str | None = None
    external_ids: list[str] = Field(default=[], max_length=20)
    field: str | None = Field(default=None, description="API name of an Account field")

    @property
    def by_customer(self) -> OwnerQuery:
        return OwnerQuery(customer_uuid=self.customer_uuid, email=self.email)


class AccountFound(Record):
    """`why_none` says why there is no account, or no single one; `owner_problem` why its owner can own
    nothing (has left, is a queue). `found_by` and `left_out` as an AccountOwner has them."""

    account_id: str | None = None
    name: str = ""
    owner_id: str | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    owner_problem: str = ""
    contact_id: str | None = None
    found_by: str = ""
    why_none: str | None = None
    left_out: list[str] = []


class OpportunityWrite(Write):
    """An Opportunity of the account's. Fields of the org's own travel in `fields`, by API name."""

    account_id: str | None = None
    name: str = Field(min_length=1)
    amount: Amount | None = None
    currency: Currency = Field(description="Of the amount. It is never converted")
    stage: str = Field(description="A value of the org's Stage picklist")
    type: str | None = Field(default=None, description="A value of its Type picklist")
    close_date: date
    owner_id: str | None = None
    owner_name: str | None = Field(default=None, description="For the reason, where the owner is refused")
    fallback_email: str | None = Field(
        default=None, description="Who gets it where Salesforce refuses its owner, or there is none"
    )
    description: str = ""
    fields: dict[str, str | int | float | bool] = {}


class ContactLink(Write):
    """A contact without an account is put into this one."""

    contact_id: str
    account_id: str


class OpportunityQuery(Record):
    key: str


class OpportunityNow(Record):
    """What people have made of it by now. `currency` is None where an org with only one does not tell it."""

    id: str
    link: str
    name: str
    stage: str
    amount: Amount | None = None
    currency: str | None = None
    is_closed: bool
    is_won: bool = False
    close_date: date | None = None
    owner_id: str | None = None
    last_modified: AwareDatetime | None = None


class OpportunityAmount(Write):
    """The exact sum of the Opportunity that carries `opportunity_key`, which must exist. It is set only while
    that is open, and its amount is what we last wrote."""

    opportunity_key: str
    expected_amount: Amount | None = Field(description="What we last wrote; None: no amount")
    amount: Amount
    currency: Currency
    description_line: str = Field(default="", description="Added to the description, once")


class NoteWrite(Write):
    """A note on the account: a completed Task, which carries our key, or a post on its Chatter feed."""

    account_id: str
    title: str = Field(min_length=1)
    body: str = ""
    kind: Literal["note", "chatter"] = "note"
    day: date | None = Field(default=None, description="Of a note: where it stands among the activities")
    not_before: AwareDatetime | None = Field(
        default=None, description="No earlier post can be ours: bounds the look-up"
    )
