"""One record of HubSpot's at a time: made once per key, by upsert on a unique property of ours, and changed
by its id. Where tasks have no such property (HubSpot documents it of other objects alone), they are made by
`create`, with a mark in their text by which `clients.hubspot.marked` finds them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from clients.hubspot.batches import UNANSWERED, Batch, Written
from clients.hubspot.errors import RowsRefused, refusal_of
from clients.hubspot.transport import Calls, M, Work
from clients.kit.errors import NotFound, Permanent, Rejected
from clients.kit.http import Call, refused, unclear
from models.base import Record
from models.hubspot import NewProperty, ObjectType, Property

NOUNS: dict[ObjectType, str] = {
    "contacts": "contact",
    "companies": "company",
    "deals": "deal",
    "tasks": "task",
}
LINK_TYPES: dict[tuple[ObjectType, ObjectType], int] = {
    ("tasks", "contacts"): 204,
    ("tasks", "companies"): 192,
    ("deals", "companies"): 341,
}
"""Of the associations that HubSpot defines."""

NO_KEY = "`mogulflow crm prepare hubspot` makes the property for our key, once."

Links = Mapping[ObjectType, str]
"""Ids of the records that one is connected with."""


def key_property(name: str) -> NewProperty:
    """What `prepare` makes, on deals and on tasks."""
    return NewProperty(
        name=name,
        label="Mogulflow key",
        type="string",
        field_type="text",
        unique=True,
        description="Tells what was made for one event from what was made for another. Leave it as it is.",
    )


def without_key(call: Call, refusal: Rejected, object_type: ObjectType, by: str) -> Permanent:
    """The refusal; where it is that of a portal without the property for our key, in those words."""
    if by not in refusal.codes and "non-unique" not in str(refusal):
        return refusal
    return refused(call, Rejected, f"{object_type} have no property {by} with unique values", NO_KEY)


class Saved(NamedTuple):
    id: str
    created: bool


class HubSpotRecords:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def upsert(
        self, object_type: ObjectType, by: str, key: str, properties: Mapping[str, str | None]
    ) -> Saved:
        """Make the record whose property `by` is `key`, or set these properties on it. A refusal has the
        properties that it is of in `codes`."""
        noun = NOUNS[object_type]
        call = Call("hubspot", f"save {noun} {key}", writes=True, done=f"the {noun} was saved")
        values = {name: value or "" for name, value in properties.items()} | {by: key}
        row = {"id": key, "idProperty": by, "properties": values, "objectWriteTraceId": "row-0"}
        try:
            return await self._written(
                call, lambda hs: hs.crm.objects.batch_api.upsert(object_type, {"inputs": [row]})
            )
        except Rejected as refusal:
            raise without_key(call, refusal, object_type, by) from None

    async def update(
        self, object_type: ObjectType, record_id: str, properties: Mapping[str, str | None]
    ) -> None:
        """By its id, so that a record that is gone is not made anew."""
        noun = NOUNS[object_type]
        call = Call("hubspot", f"change {noun} {record_id}", writes=True, done=f"the {noun} was changed")
        values = {name: value or "" for name, value in properties.items()}
        row = {"id": record_id, "properties": values, "objectWriteTraceId": "row-0"}
        await self._written(call, lambda hs: hs.crm.objects.batch_api.update(object_type, {"inputs": [row]}))

    async def create(
        self, object_type: ObjectType, key: str, properties: Mapping[str, str], links: Links
    ) -> Saved:
        """With its associations, in one act. Made again, it is there twice: `key` is for people alone."""
        noun = NOUNS[object_type]
        again = "it is looked for before it is made again"
        call = Call("hubspot", f"make {noun} {key}", writes=True, done=f"the {noun} was made", again=again)
        body = {
            "properties": dict(properties),
            "associations": [_link(object_type, other, id) for other, id in links.items()],
        }
        made = await self._one(call, _Made, lambda hs: hs.crm.objects.basic_api.create(object_type, body))
        return Saved(made.id, created=True)

    async def archive(self, object_type: ObjectType, record_id: str) -> None:
        """Into the recycle bin, from which people can bring it back for 90 days. Of one that is there already
        HubSpot may say that all is well, or that there is none: then NotFound is raised."""
        noun = NOUNS[object_type]
        call = Call("hubspot", f"delete {noun} {record_id}", writes=True, done=f"the {noun} was deleted")
        await self._calls.done(call, lambda hs: hs.crm.objects.basic_api.archive(object_type, record_id))

    async def associate(
        self, object_type: ObjectType, record_id: str, other: ObjectType, other_id: str
    ) -> None:
        """May be repeated: what is connected stays so."""
        noun = NOUNS[object_type]
        call = Call("hubspot", f"connect {noun} {record_id} with {NOUNS[other]} {other_id}", writes=True)
        body = {"inputs": [{"from": {"id": record_id}, "to": {"id": other_id}}]}
        answer = await self._one(
            call,
            Batch,
            lambda hs: hs.crm.associations.v4.batch_api.create_default(object_type, other, body),
        )
        if answer.errors:
            raise refusal_of(call, answer.errors[0])

    async def has_unique(self, object_type: ObjectType, name: str) -> bool:
        """Whether there is a property of that name with unique values."""
        call = Call("hubspot", f"look for the property {name} of {object_type}")
        try:
            found = await self._calls.one(
                call, Property, lambda hs: hs.crm.properties.core_api.get_by_name(object_type, name)
            )
        except NotFound:
            return False
        return found.unique

    async def _written(self, call: Call, work: Work) -> Saved:
        """HubSpot answers a row that it refuses with 400, or among the `errors` of a good answer."""
        answer = await self._one(call, Written, work)
        if answer.errors:
            raise refusal_of(call, answer.errors[0])
        if not answer.results:
            raise unclear(call, UNANSWERED.text)
        return Saved(answer.results[0].id, answer.results[0].new)

    async def _one(self, call: Call, model: type[M], work: Work) -> M:
        try:
            return await self._calls.one(call, model, work)
        except RowsRefused as refusal:
            raise refusal.of_one() from None


class _Made(Record):
    id: str


def _link(object_type: ObjectType, other: ObjectType, id: str) -> dict[str, Any]:
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LINK_TYPES[object_type, other]}
    return {"to": {"id": id}, "types": [kind]}
