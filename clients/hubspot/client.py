"""HubSpot: contacts and companies in batches of a hundred, their properties and associations; deals, tasks
and owners one by one.

A record is made by upsert on a unique property of ours, so that a repeated write changes nothing. A task
alone, of which HubSpot does not say whether it may have one, is made in another way where it has none."""

import copy
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from clients.hubspot.batches import (
    MAX_BATCH,
    PRIMARY,
    SAME_KEY,
    Associations,
    Found,
    Written,
    at_most_a_batch,
    comparable,
    only_not_found,
    records_by,
)
from clients.hubspot.errors import MISSING_SCOPES, RowsRefused
from clients.hubspot.owners import Owners
from clients.hubspot.pipelines import Pipelines
from clients.hubspot.properties import HubSpotProperties
from clients.hubspot.records import HubSpotRecords, Saved, without_key
from clients.hubspot.settings import HubSpot
from clients.hubspot.transport import Calls, HubSpotTransport, Work
from clients.kit.cooldown import Cooldown
from clients.kit.errors import Rejected, Unauthorized
from clients.kit.http import Call, refused
from clients.kit.rate_limiter import Rank
from models.hubspot import (
    Association,
    HubSpotRecord,
    NewProperty,
    NewRow,
    ObjectType,
    Prepared,
    Property,
)
from models.row_outcomes import RowOutcome

NO_KEYS = {
    "email": "with the address as key, HubSpot does not promise to leave alone what is not sent",
    "hs_object_id": "the id is no unique property to HubSpot; update by it instead",
}
OBJECT_TYPE_IDS: dict[ObjectType, str] = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tasks": "0-27",
}
KEYS_SECONDS = 3600.0, 300.0
"""How long it is remembered that tasks have a property for our key, and that they have none."""


class HubSpotClient:
    """At the rank of bulk work; `ranked` gives one whose calls go before it, or after."""

    def __init__(
        self,
        settings: HubSpot,
        *,
        timeout_seconds: float = 10,
        page_size: int = MAX_BATCH,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._settings = settings
        self._page_size = page_size
        self._transport = HubSpotTransport(settings, timeout_seconds, cooldown)
        self._tasks_have_key: tuple[float, bool] = (0.0, False)
        self._use(Calls(self._transport))

    def _use(self, calls: Calls) -> None:
        self._calls = calls
        self._properties = HubSpotProperties(calls)
        self.records = HubSpotRecords(calls)
        self.pipelines = Pipelines(calls)
        self.owners = Owners(calls)

    async def aclose(self) -> None:
        await self._transport.aclose()

    def ranked(self, rank: Rank) -> Self:
        """The same connection and rate limiter. Closed with the original."""
        ranked = copy.copy(self)
        ranked._use(Calls(self._transport, rank))
        return ranked

    def link(self, object_type: ObjectType, record_id: str) -> str | None:
        """Where people see the record; None where the settings do not name the portal."""
        if self._settings.portal_id is None:
            return None
        app = f"{self._settings.app_url.rstrip('/')}/contacts/{self._settings.portal_id}"
        return f"{app}/record/{OBJECT_TYPE_IDS[object_type]}/{record_id}"

    async def read(
        self, object_type: ObjectType, by: str, values: Sequence[str], properties: Iterable[str]
    ) -> dict[str, HubSpotRecord]:
        """Up to 100 records by id (`hs_object_id`), by `email` or by a unique property; under the values
        as given, without those that nobody has. An address finds its contact as a secondary one, too."""
        call = Call("hubspot", f"read {object_type} by {by}")
        keys = at_most_a_batch(call, (comparable(by, value) for value in values))
        if not keys:
            return {}
        more = [by, "hs_additional_emails"] if by == "email" else [by]
        body = {
            "properties": list(dict.fromkeys([*properties, *more])),
            "propertiesWithHistory": [],
            "inputs": [{"id": key} for key in keys],
        } | ({} if by == "hs_object_id" else {"idProperty": by})
        answer = await self._calls.one(
            call, Found, lambda hs: hs.crm.objects.batch_api.read(object_type, body)
        )
        only_not_found(call, answer.errors)
        return {value: found[0] for value, found in records_by(by, values, answer.results).items()}

    async def find(
        self, object_type: ObjectType, by: str, values: Sequence[str], properties: Iterable[str]
    ) -> dict[str, list[HubSpotRecord]]:
        """All records whose property has one of up to 100 values; for what is not unique, like a company's
        `domain`. HubSpot's search is seconds behind: never the reason to make a record without a key."""
        call = Call("hubspot", f"find {object_type} by {by}")
        keys = at_most_a_batch(call, (comparable(by, value) for value in values))
        body = {
            "filterGroups": [{"filters": [{"propertyName": by, "operator": "IN", "values": keys}]}],
            "properties": list(dict.fromkeys([*properties, by])),
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "limit": 2 * self._page_size,
        }

        def search_from(after: str | None) -> Work:
            asked = body if after is None else body | {"after": after}
            return lambda hs: hs.crm.objects.search_api.do_search(object_type, asked)

        pages = self._calls.search(call, HubSpotRecord, search_from)
        records = [record async for page in pages for record in page] if keys else []
        return records_by(by, values, records)

    @property
    def customer_key(self) -> str:
        """The property of companies with ChartMogul's uuid."""
        return self._settings.customer_key_property

    async def save_deal(self, key: str, properties: Mapping[str, str | None]) -> Saved:
        """Make the deal of this key, or set these properties on it."""
        return await self.records.upsert("deals", self._settings.deal_key_property, key, properties)

    async def find_deal(self, key: str, properties: Iterable[str]) -> HubSpotRecord | None:
        by = self._settings.deal_key_property
        try:
            return (await self.read("deals", by, [key], properties)).get(key)
        except Rejected as refusal:
            raise without_key(Call("hubspot", f"find deal {key}"), refusal, "deals", by) from None

    async def task_key(self) -> str | None:
        """The property of tasks for our key; None where they have none, or we may not see it."""
        until, has = self._tasks_have_key
        if time.monotonic() > until:
            try:
                has = await self.records.has_unique("tasks", self._settings.task_key_property)
            except Unauthorized as error:
                if error.code != MISSING_SCOPES:
                    raise
                has = False
            self._tasks_have_key = (time.monotonic() + KEYS_SECONDS[0 if has else 1], has)
        return self._settings.task_key_property if has else None

    async def upsert(
        self, object_type: ObjectType, key_property: str, rows: Sequence[NewRow]
    ) -> list[RowOutcome]:
        """Make or change up to 100 records by a unique property of ours; one outcome per row, in order."""
        call = Call("hubspot", f"save {len(rows)} {object_type} by {key_property}", writes=True)
        if why := NO_KEYS.get(key_property):
            raise refused(call, Rejected, why, "Use a property with unique values of our own.")
        return await self._write(_Write(call, "upsert", object_type, key_property), rows)

    async def update(self, object_type: ObjectType, rows: Sequence[NewRow]) -> list[RowOutcome]:
        """Change up to 100 records by id; what is gone is not made anew. One outcome per row, in order."""
        call = Call("hubspot", f"change {len(rows)} {object_type}", writes=True)
        return await self._write(_Write(call, "update", object_type), rows)

    async def associations(
        self, from_type: ObjectType, to_type: ObjectType, ids: Sequence[str], most: int | None = None
    ) -> dict[str, list[Association]]:
        """The records that up to 100 others are connected with; ids without any are left out. Once there are
        more than `most` no more are asked for."""
        call = Call("hubspot", f"read {to_type} of {from_type}")
        asked: list[dict[str, str]] = [{"id": key} for key in at_most_a_batch(call, ids)]
        found: dict[str, list[Association]] = {}
        while asked:
            answer = await self._calls.one(call, Associations, _reading(from_type, to_type, asked))
            only_not_found(call, answer.errors)
            asked = answer.add_to(found, PRIMARY.get((from_type, to_type)))
            if most is not None and sum(map(len, found.values())) > most:
                break
        return found

    async def properties(self, object_type: ObjectType) -> list[Property]:
        return await self._properties.all(object_type)

    async def prepare(
        self, object_type: ObjectType, wanted: Sequence[NewProperty], *, dry_run: bool
    ) -> list[Prepared]:
        """Make the group and the properties that are missing; what is there is compared, never changed.
        May be repeated after any failure. With `dry_run` nothing is made: what would be is said."""
        return await self._properties.prepare(object_type, wanted, dry_run=dry_run)

    async def _write(self, write: "_Write", rows: Sequence[NewRow]) -> list[RowOutcome]:
        """Two rows with one key would have the whole batch refused: the first is written."""
        first = {row.key: row for row in reversed(rows)}
        at_most_a_batch(write.call, first)
        chosen = [row for row in rows if first[row.key] is row]
        written = await self._split(write, chosen) if chosen else []
        outcomes = dict(zip(map(id, chosen), written, strict=True))
        return [outcomes.get(id(row)) or RowOutcome(key=row.key, problem=SAME_KEY) for row in rows]

    async def _split(self, write: "_Write", rows: Sequence[NewRow]) -> list[RowOutcome]:
        """A batch that is refused for some of its rows is sent in halves, until those are alone."""
        try:
            return await self._send(write, rows)
        except RowsRefused as error:
            if len(rows) == 1:
                return [RowOutcome(key=rows[0].key, problem=error.problem)]
        half = len(rows) // 2
        return [*await self._split(write, rows[:half]), *await self._split(write, rows[half:])]

    async def _send(self, write: "_Write", rows: Sequence[NewRow]) -> list[RowOutcome]:
        traces = [f"row-{number}" for number in range(len(rows))]
        body = {"inputs": [write.input(row, trace) for row, trace in zip(rows, traces, strict=True)]}
        answer = await self._calls.one(
            write.call,
            Written,
            lambda hs: getattr(hs.crm.objects.batch_api, write.verb)(write.object_type, body),
        )
        return answer.outcomes(rows, traces, write.key_property)


def _reading(from_type: ObjectType, to_type: ObjectType, asked: list[dict[str, str]]) -> Work:
    return lambda hs: hs.crm.associations.v4.batch_api.get_page(from_type, to_type, {"inputs": asked})


@dataclass(frozen=True)
class _Write:
    call: Call
    verb: Literal["upsert", "update"]
    object_type: ObjectType
    key_property: str | None = None

    def input(self, row: NewRow, trace: str) -> dict[str, Any]:
        """The trace has HubSpot write the rows that are well, and tell what became of each. The key is
        among the properties, too, for the record that is new."""
        values = {name: value or "" for name, value in row.properties.items()}
        if self.key_property is None:
            return {"id": row.key, "properties": values, "objectWriteTraceId": trace}
        values[self.key_property] = row.key
        key = {"id": row.key, "idProperty": self.key_property}
        return key | {"properties": values, "objectWriteTraceId": trace}
