"""The HubSpot portal: records, what a write must keep, and which records belong together."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from simulators.hubspot.schema import Fault, Schema, checked, fresh_schema, not_valid, refused, stamp, stored
from simulators.hubspot.seed import FIRST_NEW, HubSpotSeed, Record, Values
from simulators.kit.shapes import HubSpotRules

CHANGED = {"contacts": "lastmodifieddate", "companies": "hs_lastmodifieddate"}
NAMED_BY = {"contacts": ("email", "firstname", "lastname"), "companies": ("name", "domain")}
"""A new record needs one of them."""


@dataclass
class Portal:
    seed: HubSpotSeed
    schema: dict[str, Schema] = field(default_factory=fresh_schema)
    rules: HubSpotRules = field(default_factory=HubSpotRules)
    changed: dict[str, dict[int, Record | None]] = field(
        default_factory=lambda: {"contacts": {}, "companies": {}}
    )
    """By object type and id, newest last; hides the seeded one. None: it was deleted."""
    _index: dict[tuple[str, str, str], dict[int, None]] = field(default_factory=dict)
    """Ids of changed records by object type, indexed property and value."""
    _earlier: dict[tuple[str, int], tuple[float, Record | None]] = field(default_factory=dict)
    """What search shows of a changed record, and until when."""
    _added: dict[tuple[str, int], dict[int, None]] = field(default_factory=dict)
    """Associations made while we run, by object type and id; the other ends' ids."""
    _ids: Iterator[int] = field(default_factory=lambda: count(FIRST_NEW))

    def get(self, object_type: str, id: str | int) -> Record | None:
        number = int(id) if str(id).isdecimal() else 0
        changed = self.changed[object_type]
        return changed[number] if number in changed else self.seed.get(object_type, number)

    def after(self, object_type: str, id: int) -> Iterator[Record]:
        """By id, from the first that is larger."""
        changed = self.changed[object_type]
        for record in self.seed.after(object_type, id):
            shown = changed.get(record.id, record)
            if shown:
                yield shown
        yield from (r for new, r in sorted(changed.items()) if new >= FIRST_NEW and new > id and r)

    def by_unique(self, object_type: str, name: str, value: str) -> Record | None:
        """The record that a value names; a contact's secondary addresses are names of it, too."""
        wanted = value.lower() if name == "email" else value
        return next((r for r in self.having(object_type, name, wanted) if r), None)

    def having(self, object_type: str, name: str, value: str) -> Iterator[Record]:
        """Records with that value, compared as it is kept."""
        changed = self.changed[object_type]
        if self.is_indexed(object_type, name):
            ids = self._index.get((object_type, name, value), {})
            yield from (record for id in ids if (record := changed[id]))
        else:
            yield from (r for r in changed.values() if r and value in values_of(r, name))
        for record in self.seed.candidates(object_type, name, value):
            if record.id not in changed and value in values_of(record, name):
                yield record

    def as_search_shows(self, object_type: str, record: Record) -> Record | None:
        until, earlier = self._earlier.get((object_type, record.id), (0.0, None))
        return earlier if time.monotonic() < until else record

    def lately_changed(self, object_type: str) -> Iterator[Record]:
        """Records of which search shows what they were."""
        now = time.monotonic()
        for (kind, id), (until, _) in self._earlier.items():
            record = self.changed[kind].get(id)
            if kind == object_type and until > now and record:
                yield record

    def is_indexed(self, object_type: str, name: str) -> bool:
        return name in self.schema[object_type].indexed()

    def check(self, object_type: str, record: Record | None, values: dict[str, str]) -> None:
        """Refuse what HubSpot refuses of a new record (None) or a change."""
        faults = checked(self.schema[object_type], values)
        for name, value in values.items():
            if not faults and value and self.schema[object_type].unique(name):
                faults += self._taken(object_type, record, name, value)
        if faults:
            raise not_valid(faults)
        if record is None and not any(values.get(name) for name in NAMED_BY[object_type]):
            raise refused(f"One of {', '.join(NAMED_BY[object_type])} is required")

    def write(self, object_type: str, record: Record | None, values: dict[str, str]) -> Record:
        self.check(object_type, record, values)
        known = self.schema[object_type].properties
        return self.overwrite(
            object_type, record, {name: stored(known[name], v) for name, v in values.items()}
        )

    def overwrite(self, object_type: str, record: Record | None, values: Values) -> Record:
        """Without the rules for API clients, as a person in HubSpot may."""
        now = datetime.now(UTC)
        if record is None:
            id = next(self._ids)
            record = Record(id, {"hs_object_id": str(id), "createdate": stamp(now)}, now, now)
        whole = record.values | values | {CHANGED[object_type]: stamp(now)}
        return self._save(object_type, Record(record.id, whole, record.created, now))

    def delete(self, object_type: str, record: Record) -> None:
        self._forget(object_type, record)
        self.changed[object_type][record.id] = None

    def others(self, object_type: str, id: int) -> list[int]:
        """Ids of the contact's companies, the primary one first, or of the company's contacts."""
        seeded = self.seed.companies_of(id) if object_type == "contacts" else self.seed.contacts_of(id)
        other = "companies" if object_type == "contacts" else "contacts"
        ids = [*seeded, *self._added.get((object_type, id), {})]
        return [each for each in dict.fromkeys(ids) if self.get(other, each)]

    def associate(self, contact: int, company: int) -> None:
        self._added.setdefault(("contacts", contact), {})[company] = None
        self._added.setdefault(("companies", company), {})[contact] = None

    def _taken(self, object_type: str, record: Record | None, name: str, value: str) -> list[Fault]:
        other = self.by_unique(object_type, name, value)
        if other is None or (record and other.id == record.id):
            return []
        if name == "email":
            raise refused(f"Contact already exists. Existing ID: {other.id}", "CONFLICT", 409)
        target = record.id if record else "a new record"
        text = f"Cannot set {name} on {target}. {other.id} already has that value."
        return [Fault("CONFLICTING_UNIQUE_VALUE", name, text)]

    def _save(self, object_type: str, record: Record) -> Record:
        old = self.get(object_type, record.id)
        shown = self.as_search_shows(object_type, old) if old else None
        if self.rules.search_lag_seconds:
            until = time.monotonic() + self.rules.search_lag_seconds
            self._earlier[object_type, record.id] = (until, shown)
        if old:
            self._forget(object_type, old)
        for name in self.schema[object_type].indexed():
            for value in values_of(record, name):
                self._index.setdefault((object_type, name, value), {})[record.id] = None
        self.changed[object_type][record.id] = record
        return record

    def _forget(self, object_type: str, record: Record) -> None:
        for name in self.schema[object_type].indexed():
            for value in values_of(record, name):
                self._index.get((object_type, name, value), {}).pop(record.id, None)


def values_of(record: Record, name: str) -> list[str]:
    known = [record.values.get(name) or ""]
    if name == "email":
        known += (record.values.get("hs_additional_emails") or "").split(";")
    return [value for value in known if value]
