"""Which fields the Salesforce org has, standard ones and those an admin adds for ChartMogul."""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str = "string"
    length: int = 0
    nillable: bool = True
    writeable: bool = True
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    values: tuple[str, ...] = ()
    label: str = ""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def is_key(self) -> bool:
        return self.external_id or self.id_lookup

    @property
    def indexed(self) -> bool:
        """Found without looking at every record. Website is ours: Salesforce would look at all."""
        return self.unique or self.id_lookup or self.name == "Website"

    @property
    def case_sensitive(self) -> bool:
        return self.external_id

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label or self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "nillable": self.nillable,
            "filterable": self.type != "textarea",
            "createable": self.writeable,
            "updateable": self.writeable,
            "defaultedOnCreate": self.name in ("OwnerId", "Status", "Priority"),
            "externalId": self.external_id,
            "unique": self.unique,
            "caseSensitive": self.case_sensitive,
            "idLookup": self.id_lookup,
            "custom": self.custom,
            "referenceTo": list(self.reference_to),
            "relationshipName": self.relationship,
            "restrictedPicklist": bool(self.values),
            "picklistValues": [{"value": v, "label": v, "active": True} for v in self.values],
        }


def _reference(name: str, *targets: str, **more: Any) -> Field:
    relationship = f"{name[:-1]}r" if name.endswith("__c") else name.removesuffix("Id")
    return Field(name, "reference", 18, reference_to=targets, relationship=relationship, **more)


_ID = Field("Id", "id", 18, nillable=False, writeable=False, id_lookup=True)
_OWNER = _reference("OwnerId", "User", nillable=False, label="Owner")
_STAMPS = (
    Field("CreatedDate", "datetime", nillable=False, writeable=False, label="Created"),
    Field("LastModifiedDate", "datetime", nillable=False, writeable=False, label="Last Modified"),
)

_KEY = Field(
    "CM_Customer_UUID__c", length=64, external_id=True, unique=True, id_lookup=True,
    label="ChartMogul Customer UUID",
)  # fmt: skip
_CHARTMOGUL = (
    _KEY,
    Field("CM_External_ID__c", length=255),
    Field("CM_MRR__c", "currency", label="ChartMogul MRR"),
    Field("CM_ARR__c", "currency"),
    Field("CM_Currency__c", length=3),
    Field("CM_Plan__c", length=255, label="ChartMogul Plan"),
    Field("CM_Billing_Cycle__c", length=80),
    Field("CM_Status__c", "picklist", 255),
    Field("CM_Net_Payments__c", "currency"),
    Field("CM_LTV__c", "currency"),
    Field("CM_Subscriber_Since__c", "date"),
    Field("CM_Churned_On__c", "date"),
    Field("CM_Last_Movement_Type__c", length=40),
    Field("CM_Last_Movement_Amount__c", "currency"),
    Field("CM_Last_Movement_At__c", "datetime"),
    Field("CM_Link__c", "url", 255),
)
"""What an admin adds for the mapping that we come with, on accounts and on contacts."""

STAGES = (
    "Prospecting", "Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review",
    "Closed Won", "Closed Lost",
)  # fmt: skip
OPPORTUNITY_TYPES = (
    "Existing Customer - Upgrade", "Existing Customer - Replacement", "Existing Customer - Downgrade",
    "New Customer",
)  # fmt: skip
_MOGULFLOW_KEY = Field(
    "Mogulflow_Key__c", length=255, external_id=True, unique=True, id_lookup=True, label="Mogulflow Key",
)  # fmt: skip

LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted")
TASK_STATUSES = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")

_OBJECTS: dict[str, tuple[Field, ...]] = {
    "User": (
        _ID,
        Field("Name", length=121, nillable=False, writeable=False),
        Field("Username", length=80, nillable=False),
        Field("Email", "email", 128, nillable=False),
        Field("IsActive", "boolean", nillable=False),
        *_STAMPS,
    ),
    "Account": (
        _ID,
        Field("Name", length=255, nillable=False),
        Field("Website", "url", 255),
        Field("BillingCountry", length=80, label="Country"),
        _OWNER,
        _reference("CSM__c", "User", label="CSM"),
        *_CHARTMOGUL,
        *_STAMPS,
    ),
    "Contact": (
        _ID,
        Field("Name", length=121, writeable=False),
        Field("FirstName", length=40),
        Field("LastName", length=80, nillable=False),
        Field("Email", "email", 80, id_lookup=True),
        _reference("AccountId", "Account", label="Account"),
        _OWNER,
        *_CHARTMOGUL,
        *_STAMPS,
    ),
    "Lead": (
        _ID,
        Field("Name", length=121, writeable=False),
        Field("FirstName", length=40),
        Field("LastName", length=80, nillable=False),
        Field("Company", length=255, nillable=False),
        Field("Email", "email", 80, id_lookup=True),
        Field("Status", "picklist", 255, nillable=False, values=LEAD_STATUSES, label="Lead Status"),
        Field("IsConverted", "boolean", nillable=False, writeable=False, label="Converted"),
        _OWNER,
        *_STAMPS,
    ),
    "Task": (
        _ID,
        Field("Subject", "combobox", 255),
        Field("Description", "textarea", 32000),
        Field("ActivityDate", "date", label="Due Date"),
        Field(
            "Status", "picklist", 255, nillable=False,
            values=TASK_STATUSES,
        ),
        Field("Priority", "picklist", 255, nillable=False, values=("High", "Normal", "Low")),
        Field("IsClosed", "boolean", nillable=False, writeable=False, label="Closed"),
        replace(_OWNER, label="Assigned To"),
        _reference("WhatId", "Account", label="Related To"),
        _reference("WhoId", "Contact", label="Contact"),
        _reference("AccountId", "Account", writeable=False, label="Account"),
        _MOGULFLOW_KEY,
        Field("CM_MRR_Lost__c", "currency", label="MRR Lost"),
        Field("CM_Outcome__c", length=80, label="Save Outcome"),
        *_STAMPS,
    ),
    "Opportunity": (
        _ID,
        Field("Name", length=120, nillable=False),
        _reference("AccountId", "Account", label="Account"),
        Field("Amount", "currency"),
        Field("StageName", "picklist", 255, nillable=False, values=STAGES, label="Stage"),
        Field("CloseDate", "date", nillable=False, label="Close Date"),
        Field("Type", "picklist", 255, values=OPPORTUNITY_TYPES),
        Field("Description", "textarea", 32000),
        Field("IsClosed", "boolean", nillable=False, writeable=False, label="Closed"),
        Field("IsWon", "boolean", nillable=False, writeable=False, label="Won"),
        _OWNER,
        _MOGULFLOW_KEY,
        *_STAMPS,
    ),
    "FeedItem": (
        _ID,
        _reference("ParentId", "Account", nillable=False, label="Posted on"),
        Field("Body", "textarea", 10000),
        Field("Type", "picklist", 40, values=("TextPost", "LinkPost", "ContentPost")),
        *_STAMPS,
    ),
    "TaskStatus": (
        _ID,
        Field("ApiName", length=255, nillable=False, writeable=False),
        Field("MasterLabel", length=255, nillable=False, writeable=False),
        Field("SortOrder", "int", writeable=False),
        Field("IsDefault", "boolean", nillable=False, writeable=False),
        Field("IsClosed", "boolean", nillable=False, writeable=False),
        *_STAMPS,
    ),
    "OpportunityStage": (
        _ID,
        Field("ApiName", length=255, nillable=False, writeable=False),
        Field("MasterLabel", length=255, nillable=False, writeable=False),
        Field("SortOrder", "int", writeable=False),
        Field("IsActive", "boolean", nillable=False, writeable=False),
        Field("IsClosed", "boolean", nillable=False, writeable=False),
        Field("IsWon", "boolean", nillable=False, writeable=False),
        *_STAMPS,
    ),
}  # fmt: skip

PREFIXES = {
    "Account": "001", "Contact": "003", "User": "005", "Opportunity": "006", "Task": "00T", "Lead": "00Q",
    "TaskStatus": "01T", "FeedItem": "0D5", "OpportunityStage": "01J",
}  # fmt: skip

Schema = dict[str, dict[str, Field]]


def fresh_schema() -> Schema:
    return {name: {f.name: f for f in fields} for name, fields in _OBJECTS.items()}
