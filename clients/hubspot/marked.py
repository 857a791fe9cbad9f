"""Tasks of a portal in which they have no property for our key: a mark in a task's text tells it from others.

They are looked for among the tasks of a contact or a company, whose list is read from the associations, and
not by HubSpot's search, which shows what is new some seconds later. That lists of associations show it at
once is assumed: HubSpot documents neither that nor a delay.
"""

from collections.abc import Iterable

from clients.hubspot.batches import MAX_BATCH
from clients.hubspot.client import HubSpotClient
from clients.hubspot.records import NO_KEY, Links
from clients.kit.errors import Rejected
from clients.kit.http import Call, refused
from clients.kit.marks import mark_of
from models.hubspot import HubSpotRecord, ObjectType

MOST_TASKS = 2_000
"""Of one contact or company: twenty calls to look through."""

BODY = "hs_task_body"
LOOKED_THROUGH: tuple[ObjectType, ...] = ("contacts", "companies")
"""The fewer tasks one has, the sooner."""


async def find_marked(
    client: HubSpotClient, key: str, links: Links, properties: Iterable[str]
) -> HubSpotRecord | None:
    """Raises Rejected where there is nothing to look through, or too much: then nobody could say whether the
    task of this key is there."""
    call = Call("hubspot", f"look for task {key}")
    place = next((each for each in LOOKED_THROUGH if links.get(each)), None)
    if place is None:
        why = "tasks have no property for our key, and it is on no contact or company to look through"
        raise refused(call, Rejected, why, NO_KEY)
    found = await client.associations(place, "tasks", [links[place]], most=MOST_TASKS)
    ids = [each.id for each in found.get(links[place], [])]
    if len(ids) > MOST_TASKS:
        why = f"there are more than {MOST_TASKS} tasks to look through, as they have no property for our key"
        raise refused(call, Rejected, why, NO_KEY)
    return await _among(client, ids, mark_of(key), [*properties, BODY])


async def _among(
    client: HubSpotClient, ids: list[str], mark: str, properties: list[str]
) -> HubSpotRecord | None:
    """The newest have the highest ids, as a rule."""
    newest = sorted(ids, key=lambda id: (len(id), id), reverse=True)
    for start in range(0, len(newest), MAX_BATCH):
        part = newest[start : start + MAX_BATCH]
        records = await client.read("tasks", "hs_object_id", part, properties)
        for record in records.values():
            if mark in (record.properties.get(BODY) or ""):
                return record
    return None
