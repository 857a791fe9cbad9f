"""Which record of the CRM is this customer? The first way that finds one says; of several, none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from models.crm import Way
from models.crm_facts import CustomerFacts

_WORDS: dict[Way, str] = {
    "key": "carry this customer's id",
    "email": "have this customer's e-mail",
    "contact": "belong to contacts with this customer's e-mail",
    "domain": "have this customer's domain",
}


class Candidate(NamedTuple):
    """A record that was found. `key` is what its field for ChartMogul's customer uuid holds."""

    id: str
    key: str | None
    values: Mapping[str, Any] = {}
    currency: str | None = None
    """The record's own, where it has one; `money_fields` are amounts in it."""
    money_fields: frozenset[str] = frozenset()


Found = Mapping[Way, Mapping[str, Sequence[Candidate]]]
"""Records by way and by the value they were looked up by; e-mails and domains in lower case."""


@dataclass(frozen=True)
class Matched:
    record: Candidate
    by: Way


@dataclass(frozen=True)
class Ambiguous:
    """Nothing is written; `reason` is for a person, without personal data."""

    reason: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotFound:
    reason: str


class Census:
    """Of all customers: who there is, and which e-mails and domains several have.

    A record found by such an e-mail could be any's, and one that carries the id of a customer who is no
    more (merged, deleted) may be taken over. Hashes only: 100,000 customers take some megabytes.
    """

    def __init__(self) -> None:
        self._uuids: set[int] = set()
        self._values: Counter[int] = Counter()

    def add(self, facts: CustomerFacts) -> None:
        """Each customer once."""
        self._uuids.add(hash(facts.uuid))
        for way in ("email", "domain"):
            if value := value_for(facts, way):
                self._values[hash((way, value))] += 1

    def has(self, uuid: str) -> bool:
        return hash(uuid) in self._uuids

    def how_many(self, facts: CustomerFacts, way: Way) -> int:
        """Customers with the same e-mail or domain as this one."""
        looked_up: Way = "email" if way == "contact" else way
        return self._values[hash((looked_up, value_for(facts, looked_up)))]


def candidate(record: Mapping[str, Any], id_field: str, key_field: str | None) -> Candidate:
    key = record.get(key_field) if key_field else None
    return Candidate(str(record[id_field]), str(key).strip() or None if key else None, record)


def value_for(facts: CustomerFacts, way: Way) -> str | None:
    """What to look the customer up by, that way. A domain of free mail is none."""
    if way == "key":
        return facts.uuid
    return facts.domain if way == "domain" else facts.email


def match(
    facts: CustomerFacts, found: Found, ways: Sequence[Way], census: Census | None = None
) -> Matched | Ambiguous | NotFound:
    """`ways` are the mapping's `match`. Without a census, that is for one customer alone, a record that
    carries another id is always another customer's."""
    for way in ways:
        value = value_for(facts, way)
        records = _distinct(found.get(way, {}).get(value, ())) if value else []
        if not records:
            continue
        if len(records) > 1:
            return Ambiguous(f"{len(records)} records {_WORDS[way]}", tuple(each.id for each in records))
        return _sole(facts, records[0], way, census)
    return NotFound(_why_nowhere(facts, ways))


def _sole(facts: CustomerFacts, record: Candidate, way: Way, census: Census | None) -> Matched | Ambiguous:
    if record.key == facts.uuid:
        return Matched(record, way)
    if record.key and (census is None or census.has(record.key)):
        return Ambiguous(f"the record found by {way} carries another customer's id", (record.id,))
    customers = census.how_many(facts, way) if census and way != "key" else 1
    if customers > 1:
        what = "domain" if way == "domain" else "e-mail"
        return Ambiguous(f"{customers} customers have the same {what}", (record.id,))
    return Matched(record, way)


def _distinct(records: Sequence[Candidate]) -> list[Candidate]:
    return list({each.id: each for each in records}.values())


def _why_nowhere(facts: CustomerFacts, ways: Sequence[Way]) -> str:
    tried = [way for way in ways if value_for(facts, way)]
    without = [way for way in ways if not value_for(facts, way)]
    reason = f"no record found by {', '.join(tried) or 'any way'}"
    return f"{reason}; the customer has nothing to look up by {', '.join(without)}" if without else reason
