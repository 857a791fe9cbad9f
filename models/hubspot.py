"""HubSpot's records, properties and associations as we use them. Property values are text."""

from typing import Literal

from pydantic import ConfigDict, Field

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


class NewRow(_HubSpot):
    """A record to write: `key` is its id, or the value of its unique property."""

    key: str = Field(min_length=1)
    properties: Properties


class Association(_HubSpot):
    id: str
    """The other record's."""
    primary: bool = False


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
