"""Which properties a HubSpot portal has, and what values they take."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from simulators.kit.refusal import Refusal

OBJECT_TYPES = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tasks": "0-27"}
MOST_UNIQUE = 10
LONGEST = 65_536
PAIRS = {
    "string": ("text", "textarea", "html", "file", "phonenumber", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
    "bool": ("booleancheckbox", "calculation_equation"),
    "phone_number": ("phonenumber",),
}
"""Which field types go with a type."""


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    label: str = ""
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    options: tuple[str, ...] = ()
    description: str = ""
    hubspots: bool = True
    refers_to: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label or self.name.replace("_", " ").capitalize(),
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": self.description,
            "options": [{"label": o, "value": o, "displayOrder": n} for n, o in enumerate(self.options)],
            "hasUniqueValue": self.unique,
            "calculated": self.calculated,
            **({"referencedObjectType": self.refers_to} if self.refers_to else {}),
            "hidden": False,
            "archived": False,
            "hubspotDefined": self.hubspots,
            "modificationMetadata": {"archivable": not self.hubspots, "readOnlyValue": self.read_only},
        }


_STAGES = ("subscriber", "lead", "opportunity", "customer", "other")


def _standard(group: str, changed: str) -> tuple[Property, ...]:
    return (
        Property("hs_object_id", "Record ID", "number", "number", group, unique=True, read_only=True),
        Property("createdate", "Create date", "datetime", "date", group, read_only=True),
        Property(changed, "Last modified", "datetime", "date", group, read_only=True),
        Property("hubspot_owner_id", "Owner", "enumeration", "select", group, refers_to="OWNER"),
        Property("lifecyclestage", "Lifecycle stage", "enumeration", "radio", group, options=_STAGES),
        Property("website", "Website URL", group=group),
        Property("phone", "Phone number", group=group),
    )


_CONTACTS = (
    Property("email", "Email", group="contactinformation", unique=True),
    Property("hs_additional_emails", "Additional emails", group="contactinformation", read_only=True),
    Property("firstname", "First name", group="contactinformation"),
    Property("lastname", "Last name", group="contactinformation"),
    Property("company", "Company name", group="contactinformation"),
    Property("jobtitle", "Job title", group="contactinformation"),
    *_standard("contactinformation", "lastmodifieddate"),
)
_COMPANIES = (
    Property("name", "Company name", group="companyinformation"),
    Property("domain", "Company domain name", group="companyinformation"),
    Property("country", "Country/Region", group="companyinformation"),
    Property("csm", "CSM", "enumeration", "select", "companyinformation", hubspots=False, refers_to="OWNER"),
    Property("hs_num_open_deals", "Open deals", "number", "number", "companyinformation", calculated=True),
    *_standard("companyinformation", "hs_lastmodifieddate"),
)
_DEALS = (
    Property("dealname", "Deal name", group="dealinformation"),
    Property("amount", "Amount", "number", "number", "dealinformation"),
    Property("deal_currency_code", "Currency", "enumeration", "select", "dealinformation"),
    Property("pipeline", "Pipeline", "enumeration", "select", "dealinformation"),
    Property("dealstage", "Deal stage", "enumeration", "radio", "dealinformation"),
    Property("closedate", "Close date", "datetime", "date", "dealinformation"),
    Property("description", "Deal description", field_type="textarea", group="dealinformation"),
    Property(
        "dealtype", "Deal type", "enumeration", "radio", "dealinformation",
        options=("newbusiness", "existingbusiness"),
    ),
    Property("hs_is_closed", "Is closed", "bool", "booleancheckbox", "dealinformation", calculated=True),
    *_standard("dealinformation", "hs_lastmodifieddate")[:4],
)  # fmt: skip
_TASKS = (
    Property("hs_timestamp", "Due date", "datetime", "date", "task"),
    Property("hs_task_subject", "Task title", group="task"),
    Property("hs_task_body", "Notes", field_type="html", group="task"),
    Property(
        "hs_task_status", "Status", "enumeration", "select", "task",
        options=("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED"),
    ),
    Property(
        "hs_task_priority", "Priority", "enumeration", "select", "task",
        options=("NONE", "LOW", "MEDIUM", "HIGH"),
    ),
    Property(
        "hs_task_type", "Type", "enumeration", "select", "task", options=("TODO", "CALL", "EMAIL"),
    ),
    *_standard("task", "hs_lastmodifieddate")[:4],
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    label: str
    probability: float = 0.4

    @property
    def is_closed(self) -> bool:
        return self.probability in (0.0, 1.0)

    def as_json(self, order: int) -> dict[str, Any]:
        metadata = {"isClosed": str(self.is_closed).lower(), "probability": str(self.probability)}
        return {"id": self.id, "label": self.label, "displayOrder": order, "metadata": metadata}


@dataclass(frozen=True, slots=True)
class Pipeline:
    id: str
    label: str
    stages: tuple[Stage, ...]

    def as_json(self, order: int) -> dict[str, Any]:
        stages = [each.as_json(number) for number, each in enumerate(self.stages)]
        return {"id": self.id, "label": self.label, "displayOrder": order, "stages": stages}


PIPELINES = (
    Pipeline("default", "Sales Pipeline", (
        Stage("appointmentscheduled", "Appointment Scheduled", 0.2),
        Stage("qualifiedtobuy", "Qualified To Buy", 0.4),
        Stage("contractsent", "Contract Sent", 0.9),
        Stage("closedwon", "Closed Won", 1.0),
        Stage("closedlost", "Closed Lost", 0.0),
    )),
    Pipeline("74021", "Expansions", (
        Stage("74022", "Usage Grows", 0.3),
        Stage("74023", "In Talks", 0.6),
        Stage("74024", "Expanded", 1.0),
        Stage("74025", "Declined", 0.0),
    )),
)  # fmt: skip
"""What a portal begins with, and one that its people have made."""


@dataclass
class Schema:
    """Properties and groups of one object type."""

    properties: dict[str, Property]
    groups: dict[str, str] = field(default_factory=dict)

    def unique(self, name: str) -> bool:
        return name in self.properties and self.properties[name].unique and name != "hs_object_id"

    def indexed(self) -> list[str]:
        """Properties by whose values records are found without looking at all."""
        return [each.name for each in self.properties.values() if each.unique or each.name == "domain"]


def fresh_schema() -> dict[str, Schema]:
    return {
        "contacts": Schema({p.name: p for p in _CONTACTS}, {"contactinformation": "Contact information"}),
        "companies": Schema({p.name: p for p in _COMPANIES}, {"companyinformation": "Company information"}),
        "deals": Schema({p.name: p for p in _DEALS}, {"dealinformation": "Deal information"}),
        "tasks": Schema({p.name: p for p in _TASKS}, {"task": "Task information"}),
    }


def refused(message: str, category: str = "VALIDATION_ERROR", status: int = 400, **more: Any) -> Refusal:
    body = {"status": "error", "message": message, "correlationId": str(uuid4()), "category": category}
    return Refusal(status, body | more)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value."""

    code: str
    name: str
    message: str


def not_valid(faults: Iterable[Fault]) -> Refusal:
    """HubSpot puts its list into the text."""
    listed = [
        {"isValid": False, "message": f.message, "error": f.code, "name": f.name,
         "localizedErrorMessage": f.message}
        for f in faults
    ]  # fmt: skip
    return refused(f"Property values were not valid: {json.dumps(listed)}")


def checked(schema: Schema, values: dict[str, Any]) -> list[Fault]:
    found = []
    for name, value in values.items():
        known = schema.properties.get(name)
        if known is None:
            found.append(Fault("PROPERTY_DOESNT_EXIST", name, f'Property "{name}" does not exist'))
        elif known.read_only or known.calculated:
            found.append(Fault("READ_ONLY_VALUE", name, f'"{name}" is a read only property'))
        elif value != "" and (problem := _problem(known, value)):
            found.append(Fault(problem[0], name, problem[1]))
    return found


def _problem(known: Property, value: str) -> tuple[str, str] | None:
    if known.name == "email" and not re.fullmatch(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+", value):
        return "INVALID_EMAIL", f"Email address {value} is invalid"
    if known.type == "number" and not _is_number(value):
        return "INVALID_NUMBER", f"{value} was not a valid number."
    if known.type == "date" and _midnight(value) is None:
        return "INVALID_DATE", f"{value} is at no midnight UTC."
    if known.type == "datetime" and _instant(value) is None:
        return "INVALID_LONG", f"{value} was not a valid long."
    if known.options and value not in known.options:
        listed = ", ".join(known.options)
        return "INVALID_OPTION", f"{value} was not one of the allowed options: [{listed}]"
    if known.type == "bool" and value not in ("true", "false"):
        return "INVALID_OPTION", f"{value} was not one of the allowed options: [true, false]"
    if len(value) > LONGEST:
        return "PROPERTY_TOO_LARGE", f"{known.name} is too large: {value[:40]}"
    return None


def stored(known: Property, value: str) -> str | None:
    """As HubSpot gives it back."""
    if value == "":
        return None
    if known.name in ("email", "domain"):
        return value.lower()
    if known.type == "date":
        return str(_midnight(value))
    if known.type == "datetime":
        instant = _instant(value)
        assert instant is not None
        return stamp(instant)
    return value


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_number(value: str) -> bool:
    """One dot, no thousands separators, nothing but digits else."""
    plain = re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", value)
    return plain is not None and math.isfinite(float(value))


def _instant(value: str) -> datetime | None:
    try:
        if re.fullmatch(r"-?\d+", value):
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        instant = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _midnight(value: str) -> date | None:
    instant = _instant(value)
    if instant is None or instant.astimezone(UTC).time() != datetime.min.time():
        return None
    return instant.astimezone(UTC).date()
