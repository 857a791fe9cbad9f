"""Setting fields of one customer, tags and custom attributes too: read, compared, written, read back."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from activities.chartmogul.effects import CONFIRMED, CUSTOMER, LOST, after_a_write, effect_of, skipped
from activities.chartmogul.values import CUSTOM, TAG, Row, as_asked, same, sent, values_in
from activities.definition import refuse_outdated
from clients.chartmogul.writes import CustomerWrites
from clients.kit.errors import NotFound, OutcomeUnknown, Permanent, Rejected
from clients.kit.http import Call, refused
from models.changes import AttributeType, AttributeValue
from models.chartmogul_writes import AttributesWrite, TagsWrite
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode, Write
from models.wording import joined

Types = Mapping[str, AttributeType]
"""Of custom attributes, by key, where they are known."""


@dataclass(frozen=True)
class Setting:
    """`was`: what a preview found before an earlier try may have written."""

    write: Write
    uuid: str
    wanted: Mapping[str, Any]
    types: Types = field(default_factory=dict)
    was: Mapping[str, Any] | None = None


async def set_tags(writes: CustomerWrites, write: TagsWrite) -> Effect:
    if both := set(write.add) & set(write.remove):
        call = Call("chartmogul", f"change tags of {write.customer_uuid}")
        detail = f"{len(both)} of them would be put on and taken off"
        raise refused(call, Rejected, detail, "Name each tag once.")
    wanted = {f"{TAG}{tag}": True for tag in write.add} | {f"{TAG}{tag}": False for tag in write.remove}
    return await set_fields(writes, Setting(write, write.customer_uuid, wanted, was=write.was))


async def set_attributes(writes: CustomerWrites, write: AttributesWrite) -> Effect:
    """One that is set to nothing is removed."""
    wanted = {f"{CUSTOM}{each.key}": each.value for each in write.set}
    wanted |= {f"{CUSTOM}{key}": None for key in write.remove}
    types = {each.key: each.type for each in write.set}
    return await set_fields(writes, Setting(write, write.customer_uuid, wanted, types, write.was))


async def set_fields(writes: CustomerWrites, setting: Setting) -> Effect:
    """`after` of a live effect is what was read afterwards: what ChartMogul did not take shows as it was."""
    write, uuid, wanted = setting.write, setting.uuid, setting.wanted
    row = await read_itself(writes, uuid)
    before = as_asked(wanted, values_in(row, wanted))
    changed = {name: value for name, value in wanted.items() if not same(name, before[name], value)}
    if not changed:
        return _as_it_is(setting, row, before)
    if write.mode is Mode.PREVIEW:
        action = Action.WOULD_UPDATE
        return effect_of(write, CUSTOMER, action, uuid, before=before, after=wanted, row=row)
    if write.only_find:
        return skipped(write, CUSTOMER, NOT_MADE_BEFORE, uuid, row)
    refuse_outdated("chartmogul", write)
    note = await _write(writes, setting, changed)
    with after_a_write():
        row = await _read_back(writes, row, wanted)
    after = as_asked(wanted, values_in(row, wanted))
    known = _before(setting, before, changed)
    return effect_of(write, CUSTOMER, Action.UPDATED, uuid, before=known, after=after, row=row, note=note)


async def read_itself(writes: CustomerWrites, uuid: str) -> Row:
    """Raises NotFound also where another one answers, into whom it was merged: that one was not meant."""
    row = await writes.read(uuid)
    if row["uuid"] != uuid:
        call = Call("chartmogul", f"read customer {uuid}")
        raise refused(call, NotFound, f"it was merged into {row['uuid']}", "Name that one.")
    return row


async def _read_back(writes: CustomerWrites, row: Row, names: Iterable[str]) -> Row:
    """As much of it as these fields need."""
    uuid = str(row["uuid"])
    if all(name.startswith((TAG, CUSTOM)) for name in names):
        return {**row, "attributes": await writes.read_attributes(uuid)}
    return await writes.read(uuid)


def _as_it_is(setting: Setting, row: Row, found: Mapping[str, Any]) -> Effect:
    """All is as it should be: an earlier try of this write has seen to it, or there was nothing to do."""
    write, was = setting.write, setting.was
    action = write.already(Action.UPDATED)
    if was is not None and not _differ(was, found):
        action = Action.UNCHANGED
    before, note = found, None
    if action is Action.UPDATED:
        before, note = (found, LOST) if was is None else ({**found, **was}, None)
    return effect_of(write, CUSTOMER, action, setting.uuid, before=before, after=found, row=row, note=note)


def _before(setting: Setting, found: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Where an earlier try has written a part, what the preview found of that part."""
    if setting.was is None or not setting.write.repeat:
        return dict(found)
    return {name: each if name in changed else setting.was.get(name, each) for name, each in found.items()}


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(not same(name, one.get(name), each) for name, each in other.items())


@dataclass(frozen=True)
class _Part:
    """One call, and the fields that it writes."""

    names: Collection[str]
    call: Callable[[], Awaitable[None]]


async def _write(writes: CustomerWrites, setting: Setting, changed: Mapping[str, Any]) -> str | None:
    """What there is to note. A refusal of one part does not hide what the others did; what got no clear
    answer is looked for at once, for who comes later does not know what was there before."""
    notes, done = list[str](), False
    for part in _parts(writes, setting, changed):
        try:
            with after_a_write(done):
                await part.call()
        except OutcomeUnknown:
            with after_a_write():
                row = await _read_back(writes, {"uuid": setting.uuid}, part.names)
            if _differ(values_in(row, part.names), {name: changed[name] for name in part.names}):
                raise
            notes.append(CONFIRMED)
        except Permanent as refusal:
            if not done:
                raise
            notes.append(str(refusal))
        done = True
    return joined(*notes)


def _parts(writes: CustomerWrites, setting: Setting, changed: Mapping[str, Any]) -> Iterator[_Part]:
    """As few as there can be: one for each kind of field, and of what is done to it."""
    uuid = setting.uuid
    if own := {name: each for name, each in changed.items() if not name.startswith((TAG, CUSTOM))}:
        values = {name: sent(name, each) for name, each in own.items()}
        yield _Part(own, partial(writes.change, uuid, values))
    if put := [name for name, on in changed.items() if name.startswith(TAG) and on]:
        yield _Part(put, partial(writes.add_tags, uuid, _without(TAG, put)))
    if off := [name for name, on in changed.items() if name.startswith(TAG) and not on]:
        yield _Part(off, partial(writes.remove_tags, uuid, _without(TAG, off)))
    if put := [name for name, each in changed.items() if name.startswith(CUSTOM) and each is not None]:
        values = {name.removeprefix(CUSTOM): changed[name] for name in put}
        yield _Part(put, partial(_set_custom, writes, uuid, values, setting.types))
    if off := [name for name, each in changed.items() if name.startswith(CUSTOM) and each is None]:
        yield _Part(off, partial(writes.remove_attributes, uuid, _without(CUSTOM, off)))


def _without(prefix: str, names: Iterable[str]) -> list[str]:
    return [name.removeprefix(prefix) for name in names]


async def _set_custom(writes: CustomerWrites, uuid: str, values: Mapping[str, Any], types: Types) -> None:
    """What is restored has no type of ours: it keeps its own, as long as the account has the attribute."""
    if not types:
        try:
            return await writes.change_attributes(uuid, values)
        except Rejected:
            types = {key: _type_of(each) for key, each in values.items()}
    listed = [AttributeValue.model_construct(key=k, value=v, type=types[k]) for k, v in values.items()]
    await writes.set_attributes(uuid, listed)


def _type_of(value: Any) -> AttributeType:
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int | float):
        return "Integer" if isinstance(value, int) else "Decimal"
    return "Timestamp" if isinstance(value, str) and value.endswith(".000Z") else "String"
