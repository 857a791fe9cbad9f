"""Salesforce's objects as we use them."""

from datetime import date

from pydantic import Field

from models.base import Record
from models.effects import Write


class OwnerQuery(Record):
    """Whose account is this customer? By ChartMogul's uuid on the account, else by contact e-mail."""

    customer_uuid: str
    email: str | None = None
    fallback_email: str | None = None


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
