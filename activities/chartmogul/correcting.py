"""Correcting a line of an invoice, and taking an invoice out of the reckoning: read, written, read back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from activities.chartmogul.effects import (
    CONFIRMED,
    INVOICE,
    LINE,
    LOST,
    after_a_write,
    effect_of,
    skipped,
)
from activities.chartmogul.values import Row, plain, same
from activities.definition import refuse_outdated
from clients.chartmogul.invoice_writes import InvoiceWrites
from clients.kit.errors import OutcomeUnknown
from models.chartmogul_writes import InvoiceWrite, LineWrite
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode, Write

DISABLED, PERIOD = "disabled", "period"
EMPTY: Mapping[str, Any] = {"tax_amount_in_cents": 0, "prorated": False, DISABLED: False}
"""What stands for nothing where a field is restored."""


@dataclass(frozen=True)
class Thing:
    """A line or an invoice, with how it is read and written."""

    type: str
    uuid: str
    read: Callable[[], Awaitable[Row]]
    write: Callable[[Mapping[str, Any]], Awaitable[None]]
    period: str = ""
    said: str = ""

    async def values(self, names: Mapping[str, Any]) -> dict[str, Any]:
        row = await self.read()
        return {name: _or_empty(name, plain(row.get(name))) for name in names}


@dataclass(frozen=True)
class Wanted:
    """`was`: what a preview found before an earlier try may have written."""

    write: Write
    fields: Mapping[str, Any]
    was: Mapping[str, Any] | None = None


async def correct_line(writes: InvoiceWrites, write: LineWrite) -> Effect:
    fields = write.fields.model_dump(exclude_none=True)
    line = a_line(writes, write.line_uuid, write.period, write.said)
    return await set_values(line, Wanted(write, fields, write.was))


async def switch_invoice(writes: InvoiceWrites, write: InvoiceWrite) -> Effect:
    invoice = an_invoice(writes, write.invoice_uuid, write.period, write.said)
    return await set_values(invoice, Wanted(write, {DISABLED: True}, write.was))


def a_line(writes: InvoiceWrites, uuid: str, period: str, said: str = "") -> Thing:
    return Thing(LINE, uuid, partial(writes.line, uuid), partial(writes.change_line, uuid), period, said)


def an_invoice(writes: InvoiceWrites, uuid: str, period: str, said: str = "") -> Thing:
    async def switch(fields: Mapping[str, Any]) -> None:
        await writes.switch(uuid, disabled=fields[DISABLED] is True)

    return Thing(INVOICE, uuid, partial(writes.invoice, uuid), switch, period, said)


async def set_values(thing: Thing, wanted: Wanted) -> Effect:
    """`after` of a live effect is what was read afterwards: what ChartMogul did not take shows as it was."""
    write, found = wanted.write, await thing.values(wanted.fields)
    changed = {name: each for name, each in wanted.fields.items() if not same(name, found[name], each)}
    if not changed:
        return _as_it_is(thing, wanted, found)
    if write.mode is Mode.PREVIEW:
        return _effect(thing, write, Action.WOULD_UPDATE, found, wanted.fields)
    if write.only_find:
        return skipped(write, thing.type, NOT_MADE_BEFORE, thing.uuid)
    refuse_outdated("chartmogul", write)
    note, after = await _written(thing, changed, wanted.fields)
    before = found if wanted.was is None or not write.repeat else {**found, **wanted.was}
    return _effect(thing, write, Action.UPDATED, before, after, note)


async def _written(
    thing: Thing, changed: Mapping[str, Any], names: Mapping[str, Any]
) -> tuple[str | None, dict[str, Any]]:
    unclear: OutcomeUnknown | None = None
    try:
        await thing.write(changed)
    except OutcomeUnknown as error:
        unclear = error
    with after_a_write():
        after = await thing.values(names)
    if unclear and any(not same(name, after[name], each) for name, each in changed.items()):
        raise unclear
    return CONFIRMED if unclear else None, after


def _as_it_is(thing: Thing, wanted: Wanted, found: Mapping[str, Any]) -> Effect:
    """An earlier try of this write has seen to it, or there was nothing to do."""
    write, was = wanted.write, wanted.was
    action = write.already(Action.UPDATED)
    if was is not None and all(same(name, was.get(name), each) for name, each in found.items()):
        action = Action.UNCHANGED
    if action is not Action.UPDATED:
        return _effect(thing, write, action, found, found)
    before = found if was is None else {**found, **was}
    return _effect(thing, write, action, before, found, LOST if was is None else None)


def _effect(
    thing: Thing,
    write: Write,
    action: Action,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    note: str | None = None,
) -> Effect:
    effect = effect_of(write, thing.type, action, thing.uuid, before=before, after=after, note=note)
    return effect.model_copy(update={"label": thing.said, "undo": {PERIOD: thing.period}})


def _or_empty(name: str, value: Any) -> Any:
    return EMPTY.get(name) if value is None else value
