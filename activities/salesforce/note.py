"""Notes on an account. Salesforce's own Note has no field for a key of ours, so that nobody could say whether
it was made: what is written is a completed task, which has one, or a post on the account's feed, with a mark
of ours."""

from typing import Any

from activities.definition import refuse_outdated
from activities.salesforce.effects import effect_of, made_before, skipped
from activities.salesforce.mending import LINE_LENGTH, one_line, plain
from activities.salesforce.task import closed_status, save_task
from clients.kit.marks import mark_of
from clients.salesforce.client import SalesforceClient
from clients.salesforce.feed import LONGEST
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.salesforce import NoteWrite
from models.wording import cut, joined, was_cut


async def post_note(client: SalesforceClient, note: NoteWrite) -> Effect:
    return await (_post(client, note) if note.kind == "chatter" else _completed_task(client, note))


async def _completed_task(client: SalesforceClient, note: NoteWrite) -> Effect:
    fields = _fields(note)
    if there := await made_before(client, client.tasks, note, list(fields)):
        return there
    if note.only_find:
        return skipped(note, "Task", NOT_MADE_BEFORE)
    status, left_open = await closed_status(client)
    why = joined(was_cut("Subject", note.title, LINE_LENGTH), left_open)
    if note.mode is Mode.PREVIEW:
        after = fields | status
        return effect_of(client, note, "Task", Action.WOULD_CREATE, None, before=None, after=after, note=why)
    refuse_outdated("salesforce", note)
    saved, mended = await save_task(client, note.key, fields | status, keeps=("WhatId",))
    action = Action.CREATED if saved.created else Action.UPDATED
    said = joined(why, *mended.notes)
    return effect_of(client, note, "Task", action, saved.id, before=None, after=mended.values, note=said)


async def _post(client: SalesforceClient, note: NoteWrite) -> Effect:
    text, said = _text(note)
    after = {"ParentId": note.account_id, "Body": text}
    found = await client.feed.find(note.account_id, note.key, note.not_before) if note.looks else None
    if found is not None:
        action = note.already(Action.CREATED)
        before = None if action is Action.CREATED else after
        return effect_of(client, note, "FeedItem", action, found, before=before, after=after)
    if note.only_find:
        return skipped(note, "FeedItem", NOT_MADE_BEFORE)
    if note.mode is Mode.PREVIEW:
        action = Action.WOULD_CREATE
        return effect_of(client, note, "FeedItem", action, None, before=None, after=after, note=said)
    refuse_outdated("salesforce", note)
    made = await client.feed.post(note.account_id, note.key, text)
    return effect_of(client, note, "FeedItem", Action.CREATED, made, before=None, after=after, note=said)


def _fields(note: NoteWrite) -> dict[str, Any]:
    named = {
        "Subject": one_line(note.title),
        "Description": plain(note.body),
        "ActivityDate": note.day and note.day.isoformat(),
        "WhatId": note.account_id,
    }
    return {name: value for name, value in named.items() if value}


def _text(note: NoteWrite) -> tuple[str, str | None]:
    """With our mark at its end; also what was cut."""
    title, mark, body = one_line(note.title), mark_of(note.key), plain(note.body)
    room = LONGEST - len(title) - len(mark) - 4
    cut_body = f"The text was cut to {room} characters." if len(body) > room else None
    said = joined(was_cut("The title", note.title, LINE_LENGTH), cut_body)
    return "\n\n".join(filter(None, [title, cut(body, room), mark])), said
