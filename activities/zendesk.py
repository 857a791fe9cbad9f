"""Tagging people and organisations in Zendesk."""

from typing import get_args

from activities.definition import refuse_outdated, step_activity
from activities.undoing import NO_ID, not_possible
from activities.untagging import tag_taken_back
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, refused
from clients.zendesk.client import ZendeskClient, has
from clients.zendesk.tag_text import fitting
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.tagging import Tagging, TagTarget
from models.undo import Undoing, Undone
from models.zendesk import Kind, Tagged

OFF = "Zendesk is not connected"


class ZendeskActivities:
    def __init__(self, client: ZendeskClient | None) -> None:
        self._client = client

    @step_activity("zendesk.tag")
    async def tag(self, tagging: Tagging) -> Effect:
        """One tag; all others stay. Raises Ambiguous where several users have the e-mail address."""
        if self._client is None:
            return _effect(tagging, Action.SKIPPED, note=OFF)
        tag = _tag_of(tagging)
        match = await self._client.find(tagging)
        if match.record is None:
            return _effect(tagging, Action.SKIPPED, note=match.why)
        there = has(await self._client.tags(match.record), tag)
        if there is not tagging.remove:
            return _effect(tagging, tagging.already(Action.UPDATED), match.record)
        if tagging.mode is Mode.PREVIEW:
            return _effect(tagging, Action.WOULD_UPDATE, match.record)
        if tagging.only_find:
            return _effect(tagging, Action.SKIPPED, match.record, NOT_MADE_BEFORE)
        refuse_outdated("zendesk", tagging)
        await (self._client.remove if tagging.remove else self._client.add)(match.record, tag)
        return _effect(tagging, Action.UPDATED, match.record)

    @step_activity("zendesk.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        if self._client is None:
            return not_possible(undoing, OFF)
        client, record = self._client, _record_of(undoing.effect)
        if record is None:
            return not_possible(undoing, NO_ID)

        async def has_it(tag: str) -> bool | None:
            try:
                return has(await client.tags(record), tag)
            except NotFound:
                return None

        async def turn(tag: str, on: bool) -> None:
            await (client.add if on else client.remove)(record, tag)

        return await tag_taken_back(undoing, has_it, turn)


def _record_of(effect: Effect) -> Tagged | None:
    id, kind = effect.object_id or "", effect.object_type
    if not (id.isascii() and id.isdecimal() and kind in get_args(Kind)):
        return None
    fields = {"kind": kind, "id": int(id), "name": effect.label, "link": effect.link or ""}
    return Tagged.model_validate(fields)


def _tag_of(tagging: Tagging) -> str:
    """Raises Rejected where nothing of it is left."""
    if tag := fitting(tagging.tag):
        return tag
    call = Call("zendesk", f"tag a {tagging.target}")
    raise refused(call, Rejected, "the tag is nothing but spaces", "Name a tag in the route.")


def _effect(
    tagging: Tagging, action: Action, record: Tagged | None = None, note: str | None = None
) -> Effect:
    """Both sides hold our tag alone: others come and go by other hands."""
    tag = fitting(tagging.tag)
    with_it, without = {"tags": [tag]}, {"tags": list[str]()}
    before, after = (with_it, without) if tagging.remove else (without, with_it)
    rewritten = (
        f"written as {tag}: Zendesk's tags have no spaces and no capitals" if tag != tagging.tag else ""
    )
    notes = [each for each in (note, rewritten) if each]
    return Effect(
        system="zendesk",
        object_type="organization" if tagging.target is TagTarget.ORGANIZATION else "user",
        object_id=str(record.id) if record else None,
        label=record.name if record else "",
        link=record.link if record else None,
        action=action,
        key=tagging.key,
        before=after if action is Action.UNCHANGED else before if record else None,
        after=after,
        note="; ".join(notes) or None,
    )
