"""HubSpot as the sync sees a CRM."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, cast

from clients.hubspot.batches import MAX_BATCH
from clients.hubspot.client import HubSpotClient
from clients.hubspot.fields import notes_on_hubspot, unfit_properties
from clients.hubspot.transport import for_bulk
from clients.kit.rate_limiter import Rank
from domains.crm.diff import Value, as_text
from domains.crm.match import Candidate, candidate
from models.crm import CrmMapping, CrmName, MoneyRules, ObjectMapping, Way
from models.crm_fields import Unfit
from models.hubspot import Association, HubSpotRecord, NewRow, ObjectType
from models.row_outcomes import RowOutcome
from models.web_domains import spellings

Candidates = dict[str, list[Candidate]]


class HubSpotCrm:
    system: CrmName = "hubspot"
    money = MoneyRules()  # a number property has no currency: only deals have one
    currency_field = None
    most_rows = MAX_BATCH
    objects_at_once = 2  # searches have a limit of their own: the other object's calls fill the time

    def __init__(self, client: HubSpotClient, threads: int) -> None:
        self._clients: dict[ObjectType, HubSpotClient] = {
            "companies": client,  # the longest way: by key, by contact, by domain
            "contacts": client.ranked(Rank.FILL),
        }
        self.at_once = for_bulk(threads)

    async def unfit(self, name: str, mapping: ObjectMapping) -> list[Unfit]:
        return unfit_properties(name, mapping, await self._clients[_type(name)].properties(_type(name)))

    async def notes(self, name: str, mapping: ObjectMapping) -> list[str]:
        return notes_on_hubspot(name, mapping, await self._clients[_type(name)].properties(_type(name)))

    async def find(
        self, name: str, mapping: ObjectMapping, way: Way, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        fields, object_type = mapping.field_names, _type(name)
        if way == "contact":
            return await self._companies_of(mapping, values)
        if way == "domain":
            asked = {text: value for value in values for text in spellings(value)}
            several = await self._clients[object_type].find(object_type, "domain", list(asked), fields)
            found: dict[str, list[Candidate]] = {}
            for text, records in several.items():
                found.setdefault(asked[text], []).extend(_candidates(records, mapping))
            return found
        by = mapping.key if way == "key" and mapping.key else "email"
        records_by = await self._clients[object_type].read(object_type, by, values, fields)
        return {value: _candidates([record], mapping) for value, record in records_by.items()}

    async def update(self, name: str, rows: Mapping[str, Mapping[str, Any]]) -> list[RowOutcome]:
        return await self._clients[_type(name)].update(_type(name), _rows(rows))

    async def create(
        self, name: str, key_field: str, rows: Mapping[str, Mapping[str, Any]]
    ) -> list[RowOutcome]:
        return await self._clients[_type(name)].upsert(_type(name), key_field, _rows(rows))

    def written_as(self, value: Value) -> str:
        return as_text(value)

    def link(self, name: str, record_id: str) -> str | None:
        return self._clients[_type(name)].link(_type(name), record_id)

    async def spare(self) -> None:
        """What is left of the day HubSpot tells by refusing."""

    def for_work(self, mapping: CrmMapping, *, live: bool) -> Self:
        chosen = copy.copy(self)
        if live:
            first = self._clients["companies"].ranked(Rank.LIVE)
            chosen._clients = {"companies": first, "contacts": first}
        return chosen

    async def _companies_of(self, mapping: ObjectMapping, emails: Sequence[str]) -> Candidates:
        """The company of the contact that has the address: its primary one, where it has several."""
        client = self._clients["companies"]
        contacts = await client.read("contacts", "email", emails, [])
        ids = list({contact.id for contact in contacts.values()})
        linked = await client.associations("contacts", "companies", ids)
        companies = await self._by_id(
            mapping, (each.id for others in linked.values() for each in _chosen(others))
        )
        return {
            email: [companies[each.id] for each in _chosen(linked[contact.id]) if each.id in companies]
            for email, contact in contacts.items()
            if contact.id in linked
        }

    async def _by_id(self, mapping: ObjectMapping, ids: Iterable[str]) -> dict[str, Candidate]:
        found: dict[str, HubSpotRecord] = {}
        for part in _parts(list(dict.fromkeys(ids))):
            found |= await self._clients["companies"].read(
                "companies", "hs_object_id", part, mapping.field_names
            )
        return {id: _candidates([record], mapping)[0] for id, record in found.items()}


def _chosen(companies: Sequence[Association]) -> list[Association]:
    primary = [each for each in companies if each.primary]
    return primary or list(companies)


def _candidates(records: Iterable[HubSpotRecord], mapping: ObjectMapping) -> list[Candidate]:
    return [candidate({"id": each.id, **each.properties}, "id", mapping.key) for each in records]


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + MAX_BATCH] for start in range(0, len(ids), MAX_BATCH))


def _rows(rows: Mapping[str, Mapping[str, Any]]) -> list[NewRow]:
    return [NewRow(key=key, properties=dict(values)) for key, values in rows.items()]


def _type(name: str) -> ObjectType:
    return cast(ObjectType, name)
