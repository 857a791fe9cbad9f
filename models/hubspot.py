"""HubSpot's records, properties and associations as we use them. Property values are text."""

from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from models.base import Record
from models.effects import Action

ObjectType = Literal["contacts", "companies"]
Properties = dict[str, str | None]
"""By internal name. None, as HubSpot answers, and "", as it is told, both mean no value."""


class _HubSpot(Record):
    """Fields go by our names and by HubSpot's."""

    model_config = ConfigDict(populate_by_name=True)


class HubSpotRecord(_HubSpot):
    id: str
    properties: Properties
    updated_at: AwareDatetime | None = Field(default=None, alias="updatedAt")


class NewRow(_HubSpot):
    """A record to write: `key` is its id, or the value of its unique property."""

    key: str = Field(min_length=1)
    properties: Properties


class Association(_HubSpot):
    id: str
    """The other record's."""
    primary: bool = False


class Owner(_HubSpot):
    id: str
    email: str | None = None
    first_name: str | None = Field(default=None, alias="firstName")
    last_name: str | None = Field(default=None, alias="lastName")
    archived: bool = False


class Property(_HubSpot):
    name: str
    label: str = ""
    type: str
    field_type: str = Field(alias="fieldType")
    group: str = Field(default="", alias="groupName")
    unique: bool = Field(default=False, alias="hasUniqueValue")
    calculated: bool = False
    defined_by_hubspot: bool = Field(default=False, alias="hubspotDefined")


class NewProperty(_HubSpot):
    """A property to have. `type` and `field_type` must go together, which HubSpot checks."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)
    label: str
    type: Literal["string", "number", "date", "datetime", "bool", "enumeration"]
    field_type: Literal["text", "textarea", "number", "date", "booleancheckbox", "select"]
    unique: bool = False
    description: str = ""


class PropertyGroup(_HubSpot):
    name: str
    label: str = ""


GROUP = PropertyGroup(name="chartmogul", label="ChartMogul")
"""Where the properties stand together on a record's page."""


class Prepared(_HubSpot):
    """A group or property that must be there: made, found, or in another shape than needed."""

    object_type: str
    kind: Literal["group", "property"]
    name: str
    action: Action
    """created, unchanged, would create; skipped where `problem` says why."""
    problem: str | None = None


def new_property(fact: str, name: str | None = None) -> NewProperty:
    """The property for one of FACTS, `mrr` say; by default under the name that config/crm.yaml begins with.

    Raises KeyError for another fact."""
    label, kind = FACTS[fact]
    type_, field_type = _KINDS[kind]
    return NewProperty.model_validate({
        "name": name or f"chartmogul_{_NAMES.get(fact, fact)}",
        "label": f"ChartMogul {label}",
        "type": type_,
        "field_type": field_type,
        "unique": kind == "key",
        "description": "Kept up to date by Mogulflow.",
    })  # fmt: skip


_NAMES = {"uuid": "customer_uuid", "predicted_ltv": "ltv"}
_KINDS = {
    "key": ("string", "text"),
    "text": ("string", "text"),
    "amount": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
}
FACTS: dict[str, tuple[str, str]] = {
    "uuid": ("customer UUID", "key"),
    "external_id": ("external ID", "text"),
    "name": ("name", "text"),
    "company": ("company", "text"),
    "email": ("email", "text"),
    "domain": ("domain", "text"),
    # Text: an enumeration would refuse a status that ChartMogul adds one day.
    "status": ("status", "text"),
    "mrr": ("MRR", "amount"),
    "arr": ("ARR", "amount"),
    "currency": ("currency", "text"),
    "plans": ("plans", "text"),
    "billing_cycle": ("billing cycle", "text"),
    "net_payments": ("net payments", "amount"),
    "net_payments_by_currency": ("net payments by currency", "text"),
    "predicted_ltv": ("predicted lifetime value", "amount"),
    "subscriber_since": ("subscriber since", "date"),
    "churned_on": ("churned on", "date"),
    "last_movement_type": ("last movement", "text"),
    "last_movement_amount": ("last movement amount", "amount"),
    "last_movement_at": ("last movement at", "datetime"),
    "link": ("link", "text"),
    "country": ("country", "text"),
    "tags": ("tags", "text"),
}
"""What we know of a customer: label, and the kind of property that holds it."""
