"""A record of a custom object that is linked to a lead, one for each key of ours."""

from dataclasses import dataclass
from typing import Any

from activities.definition import refuse_outdated
from activities.marketo.effects import OBJECT_TYPES, effect, saved, skipped
from clients.kit.errors import Rejected
from clients.kit.http import Call
from clients.marketo.client import MarketoClient
from clients.marketo.fields import Fitted, fitted, same
from clients.marketo.objects import NEW_LINK, CustomObject
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.marketo import Enrolment, Value

KIND = OBJECT_TYPES["custom_object"]


@dataclass
class _Record:
    """One that is to be there. `key` are its dedupe fields, which never change; `fit` are the others."""

    of: CustomObject
    key: dict[str, Value]
    fit: Fitted


async def in_object(client: MarketoClient, write: Enrolment, lead: str | None) -> Effect:
    record = await _record(client, write, lead)
    found = await client.objects.find(record.of, record.key, record.fit.values) if lead else None
    if found:
        return await _changed(client, write, lead, record, *found)
    if write.only_find:
        return skipped(write, KIND, NOT_MADE_BEFORE)
    if lead is None or write.mode is Mode.PREVIEW:
        return _said(client, write, lead, record, Action.WOULD_CREATE)
    refuse_outdated("marketo", write)

    async def create(values: dict[str, Value]) -> str | None:
        return await client.objects.create(record.of, record.key | values)

    guid = await saved(record.fit, create)
    action = write.already(Action.CREATED) if guid is None else Action.CREATED
    return _said(client, write, lead, record, action, guid)


async def _record(client: MarketoClient, write: Enrolment, lead: str | None) -> _Record:
    """Raises Rejected where a dedupe field would have no value."""
    kind = await client.objects.describe(write.target)
    key_field = kind.key_field(write.key_field)
    link, named_by = _link(kind)
    given = {name: value for name, value in write.fields.items() if name != key_field}
    given[link] = await _linked(client, kind, lead, named_by)
    fit = fitted(given, kind.specs, settable=[*kind.dedupe, link])
    key: dict[str, Value] = {key_field: kind.our_key(key_field, write.key)}
    for name in kind.dedupe:
        if name != key_field:
            key[name] = fit.values.pop(name, "")
            if key[name] == "" and lead:
                raise _impossible(kind, f"its dedupe field {name} has no value", "Give it one in the route.")
    return _Record(kind, key, fit)


async def _changed(
    client: MarketoClient,
    write: Enrolment,
    lead: str | None,
    record: _Record,
    guid: str,
    there: dict[str, Any],
) -> Effect:
    """What our key names already gets values that it does not have, in fields that may change."""
    specs = record.of.specs
    before: dict[str, Any] = {name: there.get(name) for name in record.fit.values}
    changing = Fitted(
        {
            name: value
            for name, value in record.fit.values.items()
            if specs[name].updateable and not same(specs[name], before[name], value)
        }
    )

    def said(action: Action, changed: dict[str, Value]) -> Effect:
        stood = record.key | before
        return _said(client, write, lead, record, action, guid, before=stood, after=stood | changed)

    if write.only_find:
        return said(Action.UNCHANGED, {})
    if not changing.values:
        return said(write.already(Action.CREATED), {})
    if write.mode is Mode.PREVIEW:
        return said(Action.WOULD_UPDATE, changing.values)
    refuse_outdated("marketo", write)

    async def update(values: dict[str, Value]) -> bool:
        return bool(values) and bool(await client.objects.update(record.of, record.key | values))

    done = await saved(changing, update)
    record.fit.notes += changing.notes
    return said(Action.UPDATED if done else Action.UNCHANGED, changing.values)


def _said(
    client: MarketoClient,
    write: Enrolment,
    lead: str | None,
    record: _Record,
    action: Action,
    guid: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Effect:
    after, notes = after or record.key | record.fit.values, record.fit.notes
    return effect(
        client, write, KIND, action, id=guid, lead=lead, before=before, after=after, notes=notes,
        place={"object": record.of.name, "key": record.key},
    )  # fmt: skip


def _link(kind: CustomObject) -> tuple[str, str]:
    if kind.link is None:
        raise _impossible(kind, "it has no link to a lead", NEW_LINK)
    return kind.link


async def _linked(client: MarketoClient, kind: CustomObject, lead: str | None, named_by: str) -> Value:
    """What names the lead. Raises Rejected where the lead has no value there."""
    if lead is None:
        return ""
    if named_by.casefold() == "id":
        return int(lead)
    value = (await client.leads.read(lead, [named_by])).values.get(named_by)
    if not isinstance(value, Value) or value == "":
        raise _impossible(kind, f"lead {lead} has no {named_by} to link it by", "Fill it in Marketo.")
    return value


def _impossible(kind: CustomObject, detail: str, advice: str) -> Rejected:
    call = Call("marketo", f"write a record of {kind.name}")
    return Rejected(call.system, f"Could not {call.what}: {detail}. {advice}")
