"""Taking back what was changed in ChartMogul. What a person has changed since stays as it is.

| effect | taken back by |
|---|---|
| fields, tags, attributes | the values of before, of those fields that are still as we set them |
| a new customer | deletion, unless it was changed, or pays |
| a subscription event | being disabled, or deleted where that is asked for |
| a merge | an unmerge: MRR, attributes and tags may differ from before; tasks and notes stay |
| a corrected line, a disabled invoice | the values of before; of a month that is signed nothing |
| a deletion | nothing |
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from activities.chartmogul.correcting import PERIOD, Thing, Wanted, a_line, an_invoice, set_values
from activities.chartmogul.customer import delete_row
from activities.chartmogul.effects import (
    CUSTOMER,
    DELETION,
    EVENT,
    INVOICE,
    LINE,
    MERGE,
    after_a_write,
    effect_of,
    skipped,
)
from activities.chartmogul.event import differing, event_values, import_fields
from activities.chartmogul.fields import Setting, read_itself, set_fields
from activities.chartmogul.merging import INTO, do_merge, do_unmerge, merge_effect
from activities.chartmogul.values import Row, same, values_in
from activities.definition import refuse_outdated
from activities.undoing import gone, not_possible, not_there
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import NotFound, OutcomeUnknown
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.undo import Undoing, Undone, UndoState

NO_WAY_BACK = "ChartMogul brings no deleted customer back"
UNKNOWN = "nobody knows how to take that back"
PARTLY = "MRR, attributes and tags may differ from before the merge; tasks, opportunities and notes stay"
THE_REST = "external ids {} stay with the other customer: take them out in ChartMogul"
NOT_KNOWN = "what was there before is not known"
DISABLED, ITSELF = "disabled", "itself"

Side = Mapping[str, Any]


def without_a_way_back(undoing: Undoing) -> Undone | None:
    """Said before anybody is asked."""
    if undoing.effect.object_type == DELETION:
        return not_possible(undoing, NO_WAY_BACK)
    return None


async def undo(client: ChartMogulClient, undoing: Undoing) -> Undone:
    done = undoing.effect
    take_back = _WAYS.get(done.object_type)
    if take_back is None or done.action not in (Action.CREATED, Action.UPDATED):
        return not_possible(undoing, UNKNOWN)
    return await take_back(client, undoing)


async def _customer(client: ChartMogulClient, undoing: Undoing) -> Undone:
    uuid = undoing.effect.object_id or ""
    created = undoing.effect.before is None
    try:
        row = await read_itself(client.customer_writes, uuid)
    except NotFound:
        return not_there(undoing, deletes=created, told=_deleted)
    return await (_created if created else _fields)(client, undoing, row)


async def _fields(client: ChartMogulClient, undoing: Undoing, row: Row) -> Undone:
    before, after = _sides(undoing.effect)
    if not after:
        return not_possible(undoing, NOT_KNOWN)
    now = values_in(row, after)
    left = [name for name in after if not any(same(name, now[name], side[name]) for side in (before, after))]
    restored = {name: each for name, each in before.items() if name not in left}
    if not restored:
        return _left(undoing, left, row)
    was = {name: after[name] for name in restored}
    setting = Setting(undoing, str(row["uuid"]), restored, was=was)
    effect = await set_fields(client.customer_writes, setting)
    refused = [name for name, each in restored.items() if not same(name, effect.after.get(name), each)]
    return _undone(undoing, effect, [*left, *(refused if effect.action is Action.UPDATED else [])])


async def _created(client: ChartMogulClient, undoing: Undoing, row: Row) -> Undone:
    """It is deleted as it was made: with nothing that a person, or the billing system, has added."""
    made = undoing.effect.after
    now = values_in(row, made)
    left = [name for name, each in made.items() if not same(name, now[name], each)]
    if await client.subscriptions(str(row["uuid"])):
        left.append("subscriptions")
    if left:
        return _left(undoing, left, row)
    return _undone(undoing, await delete_row(client, undoing, row), [])


async def _event(client: ChartMogulClient, undoing: Undoing) -> Undone:
    before, after, events = undoing.effect.before, undoing.effect.after, client.event_writes
    if before is not None and DISABLED not in after:  # it was deleted
        return _undone(undoing, await import_fields(events, undoing, before), [])
    row = await events.find(str(after.get("data_source_uuid")), str(after.get("external_id")))
    if row is None:
        return not_there(undoing, deletes=undoing.delete and before is None, told=_deleted)
    fields = {name: each for name, each in after.items() if name != DISABLED}
    if left := differing(row, fields):
        return _left(undoing, left)
    if before is None and undoing.delete:
        return _undone(undoing, await _delete_event(client, undoing, row, fields), [])
    disabled = bool(before[DISABLED]) if before is not None else True
    return _undone(undoing, await _switch_event(client, undoing, row, disabled), [])


async def _switch_event(client: ChartMogulClient, undoing: Undoing, row: Row, disabled: bool) -> Effect:
    id, is_disabled = str(row["id"]), row.get(DISABLED) is True
    side = event_values(row, {name: None for name in ("data_source_uuid", "external_id")})
    before, after = {**side, DISABLED: not disabled}, {**side, DISABLED: disabled}
    if is_disabled is disabled:
        action = undoing.already(Action.UPDATED)
        return effect_of(undoing, EVENT, action, id, before=before, after=after)

    async def switch() -> None:
        await client.event_writes.switch(id, disabled=disabled)

    async def is_done() -> bool:
        found = await client.event_writes.find(str(side["data_source_uuid"]), str(side["external_id"]))
        return found is not None and (found.get(DISABLED) is True) is disabled

    return await _done(undoing, EVENT, id, (before, after), switch, is_done)


async def _delete_event(client: ChartMogulClient, undoing: Undoing, row: Row, fields: Side) -> Effect:
    id, events = str(row["id"]), client.event_writes

    async def is_done() -> bool:
        return await events.find(str(fields["data_source_uuid"]), str(fields["external_id"])) is None

    sides = (event_values(row, fields), dict.fromkeys(fields))
    return await _done(undoing, EVENT, id, sides, lambda: events.delete(id), is_done)


async def _merge(client: ChartMogulClient, undoing: Undoing) -> Undone:
    """Also an unmerge, which is taken back by merging again."""
    before, after = undoing.effect.before or {}, undoing.effect.after
    writes, wanted = client.customer_writes, before.get(INTO)
    found = await writes.find(str(before.get("data_source_uuid")), str(before.get("external_id")))
    if found is None:
        return gone(undoing)
    here = _holder(found, before, after)
    if here == (wanted or ITSELF):
        action = undoing.already(Action.UPDATED)
        return _undone(undoing, merge_effect(undoing, action, after, before, found), [])
    if here != (after.get(INTO) or ITSELF):
        return _left(undoing, [INTO], found)
    effect = merge_effect(undoing, Action.WOULD_UPDATE, after, before, found, _told(before, wanted))
    if undoing.mode is Mode.PREVIEW:
        return _undone(undoing, effect, [])
    refuse_outdated("chartmogul", undoing)
    if wanted:
        await do_merge(writes, str(found["uuid"]), str(wanted))
    else:
        await do_unmerge(writes, str(after[INTO]), before)
    return _undone(undoing, effect.model_copy(update={"action": Action.UPDATED}), [])


def _holder(found: Row, before: Side, after: Side) -> str | None:
    """Who has what was merged: one of the two customers, or itself, or a third."""
    if found["uuid"] in (before.get(INTO), after.get(INTO)):
        return str(found["uuid"])
    return ITSELF if found.get("external_id") == before.get("external_id") else None


async def _line(client: ChartMogulClient, undoing: Undoing) -> Undone:
    uuid, period = undoing.effect.object_id or "", str(undoing.effect.undo.get(PERIOD, ""))
    return await _values(a_line(client.invoice_writes, uuid, period, undoing.effect.label), undoing)


async def _invoice(client: ChartMogulClient, undoing: Undoing) -> Undone:
    uuid, period = undoing.effect.object_id or "", str(undoing.effect.undo.get(PERIOD, ""))
    return await _values(an_invoice(client.invoice_writes, uuid, period, undoing.effect.label), undoing)


async def _values(thing: Thing, undoing: Undoing) -> Undone:
    before, after = _sides(undoing.effect)
    if not after:
        return not_possible(undoing, NOT_KNOWN)
    try:
        now = await thing.values(after)
    except NotFound:
        return gone(undoing)
    left = [name for name in after if not any(same(name, now[name], side[name]) for side in (before, after))]
    restored = {name: each for name, each in before.items() if name not in left}
    if not restored:
        return _left(undoing, left)
    was = {name: after[name] for name in restored}
    effect = await set_values(thing, Wanted(undoing, restored, was=was))
    refused = [name for name, each in restored.items() if not same(name, effect.after.get(name), each)]
    return _undone(undoing, effect, [*left, *(refused if effect.action is Action.UPDATED else [])])


async def _done(
    undoing: Undoing,
    object_type: str,
    id: str,
    sides: tuple[Side, Side],
    write: Callable[[], Awaitable[None]],
    is_done: Callable[[], Awaitable[bool]],
) -> Effect:
    """Written, and looked at."""
    before, after = sides
    if undoing.mode is Mode.PREVIEW:
        action = Action.WOULD_UPDATE
        return effect_of(undoing, object_type, action, id, before=before, after=after)
    if undoing.only_find:
        return skipped(undoing, object_type, NOT_MADE_BEFORE, id)
    refuse_outdated("chartmogul", undoing)
    unclear: OutcomeUnknown | None = None
    try:
        await write()
    except OutcomeUnknown as error:
        unclear = error
    with after_a_write():
        if not await is_done():
            raise unclear or OutcomeUnknown("chartmogul", "ChartMogul took it, and has it as it was before")
    return effect_of(undoing, object_type, Action.UPDATED, id, before=before, after=after)


def _sides(effect: Effect) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of what was changed."""
    before = effect.before or {}
    names = [name for name, each in effect.after.items() if not same(name, before.get(name), each)]
    return {name: before.get(name) for name in names}, {name: effect.after[name] for name in names}


def _told(side: Side, wanted: Any) -> str | None:
    if wanted:
        return None
    ids = [str(each) for each in side.get("external_ids") or [] if each != side.get("external_id")]
    return f"{PARTLY}; {THE_REST.format(', '.join(ids))}" if ids else PARTLY


def _undone(undoing: Undoing, effect: Effect, left: list[str]) -> Undone:
    if effect.action is Action.SKIPPED:
        return Undone(state=UndoState.CHANGED_SINCE, effect=effect, note=effect.note or "")
    note = f"changed since, and left: {', '.join(left)}" if left else ""
    said = "; ".join(filter(None, [effect.note, note]))
    state = UndoState.CHANGED_SINCE if left else UndoState.UNDONE
    return Undone(state=state, effect=effect.model_copy(update={"note": said or None}), left=left, note=said)


def _deleted(undoing: Undoing, action: Action) -> Undone:
    """With all that it had: an event that was deleted can be imported again."""
    done = undoing.effect
    object_type = DELETION if done.object_type == CUSTOMER else done.object_type
    after = dict.fromkeys(done.after)
    effect = effect_of(undoing, object_type, action, done.object_id, before=done.after, after=after)
    return _undone(undoing, effect.model_copy(update={"label": done.label}), [])


def _left(undoing: Undoing, left: list[str], row: Row | None = None) -> Undone:
    note = f"changed since, and left: {', '.join(left)}"
    effect = skipped(undoing, undoing.effect.object_type, note, undoing.effect.object_id, row)
    return Undone(state=UndoState.CHANGED_SINCE, effect=effect, left=left, note=note)


_WAYS = {CUSTOMER: _customer, EVENT: _event, MERGE: _merge, LINE: _line, INVOICE: _invoice}
