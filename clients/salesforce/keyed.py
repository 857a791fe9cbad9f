"""Records of one object that exist once per key: a PATCH on a unique external-id field of ours makes the
record of the key or changes it, so that a repeated write changes nothing."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from requests import codes
from simple_salesforce.format import format_external_id, format_soql

from clients.kit.errors import Ambiguous, Rejected
from clients.kit.http import Call, parsed, refused, unclear
from clients.salesforce.transport import Org, SalesforceTransport, api_name, json_value
from models.base import Record


class Saved(NamedTuple):
    id: str
    created: bool


class KeyedRecords:
    """`noun` and `nouns` are what people call one, and several."""

    def __init__(
        self, transport: SalesforceTransport, object_name: str, key_field: str, noun: str, nouns: str
    ) -> None:
        self._transport, self.object, self._key_field = transport, object_name, api_name(key_field)
        self._noun, self._nouns = noun, nouns

    async def find(self, key: str, fields: Iterable[str] = ()) -> dict[str, Any] | None:
        """Id and `fields` of the record that carries `key`."""
        columns = ["Id", *map(api_name, fields)]
        call = Call("salesforce", f"find {self._noun} {key}")
        return await self._transport.run(call, lambda org: self._find(org, key, columns))

    async def upsert(self, key: str, fields: Mapping[str, Any]) -> Saved:
        """Make the record of this key, or set these fields on it."""
        done = f"the {self._noun} was saved"
        call = Call("salesforce", f"save {self._noun} {key}", writes=True, done=done)
        if self._key_field in fields:
            raise refused(call, Rejected, f"{self._key_field} is the key, and no field to set")
        values = {field: json_value(value) for field, value in fields.items()}
        return await self._transport.run(call, lambda org: self._upsert(org, key, values))

    async def update(self, record_id: str, fields: Mapping[str, Any]) -> None:
        """Set these fields; by its id, so that a record that is gone is not made anew."""
        done = f"the {self._noun} was changed"
        call = Call("salesforce", f"change {self._noun} {record_id}", writes=True, done=done)
        values = {field: json_value(value) for field, value in fields.items()}
        await self._transport.run(call, lambda org: self._records(org).update(record_id, values))

    def _records(self, org: Org) -> Any:
        return getattr(org.library, self.object)

    def _find(self, org: Org, key: str, columns: list[str]) -> dict[str, Any] | None:
        names = ", ".join(dict.fromkeys(columns))
        asked = f"SELECT {names} FROM {self.object} WHERE {self._key_field} = {{}}"
        found = org.query(format_soql(asked, key))
        if len(found) > 1:
            raise refused(org.call, Ambiguous, f"{len(found)} {self._nouns} carry it")
        return found[0] if found else None

    def _upsert(self, org: Org, key: str, values: dict[str, Any]) -> Saved:
        # format_external_id percent-encodes the key; get_by_custom_id does not.
        path = format_external_id(self._key_field, key)
        answer = self._records(org).upsert(path, values, raw_response=True)
        if answer.status_code != codes.no_content:
            saved = parsed(org.call, _Saved, answer.json())
            return Saved(saved.id, saved.created)
        found = self._find(org, key, ["Id"])  # some API versions tell nothing of an update
        if found is None:
            raise unclear(org.call, "saved, but not found by its key")
        return Saved(found["Id"], created=False)


class _Saved(Record):
    id: str
    created: bool
