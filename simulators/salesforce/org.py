"""The Salesforce org: records, and the rules that a write must keep."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from simulators.kit.shapes import SalesforceRules
from simulators.salesforce.schema import LEAD_STATUSES, PREFIXES, Field, Schema, fresh_schema
from simulators.salesforce.seed import FALLBACK, Record, SalesforceSeed, record_id, record_number
from simulators.salesforce.values import check_type, check_value, folded, refused, same, stamp, stored

CURRENCY = "CurrencyIsoCode"
OF_ACCOUNTS = ("Contact", "Opportunity", "Task")
"""Objects whose records go with their account."""

_FIRST_NEW = 62**5
"""Numbers of records made while we run; seeded ones stay below."""


@dataclass
class Rule:
    """An org's own rule, or a lock, that refuses writes of one record; for ever where `times` is None."""

    code: str
    message: str
    times: int | None = 1
    alert: bool = False
    """A duplicate rule, "Allow, with alert": a caller's header passes it."""


@dataclass
class Org:
    seed: SalesforceSeed
    schema: Schema = field(default_factory=fresh_schema)
    changed: dict[str, dict[str, Record]] = field(default_factory=lambda: {name: {} for name in PREFIXES})
    """By object and id; newest last. A record here hides the seeded one."""
    deleted: set[str] = field(default_factory=set)
    """Ids of records in the recycle bin."""
    rules: dict[str, Rule] = field(default_factory=dict)
    """By record id."""
    special: SalesforceRules = field(default_factory=SalesforceRules)
    cursors: dict[str, list[Record]] = field(default_factory=dict)
    """Rows of queries with more than a page, newest last."""
    _index: dict[tuple[str, str, str], dict[str, None]] = field(default_factory=dict)
    """Ids of changed records by object, indexed field and value; the oldest first."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(_FIRST_NEW))

    def fields(self, object_name: str) -> dict[str, Field]:
        if object_name not in self.schema or object_name in self.special.hidden:
            raise refused("NOT_FOUND", "The requested resource does not exist", status=404)
        return self.schema[object_name]

    def become(self, special: SalesforceRules) -> None:
        self.special = special
        for name in ("Account", "Contact", "Opportunity"):
            self.schema[name].pop(CURRENCY, None)
            if special.currencies:
                self.schema[name][CURRENCY] = Field(CURRENCY, "picklist", 3, values=tuple(special.currencies))

    def value(self, record: Record, name: str) -> Any:
        if name == CURRENCY and not record.get(name):
            return self.special.currencies[0]
        return record.get(name)

    def get(self, object_name: str, id: str) -> Record | None:
        if id in self.deleted:
            return None
        return self.changed[object_name].get(id) or self.seed.get(object_name, id)

    def all(self, object_name: str) -> Iterator[Record]:
        changed = self.changed[object_name]
        hidden = changed.keys() | self.deleted
        yield from (r for r in self.seed.all(object_name) if r["Id"] not in hidden)
        yield from changed.values()

    def having(self, object_name: str, field_name: str, value: Any) -> list[Record]:
        """Records whose field has that value, as SOQL's = compares."""
        wanted = self.fields(object_name)[field_name]
        changed = self.changed[object_name]
        if wanted.indexed and value is not None:
            place = (object_name, field_name, folded(wanted, value))
            found = [changed[id] for id in self._index.get(place, ())]
        else:
            found = [r for r in changed.values() if same(wanted, r.get(field_name), value)]
        for record in self.seed.candidates(object_name, field_name, value):
            is_seeded = record["Id"] not in changed and record["Id"] not in self.deleted
            if is_seeded and same(wanted, record.get(field_name), value):
                found.append(record)
        return found

    def keep_cursor(self, rows: list[Record]) -> str:
        """Its name. The oldest of more than ten is forgotten."""
        name = record_id("01g", next(self._numbers))
        self.cursors[name] = rows
        if len(self.cursors) > 10:
            del self.cursors[next(iter(self.cursors))]
        return name

    def create(self, object_name: str, values: Record) -> Record:
        values = self._stored(object_name, values)
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

    def update(self, object_name: str, record: Record, values: Record, *, allow_save: bool = False) -> Record:
        self._obey_rule(record["Id"], allow_save)
        return self.overwrite(object_name, record, self._stored(object_name, values, record["Id"]))

    def delete(self, object_name: str, record: Record) -> None:
        """Into the recycle bin; of an account also what is on it."""
        self._obey_rule(record["Id"], allow_save=False)
        if object_name == "Account":
            for name in OF_ACCOUNTS:
                for other in list(self.having(name, "AccountId", record["Id"])):
                    self._forget(name, other)
        self._forget(object_name, record)

    def _forget(self, object_name: str, record: Record) -> None:
        if (known := self.changed[object_name].pop(record["Id"], None)) is not None:
            for each in self.fields(object_name).values():
                if each.indexed and known.get(each.name):
                    del self._index[object_name, each.name, folded(each, known[each.name])][known["Id"]]
        self.deleted.add(record["Id"])

    def hire(self, email: str) -> None:
        """A user as an admin makes one; nothing where an active one has the address."""
        if any(user["IsActive"] for user in self.having("User", "Email", email)):
            return
        made = stamp(datetime.now(UTC))
        id, name = record_id(PREFIXES["User"], next(self._numbers)), email.partition("@")[0]
        user = {"Id": id, "Name": name, "Username": email, "Email": email, "IsActive": True}
        self._save("User", user | {"CreatedDate": made, "LastModifiedDate": made})

    def overwrite(self, object_name: str, record: Record, values: Record) -> Record:
        """Change a record without the rules for API clients, as an admin may."""
        moved = {"LastModifiedDate": stamp(datetime.now(UTC))}
        return self._save(object_name, record | values | moved)

    def _save(self, object_name: str, record: Record) -> Record:
        if object_name == "Task":
            record["AccountId"] = self._account_of(record)
            record["IsClosed"] = self._closes(record["Status"])
        if object_name == "Opportunity":
            record["IsWon"] = record["StageName"] == "Closed Won"
            record["IsClosed"] = record["StageName"] in ("Closed Won", "Closed Lost")
        if object_name in ("Contact", "Lead"):
            record["Name"] = f"{record['FirstName'] or ''} {record['LastName']}".strip()
        self._index_anew(object_name, self.changed[object_name].get(record["Id"], {}), record)
        self.changed[object_name][record["Id"]] = record
        return record

    def _index_anew(self, object_name: str, old: Record, new: Record) -> None:
        for each in self.fields(object_name).values():
            before, after = old.get(each.name), new.get(each.name)
            if not each.indexed or before == after:
                continue
            if before:
                del self._index[object_name, each.name, folded(each, before)][new["Id"]]
            if after:
                place = (object_name, each.name, folded(each, after))
                self._index.setdefault(place, {})[new["Id"]] = None

    def _closes(self, status: str) -> bool:
        return any(each["IsClosed"] for each in self.having("TaskStatus", "ApiName", status))

    def _account_of(self, task: Record) -> str | None:
        """Salesforce computes it: from WhatId where that is an account, else through the contact."""
        if task["WhatId"]:
            return str(task["WhatId"])
        contact = self.get("Contact", task["WhoId"]) if task["WhoId"] else None
        return contact["AccountId"] if contact else None

    def _defaults(self, object_name: str) -> Record:
        if object_name == "FeedItem":
            return {"Type": "TextPost"}
        owner = {"OwnerId": record_id(PREFIXES["User"], FALLBACK)}
        if object_name == "Lead":
            return owner | {"Status": LEAD_STATUSES[0], "IsConverted": False}
        return owner | {"Status": "Not Started", "Priority": "Normal"} if object_name == "Task" else owner

    def _obey_rule(self, id: str, allow_save: bool) -> None:
        rule = self.rules.get(id)
        if rule is None or (rule.alert and allow_save):
            return
        if rule.times is not None:
            rule.times -= 1
            if rule.times <= 0:
                del self.rules[id]
        raise refused(rule.code, rule.message)

    def check_types(self, object_name: str, values: Record) -> None:
        """What is refused before a record is looked at: values that cannot be read."""
        for name, value in values.items():
            if value is not None and name in self.fields(object_name):
                check_type(self.fields(object_name)[name], value)

    def _stored(self, object_name: str, values: Record, id: str | None = None) -> Record:
        """The values as the org keeps them. Raises what it refuses."""
        self._check(object_name, values, id)
        known = self.fields(object_name)
        return {name: stored(known[name], value) for name, value in values.items()}

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
        if checked.name == "OwnerId" and object_name == "Task" and id in self.special.no_tasks:
            raise refused(
                "FIELD_INTEGRITY_EXCEPTION", f"Assigned To ID: id value not valid: {id}", ["OwnerId"]
            )

    def _check_unique(self, object_name: str, checked: Field, value: str, id: str | None) -> None:
        for other in self.having(object_name, checked.name, value):
            if other["Id"] != id:
                text = (
                    f"duplicate value found: {checked.name} duplicates value on record with id: "
                    f"{other['Id'][:15]}"
                )
                raise refused("DUPLICATE_VALUE", text)


def _is_required(checked: Field) -> bool:
    defaulted = ("OwnerId", "Status", "Priority")
    return checked.writeable and not checked.nillable and checked.name not in defaulted
