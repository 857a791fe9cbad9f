"""Fields of leads and of custom objects, and what Marketo refuses to write in them."""

import re
from dataclasses import dataclass
from typing import Any

from simulators.marketo.answers import Json, Skip

DATE = re.compile(r"\d{4}-\d\d-\d\d")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?")
LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Field:
    """`crm` where a native CRM sync manages it, `company` where it is the company's."""

    name: str
    label: str
    kind: str = "string"
    length: int | None = None
    updateable: bool = True
    crm: bool = False
    company: bool = False

    def row(self, *, native_sync: bool = False) -> Json:
        length = {} if self.length is None else {"length": self.length}
        return {
            "name": self.name,
            "displayName": self.label,
            "dataType": self.kind,
            **length,
            "updateable": self.updateable,
            "crmManaged": native_sync and self.crm,
        }


LEAD_FIELDS = {
    field.name: field
    for field in (
        Field("id", "Id", "integer", updateable=False),
        Field("email", "Email Address", "email", 255),
        Field("firstName", "First Name", length=255, crm=True),
        Field("lastName", "Last Name", length=255, crm=True),
        Field("company", "Company Name", length=255, company=True),
        Field("industry", "Industry", length=255, company=True),
        Field("website", "Website", "url", 255, company=True),
        Field("country", "Country", length=255),
        Field("phone", "Phone Number", "phone", 255),
        Field("leadScore", "Lead Score", "score"),
        Field("unsubscribed", "Unsubscribed", "boolean"),
        Field("leadPartitionId", "Lead Partition Id", "integer", updateable=False),
        Field("createdAt", "Created At", "datetime", updateable=False),
        Field("updatedAt", "Updated At", "datetime", updateable=False),
        Field("cmCustomerUuid", "ChartMogul Customer", length=64),
        Field("cmMrr", "MRR", "currency"),
        Field("cmPlan", "Plan", length=40),
        Field("cmStatus", "Status", length=255),
        Field("cmSubscriberSince", "Subscriber Since", "date"),
        Field("cmLastMovementAt", "Last Movement At", "datetime"),
        Field("cmLink", "Link to ChartMogul", "url", 255),
        Field("cmSeats", "Seats", "integer"),
        Field("cmNote", "Note", "text", 30_000),
    )
}


def check(fields: dict[str, Field], values: Json, *, native_sync: bool = False, creates: bool = True) -> None:
    """Raises Skip for the first value that is refused. A field that is not `updateable` may be set once."""
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            raise Skip("1006", f"Field '{name}' not found")
        if not field.updateable and not creates:
            raise Skip("1003", f"Field '{name}' is read-only")
        if native_sync and field.company:
            raise Skip("1021", f"Company update not allowed: '{name}'")
        if value not in (None, ""):
            _check_value(field, value)


def _check_value(field: Field, value: Any) -> None:
    if not _has_type(field, value):
        raise Skip("1001", f"Invalid value '{_quoted(value)}'. Required of type '{field.kind}'")
    if isinstance(value, str) and field.length and len(value) > field.length:
        raise Skip("1003", f"Value of field '{field.name}' is longer than {field.length}")
    if field.kind == "email" and not str(value).isascii():
        raise Skip("1003", f"Invalid value '{value}' for field '{field.name}'")


def _has_type(field: Field, value: Any) -> bool:
    match field.kind:
        case "integer" | "score" | "percent":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
        case "float" | "currency":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and DATE.fullmatch(value) is not None
        case "datetime":
            return isinstance(value, str) and INSTANT.fullmatch(value) is not None
        case "url":
            return isinstance(value, str) and value.startswith(("http://", "https://"))
        case _:
            return isinstance(value, str)


def _quoted(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
