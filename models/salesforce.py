"""Salesforce's objects as we use them."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from models.effects import Write


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class OwnerQuery(_Record):
    """Whose account is this customer? By ChartMogul's uuid on the account, else by contact e-mail."""

    customer_uuid: str
    email: str | None = None
    fallback_email: str | None = None


class AccountOwner(_Record):
    """`why_fallback` says why the configured fallback owner stands in; None where the account has one."""

    owner_id: str | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    why_fallback: str | None = None


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
    fields: dict[str, str | int | float | bool] = {}


class TaskChange(Write):
    """A change to the Task that carries `task_key`, by API name; the Task must exist."""

    task_key: str
    append_to_description: str = ""
    fields: dict[str, str | int | float | bool] = {}
