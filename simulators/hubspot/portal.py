"""The HubSpot portal: records, what a write must keep, and which records belong together."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from simulators.hubspot.schema import (
    OBJECT_TYPES,
    PIPELINES,
    Fault,
    Schema,
    checked,
    fresh_schema,
    not_valid,
    refused,
    stamp,
    stored,
)
from simulators.hubspot.seed import FIRST_NEW, HubSpotSeed, Record, Values
from simulators.kit.shapes import HubSpotRules

CHANGED = {name: "hs_lastmodifieddate" for name in OBJECT_TYPES} | {"contacts": "lastmodifieddate"}
NAMED_BY = {"contacts": ("email", "firstname", "lastname"), "companies": ("name", "domain")}
"""A new record needs one of them."""
NEEDS = {"deals": ("dealname", "dealstage"), "tasks": ("hs_timestamp",)}
"""A new record needs all of them."""


@dataclass
class Portal:
    seed: HubSpotSeed
    schema: dict[str, Schema] = field(default_factory=fresh_schema)
    rules: HubSpotRules = field(default_factory=HubSpotRules)
    changed: dict[str, dict[int, Record | None]] = field(
        default_factory=lambda: {name: {} for name in OBJECT_TYPES}
    )
    """By object type and id, newest last; hides the seeded one. None: it was deleted."""
    _index: dict[tuple[str, str, str], dict[int, None]] = field(default_factory=dict)
    """Ids of changed records by object type, indexed property and value."""
    _earlier: dict[tuple[str, int], tuple[float, Record | None]] = field(default_factory=dict)
    """What search shows of a changed record, and until when."""
    _added: dict[tuple[str, int, str], dict[int, None]] = field(default_factory=dict)
    """Associations made while we run, by object type and id, and the other ends' type; their ids."""
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
        if object_type in NEEDS:
            faults += self._unfit(record, values)
        if faults:
            raise not_valid(faults)
        named_by, needs = NAMED_BY.get(object_type), NEEDS.get(object_type, ())
        if record is None and named_by and not any(values.get(name) for name in named_by):
            raise refused(f"One of {', '.join(named_by)} is required")
        if record is None and (missing := [name for name in needs if not values.get(name)]):
            raise not_valid([Fault("REQUIRED_PROPERTY", name, f"{name} is required") for name in missing])

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
        if object_type == "deals":
            whole = self._computed(whole)
        return self._save(object_type, Record(record.id, whole, record.created, now))

    def delete(self, object_type: str, record: Record) -> None:
        self._forget(object_type, record)
        self.changed[object_type][record.id] = None

    def others(self, object_type: str, id: int, other: str) -> list[int]:
        """Ids of the records that one is connected with; the first of its companies is the primary one."""
        seeded = list[int]()
        if (object_type, other) == ("contacts", "companies"):
            seeded = self.seed.companies_of(id)
        elif (object_type, other) == ("companies", "contacts"):
            seeded = self.seed.contacts_of(id)
        ids = [*seeded, *self._added.get((object_type, id, other), {})]
        return [each for each in dict.fromkeys(ids) if self.get(other, each)]

    def associate(self, object_type: str, id: int, other: str, other_id: int) -> None:
        self._added.setdefault((object_type, id, other), {})[other_id] = None
        self._added.setdefault((other, other_id, object_type), {})[id] = None

    def _unfit(self, record: Record | None, values: dict[str, str]) -> list[Fault]:
        """Of deals and tasks: what is no stage of the pipeline, no currency of the account, no user."""
        pipeline = values.get("pipeline") or (record.values.get("pipeline") if record else None)
        stages = [s.id for p in PIPELINES if p.id == (pipeline or PIPELINES[0].id) for s in p.stages]
        owners = [each["id"] for each in self.seed.owners if not each["archived"]]
        allowed = {
            "pipeline": [p.id for p in PIPELINES],
            "dealstage": stages,
            "deal_currency_code": self.rules.currencies,
            "hubspot_owner_id": owners,
        }
        found = []
        for name, known in allowed.items():
            if name == "deal_currency_code" and values.get(name) and not known:
                found.append(Fault("READ_ONLY_VALUE", name, f'"{name}" is a read only property'))
            elif values.get(name) and values[name] not in known:
                text = f"{values[name]} was not one of the allowed options: {known}"
                found.append(Fault("INVALID_OPTION", name, text))
        return found

    def _computed(self, deal: Values) -> Values:
        """What follows from the stage; the pipeline and the currency of who names none."""
        pipeline = deal.get("pipeline") or PIPELINES[0].id
        closed = any(s.is_closed for p in PIPELINES for s in p.stages if s.id == deal.get("dealstage"))
        currency = deal.get("deal_currency_code") or next(iter(self.rules.currencies), None)
        return deal | {
            "pipeline": pipeline, "hs_is_closed": str(closed).lower(), "deal_currency_code": currency,
        }  # fmt: skip

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
