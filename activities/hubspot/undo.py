"""Taking back what was written to HubSpot, but for what a person has changed since.

A task or deal that was made is closed, or deleted where that is asked for and nobody has changed it; a
contact or company is deleted on request alone. Properties that were set are set back.
"""

from typing import Any

from activities.definition import refuse_outdated
from activities.hubspot.deal import TEXT as DEAL_TEXT
from activities.hubspot.mending import TEXT_LENGTH, Mended, write_mended
from activities.hubspot.task import DONE, STATUS, lines
from activities.undoing import (
    DELETED_FOR_GOOD,
    NO_ID,
    NOT_ASKED,
    Values,
    before_newer,
    changed_since,
    deleted,
    gone,
    is_deletion,
    not_possible,
    not_there,
    restored,
    same,
    touched,
    undone,
    was_made,
)
from clients.hubspot.client import HubSpotClient
from clients.hubspot.marked import BODY
from clients.hubspot.records import NOUNS
from clients.kit.errors import NotFound
from models.effects import Action, Effect, Mode
from models.hubspot import ObjectType
from models.undo import Undoing, Undone
from models.wording import joined

TAKEN_BACK = "Taken back: the run that made this was undone."
STAGE, PIPELINE = "dealstage", "pipeline"
CLOSED_BY: dict[ObjectType, tuple[str, str, str]] = {
    "tasks": (STATUS, BODY, "<br><br>"),
    "deals": (STAGE, DEAL_TEXT, "\n\n"),
}
"""The property whose value closes such a record, the one that holds its text, and what begins a new line
there."""

TYPES: dict[str, ObjectType] = {noun: name for name, noun in NOUNS.items()} | {name: name for name in NOUNS}
"""Effects name one by what people call it; those of the CRM sync by HubSpot's name for several."""

NO_STAGE = "its pipeline has no stage that closes a deal as lost"


async def undo(client: HubSpotClient, undoing: Undoing) -> Undone:
    effect = undoing.effect
    object_type = TYPES.get(effect.object_type)
    if effect.object_id is None or object_type is None:
        return not_possible(undoing, NO_ID)
    if is_deletion(effect):
        return not_possible(undoing, DELETED_FOR_GOOD)
    now = await _now(client, effect, object_type)
    if now is None:
        return not_there(undoing, deletes=undoing.delete and was_made(undoing.effect))
    if was_made(effect):
        return await _of_what_was_made(client, undoing, object_type, now)
    return await restored(undoing, now, lambda values: _write(client, effect, object_type, values), alike)


def alike(one: Any, other: Any) -> bool:
    """As HubSpot keeps values: e-mail addresses in small letters, rich text in markup of its own."""
    if same(one, other):
        return True
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    if "@" in one and one.strip().casefold() == other.strip().casefold():
        return True
    return "<" in one + other and lines(one) == lines(other)


async def _now(client: HubSpotClient, effect: Effect, object_type: ObjectType) -> Values | None:
    id, closing = effect.object_id or "", CLOSED_BY.get(object_type)
    names = [*effect.after, *([*closing[:2], PIPELINE] if closing and was_made(effect) else [])]
    found = (await client.read(object_type, "hs_object_id", [id], names)).get(id)
    if found is None:
        return None
    return {name: found.properties.get(name) for name in names}


async def _of_what_was_made(
    client: HubSpotClient, undoing: Undoing, object_type: ObjectType, now: Values
) -> Undone:
    found = before_newer(undoing, now, alike)
    by_people = touched(undoing.effect, found, alike)
    if object_type not in CLOSED_BY:
        if not undoing.delete:
            return not_possible(undoing, NOT_ASKED)
        if by_people:
            return changed_since(undoing, by_people)
    if undoing.delete and not by_people:
        return await _delete(client, undoing, object_type)
    to = DONE if object_type == "tasks" else await _lost_stage(client, found.get(PIPELINE))
    return await _close(client, undoing, object_type, found, to) if to else not_possible(undoing, NO_STAGE)


async def _lost_stage(client: HubSpotClient, pipeline: str | None) -> str | None:
    known = await client.pipelines.all()
    stages = next((each.stages for each in known if each.id == pipeline), [])
    return next((stage.id for stage in stages if stage.is_lost), None)


async def _delete(client: HubSpotClient, undoing: Undoing, object_type: ObjectType) -> Undone:
    if undoing.mode is Mode.PREVIEW:
        return deleted(undoing, Action.WOULD_UPDATE)
    refuse_outdated("hubspot", undoing)
    try:
        await client.records.archive(object_type, undoing.effect.object_id or "")
    except NotFound:
        return not_there(undoing, deletes=undoing.delete and was_made(undoing.effect))
    return deleted(undoing, Action.UPDATED)


async def _close(
    client: HubSpotClient, undoing: Undoing, object_type: ObjectType, found: Values, to: str
) -> Undone:
    """Unless a person has moved it on; with a line that says why it is closed, where there is room."""
    closing, body, between = CLOSED_BY[object_type]
    was, text = undoing.effect.after.get(closing), str(found.get(body) or "")
    if found.get(closing) == to and (TAKEN_BACK in text or undoing.repeat):
        return _found_closed(undoing, object_type, text, to)
    if was is not None and found.get(closing) != was:
        return changed_since(undoing, [closing])
    said = f"{text}{between}{TAKEN_BACK}" if text else TAKEN_BACK
    with_line = len(said) <= TEXT_LENGTH
    before: Values = {closing: found.get(closing)} | ({body: found.get(body)} if with_line else {})
    after: Values = {closing: to} | ({body: said} if with_line else {})
    if undoing.mode is Mode.PREVIEW:
        return undone(undoing, Action.WOULD_UPDATE, before, after)
    refuse_outdated("hubspot", undoing)
    try:
        written, notes = await _write(client, undoing.effect, object_type, after, keeps=(closing,))
    except NotFound:
        return gone(undoing)
    before = {name: before[name] for name in written}
    return undone(undoing, Action.UPDATED, before, written, note=joined(*notes) or "")


def _found_closed(undoing: Undoing, object_type: ObjectType, text: str, to: str) -> Undone:
    """By an earlier try, or by an undo before this one."""
    closing, body, between = CLOSED_BY[object_type]
    action, after = undoing.already(Action.UPDATED), {closing: to, body: text}
    if action is Action.UNCHANGED:
        return undone(undoing, action, after, after)
    earlier = text.removesuffix(TAKEN_BACK).removesuffix(between) or None
    return undone(undoing, action, {closing: undoing.effect.after.get(closing), body: earlier}, after)


async def _write(
    client: HubSpotClient,
    effect: Effect,
    object_type: ObjectType,
    values: Values,
    keeps: tuple[str, ...] = (),
) -> tuple[Values, list[str]]:
    """What of it HubSpot takes. Raises NotFound."""
    mended = Mended(
        {name: "" if value is None else str(value) for name, value in values.items()}, keeps=keeps
    )

    async def update(left: dict[str, str]) -> None:
        if left:
            await client.records.update(object_type, effect.object_id or "", left)

    await write_mended(update, mended)
    return {name: values[name] for name in mended.values}, mended.notes
