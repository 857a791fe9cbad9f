"""Taking back a custom object's record: deleted where the run made it, else its fields set back."""

from collections.abc import Mapping
from typing import Any

from activities.definition import refuse_outdated
from activities.marketo.effects import saved
from activities.undoing import (
    DELETED,
    Values,
    before_newer,
    changed_since,
    deleted,
    gone,
    is_deletion,
    not_possible,
    not_there,
    restored,
    touched,
    undone,
    was_made,
)
from clients.kit.errors import NotFound
from clients.marketo.client import MarketoClient
from clients.marketo.fields import Fitted
from clients.marketo.objects import CustomObject
from models.effects import Action, Effect, Mode
from models.marketo import Value
from models.undo import Undoing, Undone

NO_KEY = "the effect does not say which record of which custom object it was"


async def record_taken_back(client: MarketoClient, undoing: Undoing) -> Undone:
    """One that was deleted by an undo is made anew, with another id of Marketo's."""
    effect = undoing.effect
    name, key = effect.undo.get("object"), effect.undo.get("key")
    if not name or not key:
        return not_possible(undoing, NO_KEY)
    try:
        kind = await client.objects.describe(name)
    except NotFound:
        return gone(undoing)
    held = {name: value for name, value in _held(effect).items() if name in kind.specs}
    found = await client.objects.find(kind, key, [name for name in held if name not in key])
    if is_deletion(effect):
        return await _make_anew(client, undoing, kind, held, is_there=found is not None)
    if found is None:
        return not_there(undoing, deletes=_was_made(undoing.effect))
    if _was_made(effect):
        return await _delete(client, undoing, kind, key, found[1])

    async def save(values: dict[str, Value]) -> bool:
        return bool(values) and bool(await client.objects.update(kind, key | values))

    async def write(values: Values) -> tuple[Values, list[str]]:
        fit = Fitted({name: "" if value is None else value for name, value in values.items()})
        await saved(fit, save)
        return {name: values[name] for name in fit.values}, fit.notes

    return await restored(undoing, found[1], write)


def _held(effect: Effect) -> Mapping[str, Any]:
    """What the record held, so far as the effect tells."""
    return {**(effect.before or {}), **effect.after}


def _was_made(effect: Effect) -> bool:
    """Also anew, by an undo's undo."""
    return was_made(effect) or (effect.before or {}).get(DELETED) is True


async def _delete(
    client: MarketoClient, undoing: Undoing, kind: CustomObject, key: dict[str, Value], there: Values
) -> Undone:
    if by_people := touched(undoing.effect, before_newer(undoing, there)):
        return changed_since(undoing, by_people)
    if undoing.mode is Mode.PREVIEW:
        return deleted(undoing, Action.WOULD_UPDATE)
    refuse_outdated("marketo", undoing)
    try:
        await client.objects.delete(kind, key)
    except NotFound:
        return not_there(undoing, deletes=_was_made(undoing.effect))
    return deleted(undoing, Action.UPDATED)


async def _make_anew(
    client: MarketoClient, undoing: Undoing, kind: CustomObject, held: Mapping[str, Any], *, is_there: bool
) -> Undone:
    before, after = {DELETED: True}, {**held, DELETED: False}
    if is_there:
        action = undoing.already(Action.UPDATED)
        return undone(undoing, action, after if action is Action.UNCHANGED else before, after)
    if undoing.mode is Mode.PREVIEW:
        return undone(undoing, Action.WOULD_UPDATE, before, after)
    refuse_outdated("marketo", undoing)

    async def create(values: dict[str, Value]) -> str | None:
        return await client.objects.create(kind, values)

    fit = Fitted({name: value for name, value in held.items() if value is not None})
    await saved(fit, create)
    return undone(undoing, Action.UPDATED, before, after, note="; ".join(fit.notes))
