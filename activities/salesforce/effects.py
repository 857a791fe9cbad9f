"""What a write to Salesforce did, or would do."""

from typing import Any

from activities.salesforce.mending import find_record
from clients.salesforce.client import SalesforceClient
from clients.salesforce.keyed import KeyedRecords
from models.effects import Action, Effect, Write

OFF = "Salesforce is not connected"


def effect_of(
    client: SalesforceClient,
    write: Write,
    object_type: str,
    action: Action,
    record_id: str | None,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    note: str | None = None,
) -> Effect:
    return Effect(
        system="salesforce",
        object_type=object_type,
        object_id=record_id,
        link=client.link(object_type, record_id) if record_id else None,
        action=action,
        key=write.key,
        before=before,
        after=after,
        note=note,
    )


async def made_before(
    client: SalesforceClient, records: KeyedRecords, write: Write, names: list[str]
) -> Effect | None:
    """The record of the write's key, as people have changed it since. It is looked for only where it may be
    there."""
    if not write.looks:
        return None
    found = await find_record(records, write.key, names)
    if found is None:
        return None
    action, record_id = write.already(Action.CREATED), found.pop("Id")
    before = None if action is Action.CREATED else found
    return effect_of(client, write, records.object, action, record_id, before=before, after=found)


def skipped(write: Write, object_type: str, why: str = OFF) -> Effect:
    return Effect(
        system="salesforce", object_type=object_type, action=Action.SKIPPED, key=write.key, note=why
    )
