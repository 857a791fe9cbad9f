"""HubSpot's records, properties and associations as we use them, tasks, deals. Property values are text."""

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from models.base import Record
from models.effects import Action, Write
from models.money import Amount, Currency

ObjectType = Literal["contacts", "companies", "deals", "tasks"]
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
    refers_to: str | None = Field(default=None, alias="referencedObjectType")
    modification: dict[str, Any] = Field(default={}, alias="modificationMetadata")
    defined_by_hubspot: bool = Field(default=False, alias="hubspotDefined")

    @property
    def holds_user(self) -> bool:
        return self.refers_to == "OWNER"

    @property
    def writable(self) -> bool:
        return not (self.calculated or self.modification.get("readOnlyValue"))


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


class Stage(_HubSpot):
    """Of a pipeline. HubSpot tells by text whether it closes a deal."""

    id: str
    label: str
    metadata: dict[str, Any] = {}

    @property
    def is_closed(self) -> bool:
        return str(self.metadata.get("isClosed")).lower() == "true"

    @property
    def is_lost(self) -> bool:
        """It closes a deal, with no chance left."""
        return self.is_closed and str(self.metadata.get("probability")) in ("0", "0.0")


class Pipeline(_HubSpot):
    id: str
    label: str
    order: int = Field(default=0, alias="displayOrder")
    stages: list[Stage]


class Owner(_HubSpot):
    """A user of HubSpot, as one who owns records. `archived`: who has left."""

    id: str
    email: str | None = None
    first_name: str | None = Field(default=None, alias="firstName")
    last_name: str | None = Field(default=None, alias="lastName")
    archived: bool = False

    @property
    def name(self) -> str:
        return " ".join(filter(None, [self.first_name, self.last_name])) or self.email or self.id


class HubSpotOwnerQuery(Record):
    """Whose customer is it? By ChartMogul's uuid on the company, else by a contact's e-mail."""

    customer_uuid: str
    email: str | None = None
    fallback_email: str | None = Field(default=None, description="Of a HubSpot user, where there is no owner")
    user_property: str | None = Field(
        default=None, description="Whom this property names, in the owner's place; by internal name"
    )


class HubSpotOwner(Record):
    """`why_fallback` says why the fallback owner stands in, or why there is none; None where the company, or
    else its contact, has an active owner. `found_by` and `left_out` as Salesforce's AccountOwner has them."""

    owner_id: str | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    contact_id: str | None = None
    why_fallback: str | None = None
    found_by: str = ""
    left_out: list[str] = []


class HubSpotTask(Write):
    """A task for the owner, on the company and the contact."""

    subject: str = Field(min_length=1)
    due: date
    body: str = Field(default="", description="Plain text")
    priority: str = Field(default="HIGH", description="LOW, MEDIUM or HIGH")
    owner_id: str | None = None
    company_id: str | None = None
    contact_id: str | None = None


class HubSpotTaskChange(Write):
    """A change to the task that carries `task_key`, which must exist. Where tasks have no property for our
    key it is found by `task_id`, which the effect named, or through contact or company."""

    task_key: str
    append: str = Field(default="", description="Plain text")
    complete: bool = False
    task_id: str | None = None
    company_id: str | None = None
    contact_id: str | None = None


class DealWrite(Write):
    """A deal of the company's. More properties travel in `properties`, by internal name."""

    name: str = Field(min_length=1)
    amount: Amount | None = None
    currency: Currency = Field(description="Of the amount. It is never converted")
    pipeline: str | None = Field(default=None, description="Name or id; left out: the one that has the stage")
    stage: str = Field(description="Name or id")
    close_date: date
    owner_id: str | None = None
    company_id: str | None = None
    description: str = ""
    properties: dict[str, str] = {}


class DealQuery(Record):
    key: str


class DealNow(Record):
    """What people have made of it by now. `stage` and `pipeline` are names, or ids that are not known."""

    id: str
    link: str | None = None
    name: str
    stage: str
    pipeline: str
    amount: Amount | None = None
    currency: str | None = None
    is_closed: bool
    close_date: date | None = None
    owner_id: str | None = None
    last_modified: AwareDatetime | None = None


class DealAmount(Write):
    """The exact sum of the deal that carries `deal_key`, which must exist. It is set only while that is open,
    and its amount is what we last wrote."""

    deal_key: str
    expected_amount: Amount | None = Field(description="What we last wrote; None: no amount")
    amount: Amount
    currency: Currency
    description_line: str = Field(default="", description="Added to the description, once")
