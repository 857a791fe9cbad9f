"""The Marketo instance: leads, what marketers have made, and what became of both."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from simulators.kit.seed import Customer, Seed
from simulators.marketo.answers import Json, Skip
from simulators.marketo.schema import LEAD_FIELDS, Field, check

FIRST_LEAD, FIRST_NEW = 100_000, 5_000_000
UNKNOWN_TO_MARKETO = 4
"""Of five customers in a row this one is no lead: nobody has told Marketo of them."""

PARTITIONS = {"Default": 1, "EMEA": 2}
SEEDED_MEMBERS = 20


@dataclass
class StaticList:
    id: int
    name: str
    members: dict[int, None] = field(default_factory=dict)


@dataclass
class Program:
    id: int
    name: str
    channel: str
    members: dict[int, str] = field(default_factory=dict)


@dataclass
class Campaign:
    """`rule` says how often a lead may run through it. Only a trigger campaign that is active may be
    requested, and only if that is its trigger."""

    id: int
    name: str
    kind: str = "trigger"
    active: bool = True
    has_trigger: bool = True
    rule: str = "any"

    @property
    def requestable(self) -> bool:
        return self.kind == "trigger" and self.active and self.has_trigger


@dataclass
class CustomObject:
    """`link` is its field that names a lead, `named_by` the lead's field that it names it by."""

    name: str
    dedupe: tuple[str, ...]
    link: str
    named_by: str
    fields: dict[str, Field]
    records: dict[str, Json] = field(default_factory=dict)
    """By Marketo's id."""
    _ids: dict[tuple[str, ...], str] = field(default_factory=dict)

    def with_key(self, values: Json) -> str | None:
        """The id of the record with these dedupe fields."""
        return self._ids.get(self._key(values))

    def keep(self, id: str, values: Json) -> None:
        self.records[id] = self.records.get(id, {}) | values
        self._ids[self._key(values)] = id

    def drop(self, id: str) -> None:
        del self._ids[self._key(self.records.pop(id))]

    def _key(self, values: Json) -> tuple[str, ...]:
        return tuple(str(values.get(name)) for name in self.dedupe)


CHANNELS: dict[str, dict[str, int]] = {
    "Nurture": {"Not in Program": 0, "Member": 10, "Engaged": 20, "Won Back": 30},
    "Webinar": {"Not in Program": 0, "Invited": 10, "Registered": 20, "No Show": 30, "Attended": 40},
}


def _lists() -> list[StaticList]:
    return [
        StaticList(1001, "Customers"),
        StaticList(1002, "Churned customers"),
        StaticList(1003, "Win-back, do not mail"),
    ]


def _programs() -> list[Program]:
    return [Program(1101, "Win-back", "Nurture"), Program(1102, "Renewal webinar", "Webinar")]


def _campaigns() -> list[Campaign]:
    return [
        Campaign(1201, "Send win-back mail"),
        Campaign(1202, "Welcome mail", rule="once"),
        Campaign(1203, "Nightly scoring", kind="batch"),
        Campaign(1204, "Old win-back mail", active=False),
    ]


def _objects() -> list[CustomObject]:
    own = (
        Field("marketoGUID", "Marketo GUID", length=36, updateable=False),
        Field("createdAt", "Created At", "datetime", updateable=False),
        Field("updatedAt", "Updated At", "datetime", updateable=False),
    )
    event = (
        Field("eventKey", "Event Key", length=255, updateable=False),
        Field("leadId", "Lead", "integer", updateable=False),
        Field("kind", "Kind", length=40),
        Field("mrr", "MRR", "currency"),
    )
    seat = (
        Field("keyDigest", "Key", length=36, updateable=False),
        Field("seat", "Seat", length=20, updateable=False),
        Field("email", "E-mail", "email", 255),
        Field("tool", "Tool", length=40),
    )
    return [
        CustomObject("subscriptionEvent_c", ("eventKey",), "leadId", "id", _by_name(*own, *event)),
        CustomObject("seat_c", ("keyDigest", "seat"), "email", "email", _by_name(*own, *seat)),
    ]


@dataclass
class Instance:
    seed: Seed
    native_sync: bool = False
    lists: list[StaticList] = field(default_factory=_lists)
    programs: list[Program] = field(default_factory=_programs)
    campaigns: list[Campaign] = field(default_factory=_campaigns)
    objects: list[CustomObject] = field(default_factory=_objects)
    written: dict[int, Json | None] = field(default_factory=dict)
    """Leads by id that are new or changed, newest last; None: it was deleted. Hides the seeded one."""
    requests: list[Json] = field(default_factory=list)
    """Of campaigns: each runs the flow once more."""
    log: dict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))
    _by_email: dict[str, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    """Ids of leads written that have, or had, the address."""
    _ids: Iterator[int] = field(default_factory=lambda: count(FIRST_NEW))
    _guids: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        first = (self.lead(FIRST_LEAD + number) for number in range(1, SEEDED_MEMBERS + 1))
        self.lists[0].members = {lead["id"]: None for lead in first if lead}

    # -- leads

    def lead(self, id: int) -> Json | None:
        if id in self.written:
            return self.written[id]
        number = id - FIRST_LEAD
        return _seeded(self.seed.customer(number)) if 1 <= number <= self.seed.count else None

    def with_email(self, email: str) -> list[Json]:
        """Oldest last: Marketo promises no order."""
        customer = self.seed.find_email(email)
        ids = {FIRST_LEAD + customer.number} if customer else set()
        found = [lead for id in ids | self._by_email[_plain(email)].keys() if (lead := self.lead(id))]
        mine = [each for each in found if _plain(each.get("email")) == _plain(email)]
        return sorted(mine, key=lambda each: -each["id"])

    def leads(self, most: int) -> list[Json]:
        """Those written, newest first, and then seeded ones."""
        new = [lead for lead in self.written.values() if lead][::-1]
        numbers = self.seed.numbers()[: 2 * most]
        seeded = (self.lead(FIRST_LEAD + each) for each in numbers if FIRST_LEAD + each not in self.written)
        return [*new, *(lead for lead in seeded if lead)][:most]

    def create(self, values: Json, partition: str = "Default") -> Json:
        check(LEAD_FIELDS, values, native_sync=self.native_sync)
        now = _stamp(datetime.now(UTC))
        made = {"id": next(self._ids), "leadPartitionId": PARTITIONS[partition], **values}
        self._keep(made | {"createdAt": now, "updatedAt": now})
        self.note(made["id"], "New Person")
        return made

    def change(self, lead: Json, values: Json) -> Json:
        check(LEAD_FIELDS, values, native_sync=self.native_sync, creates=False)
        changed = lead | values | {"updatedAt": _stamp(datetime.now(UTC))}
        self._keep(changed)
        self.note(lead["id"], f"Change Data Value: {', '.join(values)}")
        return changed

    def delete(self, lead: int) -> None:
        """It is in no list and no program any more."""
        self.written[lead] = None
        for each in self.lists:
            each.members.pop(lead, None)
        for program in self.programs:
            program.members.pop(lead, None)

    def _keep(self, lead: Json) -> None:
        self.written.pop(lead["id"], None)
        self.written[lead["id"]] = lead
        self._by_email[_plain(lead.get("email"))][lead["id"]] = None

    def known(self, id: Any) -> Json:
        """Raises Skip."""
        lead = self.lead(int(id)) if str(id).isdecimal() else None
        if lead is None:
            raise Skip("1004", "Lead not found")
        return lead

    def note(self, lead: int, what: str) -> None:
        """In the lead's activity log."""
        self.log[lead].append({"what": what, "at": datetime.now(UTC)})

    # -- where leads are put

    def request(self, campaign: Campaign, lead: int) -> None:
        self.requests.append({"campaign": campaign.id, "lead": lead})
        self.note(lead, f"Campaign Requested: {campaign.name}")

    def set_status(self, program: Program, lead: int, status: str) -> str:
        """`created` or `updated`. Raises Skip."""
        steps, now = CHANNELS[program.channel], program.members.get(lead)
        if now is not None and steps[now] >= steps[status]:
            raise Skip("1037", "Lead skipped because it is already in or past this status")
        program.members[lead] = status
        self.note(lead, f"Change Status in Progression: {status} in {program.name}")
        return "created" if now is None else "updated"

    def sync_record(self, kind: CustomObject, action: str, values: Json) -> tuple[str, str]:
        """Status and id. Raises Skip."""
        for name in kind.dedupe:
            if values.get(name) in (None, ""):
                raise Skip("1002", f"Missing value for the required parameter '{name}'")
        id = kind.with_key(values)
        if id and action == "createOnly":
            raise Skip("1017", "Object already exists")
        if id is None and action == "updateOnly":
            raise Skip("1013", "Object not found")
        others = {name: value for name, value in values.items() if name not in kind.dedupe or id is None}
        check(kind.fields, others, creates=id is None)
        self._check_link(kind, values)
        id, made = (id, "updated") if id else (f"00000000-0000-4000-a000-{next(self._guids):012x}", "created")
        kind.keep(id, values)
        return made, id

    def _check_link(self, kind: CustomObject, values: Json) -> None:
        """A record may be there without a lead; one that names nobody may not."""
        value = values.get(kind.link)
        if value in (None, ""):
            return
        if not (self.lead(int(value)) if kind.named_by == "id" else self.with_email(str(value))):
            raise Skip("1004", "Lead not found")


def _seeded(customer: Customer) -> Json | None:
    if customer.number % 5 == UNKNOWN_TO_MARKETO or not customer.email.isascii():
        return None
    first, _, last = customer.name.partition(" ")
    return {
        "id": FIRST_LEAD + customer.number,
        "email": customer.email,
        "firstName": first,
        "lastName": last,
        "company": customer.company,
        "country": customer.place[1],
        "leadPartitionId": PARTITIONS["Default"],
        "createdAt": _stamp(customer.since),
        "updatedAt": _stamp(customer.since),
    }


def _plain(email: object) -> str:
    return str(email or "").casefold()


def _by_name(*fields: Field) -> dict[str, Field]:
    return {each.name: each for each in fields}


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
