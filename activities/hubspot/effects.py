"""What a write to HubSpot did, or would do."""

from collections.abc import Mapping

from clients.hubspot.client import HubSpotClient
from clients.hubspot.records import NOUNS
from models.effects import Action, Effect, Write
from models.hubspot import ObjectType, Properties

OFF = "HubSpot is not connected"


def effect_of(
    client: HubSpotClient,
    write: Write,
    object_type: ObjectType,
    action: Action,
    record_id: str | None,
    *,
    before: Properties | None,
    after: Mapping[str, str | None],
    note: str | None = None,
) -> Effect:
    return Effect(
        system="hubspot",
        object_type=NOUNS[object_type],
        object_id=record_id,
        link=client.link(object_type, record_id) if record_id else None,
        action=action,
        key=write.key,
        before=before,
        after=dict(after),
        note=note,
    )


def skipped(write: Write, object_type: ObjectType, why: str = OFF) -> Effect:
    return Effect(
        system="hubspot", object_type=NOUNS[object_type], action=Action.SKIPPED, key=write.key, note=why
    )
