"""The Salesforce org: records, and the rules that a write must keep."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from simulators.refusal import Refusal
from simulators.salesforce_schema import PREFIXES, Field, Schema, fresh_schema
from simulators.salesforce_seed import FALLBACK, Record, SalesforceSeed, record_id, record_number, stamp

_FIRST_NEW = 62**5
"""Numbers of records made while we run; seeded ones stay below."""


def refused(code: str, message: str, fields: list[str] | None = None, status: int = 400) -> Refusal:
    return Refusal(status, [{"message": message, "errorCode": code, "fields": fields or []}])


@dataclass
class Org:
    seed: SalesforceSeed
    schema: Schema = field(default_factory=fresh_schema)
    changed: dict[str, dict[str, Record]] = field(default_factory=lambda: {name: {} for name in PREFIXES})
    """By object and id; newest last. A record here hides the seeded one."""
    _by_key: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Ids of changed records by object, key field and value."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(_FIRST_NEW))

    def fields(self, object_name: str) -> dict[str, Field]:
        if object_name not in self.schema:
            raise refused("NOT_FOUND", "The requested resource does not exist", status=404)
        return self.schema[object_name]

    def get(self, object_name: str, id: str) -> Record | None:
        return self.changed[object_name].get(id) or self.seed.get(object_name, id)

    def all(self, object_name: str) -> Iterator[Record]:
        changed = self.changed[object_name]
        yield from (r for r in self.seed.all(object_name) if r["Id"] not in changed)
        yield from changed.values()

    def having(self, object_name: str, field_name: str, value: Any) -> list[Record]:
        """Records whose field has that value, as SOQL's = compares."""
        wanted = self.fields(object_name)[field_name]
        changed = self.changed[object_name]
        if wanted.unique and value is not None:
            id = self._by_key.get((object_name, field_name, str(value)))
            found = [changed[id]] if id else []
        else:
            found = [r for r in changed.values() if same(wanted, r.get(field_name), value)]
        for record in self.seed.candidates(object_name, field_name, value):
            if record["Id"] not in changed and same(wanted, record.get(field_name), value):
                found.append(record)
        return found

    def create(self, object_name: str, values: Record) -> Record:
        self._check(object_name, values)
        missing = [
            f.name for f in self.fields(object_name).values() if _is_required(f)
            and not values.get(f.name)
        ]  # fmt: skip
        if missing:
            text = f"Required fields are missing: [{', '.join(missing)}]"
            raise refused("REQUIRED_FIELD_MISSING", text, missing)
        made = stamp(datetime.now(UTC))
        return self._save(object_name, {
            **dict.fromkeys(self.fields(object_name)),
            **self._defaults(object_name),
            **values,
            "Id": record_id(PREFIXES[object_name], next(self._numbers)),
            "CreatedDate": made,
            "LastModifiedDate": made,
        })  # fmt: skip

    def update(self, object_name: str, record: Record, values: Record) -> Record:
        self._check(object_name, values, record["Id"])
        return self.overwrite(object_name, record, values)

    def overwrite(self, object_name: str, record: Record, values: Record) -> Record:
        """Change a record without the rules for API clients, as an admin may."""
        moved = {"LastModifiedDate": stamp(datetime.now(UTC))}
        return self._save(object_name, record | values | moved)

    def _save(self, object_name: str, record: Record) -> Record:
        if object_name == "Task":
            record["AccountId"] = self._account_of(record)
            record["IsClosed"] = record["Status"] == "Completed"
        if object_name == "Contact":
            record["Name"] = f"{record['FirstName'] or ''} {record['LastName']}".strip()
        old = self.changed[object_name].get(record["Id"], {})
        for key in (f.name for f in self.fields(object_name).values() if f.unique):
            if old.get(key):
                del self._by_key[object_name, key, old[key]]
            if record.get(key):
                self._by_key[object_name, key, record[key]] = record["Id"]
        self.changed[object_name][record["Id"]] = record
        return record

    def _account_of(self, task: Record) -> str | None:
        """Salesforce computes it: from WhatId where that is an account, else through the contact."""
        if task["WhatId"]:
            return str(task["WhatId"])
        contact = self.get("Contact", task["WhoId"]) if task["WhoId"] else None
        return contact["AccountId"] if contact else None

    def _defaults(self, object_name: str) -> Record:
        owner = {"OwnerId": record_id(PREFIXES["User"], FALLBACK)}
        return owner | {"Status": "Not Started", "Priority": "Normal"} if object_name == "Task" else owner

    def _check(self, object_name: str, values: Record, id: str | None = None) -> None:
        known = self.fields(object_name)
        for name, value in values.items():
            if name not in known:
                text = f"No such column '{name}' on sobject of type {object_name}"
                raise refused("INVALID_FIELD", text)
            if not known[name].writeable:
                text = (
                    f"Unable to create/update fields: {name}. Please check the security settings "
                    "of this field and verify that it is read/write for your profile or "
                    "permission set."
                )
                raise refused("INVALID_FIELD_FOR_INSERT_UPDATE", text, [name])
            if value is None:
                continue
            check_value(known[name], value)
            if known[name].type == "reference":
                self._check_reference(object_name, known[name], value)
            if known[name].unique:
                self._check_unique(object_name, known[name], value, id)

    def _check_reference(self, object_name: str, checked: Field, id: str) -> None:
        target = checked.reference_to[0]
        number = record_number(id)
        if number is None:
            raise refused("MALFORMED_ID", f"{checked.name}: id value of incorrect type: {id}", [checked.name])
        record = self.get(target, id)
        if record is None:
            raise refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [checked.name])
        if checked.name == "OwnerId" and not record["IsActive"]:
            text = f"operation performed with inactive user [{id}] as owner of {object_name.lower()}"
            raise refused("INACTIVE_OWNER_OR_USER", text)

    def _check_unique(self, object_name: str, checked: Field, value: str, id: str | None) -> None:
        for other in self.having(object_name, checked.name, value):
            if other["Id"] != id:
                text = (
                    f"duplicate value found: {checked.name} duplicates value on record with id: "
                    f"{other['Id'][:15]}"
                )
                raise refused("DUPLICATE_VALUE", text)


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "currency": (int, float),
    "double": (int, float),
}


def same(compared: Field, ours: Any, theirs: Any) -> bool:
    """Text compares without case, save in keys that were made case-sensitive."""
    exact = compared.case_sensitive or compared.type in ("id", "reference")
    if isinstance(ours, str) and isinstance(theirs, str) and not exact:
        return ours.casefold() == theirs.casefold()
    return bool(ours == theirs)


def check_value(checked: Field, value: Any) -> None:
    expected = _PYTHON_TYPES.get(checked.type, (str,))
    if type(value) not in expected:
        text = f"Cannot deserialize instance of {checked.type} from value {value!r}"
        raise refused("JSON_PARSER_ERROR", text)
    if checked.type == "date" and not _is_date(value):
        text = f"Cannot deserialize instance of date from VALUE_STRING value {value}"
        raise refused("JSON_PARSER_ERROR", text)
    if checked.length and len(value) > checked.length:
        text = f"{checked.name}: data value too large: {value[:80]} (max length={checked.length})"
        raise refused("STRING_TOO_LONG", text, [checked.name])
    if checked.values and value not in checked.values:
        text = f"{checked.name}: bad value for restricted picklist field: {value}"
        raise refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, [checked.name])


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_required(checked: Field) -> bool:
    defaulted = ("OwnerId", "Status", "Priority")
    return checked.writeable and not checked.nillable and checked.name not in defaulted
