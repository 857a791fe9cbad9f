"""Records of custom objects, which a dedupe field with our key makes one for each event. "Added to <object>"
can start a campaign: the way to start one exactly once.

Exactly once: who writes looks by the dedupe fields first, then only creates or only updates. What is there
already when it is created (1017) was made by an earlier try.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from pydantic import AliasChoices, ConfigDict, Field

from clients.kit.errors import Permanent, Rejected
from clients.kit.http import Call, refused, unclear
from clients.kit.remembered import Remembered
from clients.marketo.errors import ALREADY_THERE
from clients.marketo.fields import FieldSpec
from clients.marketo.leads import WriteRow, the_row
from clients.marketo.transport import MarketoTransport, Request, path_of
from models.base import Record
from models.marketo import Value
from models.spelling import nearest

GUID = "marketoGUID"
DIGEST_LENGTH = 32
NEW_KEY_FIELD = (
    "In Admin, Marketo Custom Objects, give the object a String field that is a Dedupe Field, for our key."
)
NEW_LINK = "In Admin, Marketo Custom Objects, give the object a Link field to Lead."


class _Related(Record):
    name: str
    field: str


class _Relation(Record):
    field: str
    to: _Related = Field(validation_alias=AliasChoices("relatedTo", "object"))


class CustomObject(Record):
    name: str = Field(validation_alias=AliasChoices("name", "apiName"))
    dedupe: list[str] = Field(default=[], alias="dedupeFields")
    relations: list[_Relation] = Field(default=[], alias="relationships")
    fields: list[FieldSpec] = []

    @property
    def specs(self) -> dict[str, FieldSpec]:
        return {spec.name: spec for spec in self.fields}

    @property
    def link(self) -> tuple[str, str] | None:
        """Its field that names the lead, and the lead's field that it names it by."""
        found = (each for each in self.relations if each.to.name.casefold() == "lead")
        return next(((each.field, each.to.field) for each in found), None)

    def key_field(self, named: str | None) -> str:
        """The dedupe field for our key. Raises Rejected where there is none."""
        if named in self.dedupe:
            return str(named)
        if named is None and len(self.dedupe) == 1:
            return self.dedupe[0]
        if named is None:
            detail = f"of its dedupe fields ({', '.join(self.dedupe)}) none is named"
        else:
            detail = f"{named} is no dedupe field of it{nearest(named, self.dedupe)}"
        raise self._no_key(detail)

    def our_key(self, name: str, key: str) -> str:
        """As that field holds it: its digest, where there is no room for more. Raises Rejected."""
        length = next((spec.length for spec in self.fields if spec.name == name), None)
        if length is None or len(key) <= length:
            return key
        if length < DIGEST_LENGTH:
            raise self._no_key(f"{name} has room for {length} characters, our key needs {DIGEST_LENGTH}")
        return blake2b(key.encode(), digest_size=DIGEST_LENGTH // 2).hexdigest()

    def _no_key(self, detail: str) -> Permanent:
        return refused(Call("marketo", f"put our key in {self.name}"), Rejected, detail, NEW_KEY_FIELD)


class _RecordRow(Record):
    model_config = ConfigDict(extra="allow")

    id: str = Field(validation_alias=AliasChoices(GUID, "marketoGuid"))


class _Written(WriteRow):
    guid: str | None = Field(default=None, validation_alias=AliasChoices(GUID, "marketoGuid"))


class CustomObjects:
    def __init__(self, transport: MarketoTransport) -> None:
        self._transport = transport
        self._known = Remembered[CustomObject]()

    async def describe(self, name: str) -> CustomObject:
        """Raises NotFound."""
        if name not in self._known:
            call = Call("marketo", f"describe custom object {name}")
            request = Request("GET", path_of("/v1/customobjects/{}/describe.json", name))
            answer = await self._transport.ask(call, CustomObject, request)
            if not answer.result:
                raise unclear(call, "the answer describes nothing")
            self._known.keep(name, answer.result[0])
        return self._known[name]

    async def names(self) -> list[str]:
        call = Call("marketo", "list custom objects")
        answer = await self._transport.ask(call, CustomObject, Request("GET", "/v1/customobjects.json"))
        return [each.name for each in answer.result]

    async def find(
        self, kind: CustomObject, key: Mapping[str, Value], names: Iterable[str]
    ) -> tuple[str, dict[str, Any]] | None:
        """The record with these dedupe fields: its id, and its values."""
        call = Call("marketo", f"look for a record of {kind.name}")
        answer = await self._transport.ask(call, _RecordRow, _look_up(kind, key, [GUID, *names]))
        return (answer.result[0].id, answer.result[0].model_extra or {}) if answer.result else None

    async def create(self, kind: CustomObject, values: Mapping[str, Value]) -> str | None:
        """The new record's id; None where one with these dedupe fields is there already."""
        call = Call(
            "marketo",
            f"create a record of {kind.name}",
            writes=True,
            done=f"the record of {kind.name} was created",
        )
        try:
            return await self._write(call, kind, "createOnly", values)
        except Permanent as error:
            if error.code in ALREADY_THERE:
                return None
            raise

    async def update(self, kind: CustomObject, values: Mapping[str, Value]) -> str:
        """`values` with the dedupe fields."""
        call = Call(
            "marketo",
            f"update a record of {kind.name}",
            writes=True,
            done=f"the record of {kind.name} was updated",
        )
        return await self._write(call, kind, "updateOnly", values)

    async def delete(self, kind: CustomObject, key: Mapping[str, Value]) -> None:
        """By its dedupe fields. Raises NotFound."""
        call = Call(
            "marketo",
            f"delete a record of {kind.name}",
            writes=True,
            done=f"the record of {kind.name} was deleted",
        )
        body = {"deleteBy": "dedupeFields", "input": [dict(key)]}
        path = path_of("/v1/customobjects/{}/delete.json", kind.name)
        answer = await self._transport.ask(call, _Written, Request("POST", path, body=body))
        the_row(call, list(answer.result), answer.request_id)

    async def _write(self, call: Call, kind: CustomObject, action: str, values: Mapping[str, Value]) -> str:
        body = {"action": action, "dedupeBy": "dedupeFields", "input": [dict(values)]}
        path = path_of("/v1/customobjects/{}.json", kind.name)
        answer = await self._transport.ask(call, _Written, Request("POST", path, body=body))
        the_row(call, list(answer.result), answer.request_id, values)
        if answer.result[0].guid is None:
            raise unclear(call, "the answer has no id")
        return answer.result[0].guid


def _look_up(kind: CustomObject, key: Mapping[str, Value], names: list[str]) -> Request:
    """Of several dedupe fields Marketo reads the values in a body alone."""
    path = path_of("/v1/customobjects/{}.json", kind.name)
    if len(key) > 1:
        body = {"filterType": "dedupeFields", "fields": names, "input": [dict(key)]}
        return Request("POST", path, (("_method", "GET"),), body=body)
    [(name, value)] = key.items()
    fields = ",".join(names)
    return Request("GET", path, (("filterType", name), ("filterValues", str(value)), ("fields", fields)))
