"""Salesforce as the sync sees a CRM."""

import copy
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Self

from clients.kit.errors import RateLimited
from clients.salesforce.bulk import MOST_ROWS
from clients.salesforce.client import SalesforceClient
from clients.salesforce.fields import (
    CURRENCY,
    money_fields,
    notes_on_salesforce,
    unfit_fields,
)
from clients.salesforce.transport import json_value
from domains.crm.diff import Value
from domains.crm.match import Candidate, candidate
from models.crm import CrmMapping, CrmName, MoneyRules, ObjectMapping, Way
from models.crm_fields import Unfit
from models.row_outcomes import RowOutcome

LEFT_TO_OTHERS = 0.1
"""Part of the org's calls of 24 hours that bulk work leaves alone: others share them."""

LOOK_AGAIN = timedelta(minutes=15)


class SalesforceCrm:
    system: CrmName = "salesforce"
    most_rows = MOST_ROWS
    objects_at_once = 1  # whoever writes a contact locks its account

    def __init__(self, client: SalesforceClient, threads: int) -> None:
        self._client = client
        self._bulk = client.bulk
        self._domain_field = "Website"
        self.money = MoneyRules()
        self._money_fields: dict[str, frozenset[str]] = {}
        """By object, where records have a currency of their own; shared by all that work with the org."""
        self.at_once = max(1, threads // 2)

    @property
    def currency_field(self) -> str | None:
        return CURRENCY if any(self._money_fields.values()) else None

    async def unfit(self, name: str, mapping: ObjectMapping) -> list[Unfit]:
        description = await self._client.describe(name)
        self._money_fields[name] = money_fields(description)
        return unfit_fields(name, mapping, description)

    async def notes(self, name: str, mapping: ObjectMapping) -> list[str]:
        description = await self._client.describe(name)
        return list(notes_on_salesforce(name, mapping, description, self.money.exchange_rates))

    async def find(
        self, name: str, mapping: ObjectMapping, way: Way, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        money = await self._money_in(name)
        fields = [*mapping.field_names, *([CURRENCY] if money else [])]
        if way == "contact":
            found = await self._bulk.accounts_of_contacts(values, fields)
        elif way == "domain":
            found = await self._bulk.find_by_domain(name, self._domain_field, values, fields)
        else:
            by = mapping.key if way == "key" and mapping.key else "Email"
            found = await self._bulk.find(name, by, values, fields)
        return {value: [_candidate(row, mapping, money) for row in rows] for value, rows in found.items()}

    async def _money_in(self, name: str) -> frozenset[str]:
        if name not in self._money_fields:
            self._money_fields[name] = money_fields(await self._client.describe(name))
        return self._money_fields[name]

    async def update(self, name: str, rows: Mapping[str, Mapping[str, Any]]) -> list[RowOutcome]:
        return await self._bulk.update(name, rows)

    async def create(
        self, name: str, key_field: str, rows: Mapping[str, Mapping[str, Any]]
    ) -> list[RowOutcome]:
        bare = {key: _without(values, key_field) for key, values in rows.items()}
        return await self._bulk.upsert(name, key_field, bare)

    def written_as(self, value: Value) -> Any:
        return json_value(value)

    def link(self, name: str, record_id: str) -> str | None:
        return self._client.link(name, record_id)

    async def spare(self) -> None:
        calls = await self._bulk.daily_calls()
        if calls.left < LEFT_TO_OTHERS * calls.most:
            said = f"{calls.left} of {calls.most} calls of 24 hours are left; the sync leaves those to others"
            raise RateLimited("salesforce", said, LOOK_AGAIN)

    def for_work(self, mapping: CrmMapping, *, live: bool) -> Self:
        chosen = copy.copy(self)
        if live:
            chosen._bulk = self._bulk.for_live_events()
        chosen.money = mapping.money
        if mapping.salesforce:
            chosen._domain_field = mapping.salesforce.domain_field
        return chosen


def _candidate(row: Mapping[str, Any], mapping: ObjectMapping, money: frozenset[str]) -> Candidate:
    currency = str(row.get(CURRENCY) or "") or None
    return candidate(row, "Id", mapping.key)._replace(currency=currency, money_fields=money)


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in values.items() if each != name}
