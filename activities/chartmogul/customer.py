"""A customer of ChartMogul: made or changed, and deleted. Nothing brings a deleted one back."""

import asyncio
from collections.abc import Mapping
from typing import Any

from activities.chartmogul.effects import (
    CONFIRMED,
    CUSTOMER,
    DELETION,
    LOST,
    after_a_write,
    effect_of,
    skipped,
)
from activities.chartmogul.fields import Setting, read_itself, set_fields
from activities.chartmogul.values import MOST, Row, as_asked, plain, same, sent, values_in
from activities.definition import refuse_outdated
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.refusals import is_duplicate
from clients.chartmogul.writes import CustomerWrites
from clients.kit.errors import NotFound, OutcomeUnknown, Rejected
from clients.kit.http import Call, refused, unclear
from models.chartmogul import Subscription
from models.chartmogul_writes import CustomerWrite, DeletionWrite
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode, Write

FIELDS = (
    "name", "email", "company", "country", "state", "city", "zip", "owner", "website_url", "status",
    "lead_created_at", "free_trial_started_at",
)  # fmt: skip
"""What ChartMogul lets be written of a customer, beside tags and attributes."""

IGNORED = {"owner", "state"}
"""What ChartMogul ignores in silence where it does not fit."""

KEPT = ("uuid", "data_source_uuid", "external_id", *FIELDS, "customer-since", "mrr", "arr", "currency")
"""Of one that is deleted."""

THERE = "there is a customer with that external id in that data source: {}; change it by its uuid"
GONE = "it is gone already"


async def save_customer(writes: CustomerWrites, write: CustomerWrite) -> Effect:
    """Raises Rejected for a field that ChartMogul does not have: it would be ignored."""
    call = Call("chartmogul", "save a customer")
    if unknown := sorted(write.fields.keys() - set(FIELDS)):
        detail = f"a customer has no field {', '.join(unknown[:3])}"
        raise refused(call, Rejected, detail, f"Name some of {', '.join(FIELDS)}.")
    if write.customer_uuid:
        return await set_fields(writes, Setting(write, write.customer_uuid, write.fields, was=write.was))
    if not write.data_source_uuid or not write.external_id:
        raise refused(call, Rejected, "a new one needs data source and external id", "Name both.")
    return await create_customer(writes, write, write.data_source_uuid, write.external_id)


async def create_customer(
    writes: CustomerWrites, write: CustomerWrite, data_source: str, external_id: str
) -> Effect:
    """Found again by its external id, which no two customers of a data source have."""
    wanted = {"data_source_uuid": data_source, "external_id": external_id, **write.fields}
    if row := await writes.find(data_source, external_id):
        return _there(write, row, wanted)
    if write.only_find:
        return skipped(write, CUSTOMER, NOT_MADE_BEFORE)
    if write.mode is Mode.PREVIEW:
        return effect_of(write, CUSTOMER, Action.WOULD_CREATE, None, after=wanted)
    refuse_outdated("chartmogul", write)
    values = {name: sent(name, each) for name, each in write.fields.items()}
    note = None
    try:
        uuid = await writes.create(data_source, external_id, values)
    except (OutcomeUnknown, Rejected) as error:
        if not (isinstance(error, OutcomeUnknown) or (write.repeat and is_duplicate(error))):
            raise
        with after_a_write():
            made = await writes.find(data_source, external_id)
        if made is None:
            raise
        uuid, note = made["uuid"], CONFIRMED
    with after_a_write():
        row = await writes.read(uuid)
    after = as_asked(wanted, values_in(row, wanted))
    return effect_of(write, CUSTOMER, Action.CREATED, uuid, after=after, row=row, note=note)


def _there(write: CustomerWrite, row: Row, wanted: Mapping[str, Any]) -> Effect:
    """One that was there at the preview was not made by us, and one that says otherwise is somebody's own."""
    found = as_asked(wanted, values_in(row, wanted))
    other = {name for name, each in wanted.items() if not same(name, found[name], each)}
    action = write.already(Action.CREATED) if write.was is None else Action.UNCHANGED
    if other - (IGNORED if action is Action.CREATED else set()):
        return skipped(write, CUSTOMER, THERE.format(row["uuid"]), row["uuid"], row)
    before = None if action is Action.CREATED else found
    return effect_of(write, CUSTOMER, action, row["uuid"], before=before, after=found, row=row)


async def delete_customer(client: ChartMogulClient, write: DeletionWrite) -> Effect:
    """`before` is all that there is to keep of it. Raises NotFound in a preview where it is not there."""
    writes, uuid = client.customer_writes, write.customer_uuid
    try:
        row = await read_itself(writes, uuid)
    except NotFound:
        if write.mode is Mode.PREVIEW:
            raise
        return _deleted(write, uuid, write.was)
    return await delete_row(client, write, row)


async def delete_row(client: ChartMogulClient, write: Write, row: Row) -> Effect:
    """As it was just read."""
    uuid = str(row["uuid"])
    before = await snapshot(client, row)
    gone = dict.fromkeys(before)
    if write.mode is Mode.PREVIEW:
        action = Action.WOULD_UPDATE
        return effect_of(write, DELETION, action, uuid, before=before, after=gone, row=row)
    if write.only_find:
        return skipped(write, DELETION, NOT_MADE_BEFORE, uuid, row)
    refuse_outdated("chartmogul", write)
    note = await _delete(client.customer_writes, uuid)
    return effect_of(write, DELETION, Action.UPDATED, uuid, before=before, after=gone, row=row, note=note)


async def snapshot(client: ChartMogulClient, row: Row) -> dict[str, Any]:
    """What a person needs who wants it back: fields, attributes and tags, subscriptions with their MRR."""
    attributes = row.get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    custom = attributes.get("custom")
    custom = custom if isinstance(custom, Mapping) else {}
    subscriptions = await client.subscriptions(str(row["uuid"]))
    return {
        **{name: plain(row[name]) for name in KEPT if row.get(name) not in (None, "")},
        "tags": plain(attributes.get("tags")) or [],
        **{f"custom.{name}": plain(each) for name, each in list(custom.items())[:MOST]},
        "subscriptions": [_told(each) for each in subscriptions[:MOST]],
    }


def _told(each: Subscription) -> str:
    return f"{each.external_id}: {each.plan}, {each.status}, MRR {each.mrr or 0} cents"


async def _delete(writes: CustomerWrites, uuid: str) -> str | None:
    """What there is to note. It is done where it is gone."""
    note = None
    try:
        await writes.delete(uuid)
    except NotFound:
        note = GONE
    except OutcomeUnknown:
        note = CONFIRMED
    with after_a_write():
        if not await is_gone(writes, uuid):
            call = Call("chartmogul", f"delete customer {uuid}", writes=True, done="the customer was deleted")
            raise unclear(call, "it is still there")
    return note


async def is_gone(writes: CustomerWrites, uuid: str, looks: int = 3, pause_seconds: float = 0.3) -> bool:
    """Or another one answers, into whom it was merged. UNVERIFIED: how soon ChartMogul shows it; so it is
    looked a few times."""
    for look in range(looks):
        if look:
            await asyncio.sleep(pause_seconds)
        try:
            if (await writes.read(uuid))["uuid"] != uuid:
                return True
        except NotFound:
            return True
    return False


def _deleted(write: DeletionWrite, uuid: str, was: Mapping[str, Any] | None) -> Effect:
    """By an earlier try, or by somebody else before this one."""
    if write.already(Action.UPDATED) is Action.UNCHANGED:
        return skipped(write, DELETION, GONE, uuid)
    before = dict(was) if was else {"uuid": uuid}
    after, note = dict.fromkeys(before), None if was else LOST
    return effect_of(write, DELETION, Action.UPDATED, uuid, before=before, after=after, note=note)
