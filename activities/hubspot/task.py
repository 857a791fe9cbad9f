"""A task: made once, and changed by what came of it."""

import html
import re

from activities.definition import refuse_outdated
from activities.hubspot.effects import effect_of, skipped
from activities.hubspot.mending import NAME_LENGTH, Mended, as_html, one_line, plain, rich, write_mended
from clients.hubspot.client import HubSpotClient
from clients.hubspot.marked import BODY, find_marked
from clients.hubspot.records import Links
from clients.kit.errors import NotFound, Permanent, Rejected
from clients.kit.marks import mark_of
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.hubspot import HubSpotRecord, HubSpotTask, HubSpotTaskChange, ObjectType, Properties
from models.wording import joined, was_cut

STATUS, DONE = "hs_task_status", "COMPLETED"
ESSENTIAL = ("hs_timestamp", "hs_task_subject")
_TAG = re.compile(r"<[^<>]*>")
GONE = "The task is gone: somebody deleted it, or its key."
NOON = "T12:00:00Z"
"""HubSpot keeps an instant and shows the day that it is where the reader is: at noon UTC it is that day
nearly everywhere."""


async def create_task(client: HubSpotClient, task: HubSpotTask) -> Effect:
    by = await client.task_key()
    links, wanted = _links(task), _properties(task, marked=by is None)
    if task.looks or (by is None and not links):
        found = await _find(client, by, task.key, links, list(wanted))
        if found is not None:
            return await _there(client, task, found, links, list(wanted))
    cut = was_cut("hs_task_subject", task.subject, NAME_LENGTH)
    if task.only_find:
        return skipped(task, "tasks", NOT_MADE_BEFORE)
    if task.mode is Mode.PREVIEW:
        action = Action.WOULD_CREATE
        return effect_of(client, task, "tasks", action, None, before=None, after=wanted, note=cut)
    refuse_outdated("hubspot", task)
    mended = Mended(wanted, keeps=ESSENTIAL if by else (*ESSENTIAL, BODY))
    if by is None:
        saved = await write_mended(
            lambda values: client.records.create("tasks", task.key, values, links), mended
        )
    else:
        saved = await write_mended(
            lambda values: client.records.upsert("tasks", by, task.key, values), mended
        )
        mended.notes += await _connect(client, saved.id, links)
    action, note = Action.CREATED if saved.created else Action.UPDATED, joined(cut, *mended.notes)
    return effect_of(client, task, "tasks", action, saved.id, before=None, after=mended.values, note=note)


async def change_task(client: HubSpotClient, change: HubSpotTaskChange) -> Effect:
    found = await _of_change(client, change)
    if found is None:
        return _nothing_to_change(client, change)
    before = {name: found.properties.get(name) for name in (BODY, STATUS)}
    wanted = {BODY: _appended(before[BODY] or "", change.append)}
    if change.complete:
        wanted[STATUS] = DONE
    changed = {name: value for name, value in wanted.items() if value != (before[name] or "")}
    if not changed:
        action = change.already(Action.UPDATED)
        return effect_of(client, change, "tasks", action, found.id, before=before, after=before)
    if change.only_find:
        return skipped(change, "tasks", NOT_MADE_BEFORE)
    if change.mode is Mode.PREVIEW:
        action, after = Action.WOULD_UPDATE, {**before, **changed}
        return effect_of(client, change, "tasks", action, found.id, before=before, after=after)
    refuse_outdated("hubspot", change)
    mended = Mended(changed)
    await write_mended(lambda values: _update(client, found.id, values), mended)
    action = Action.UPDATED if mended.values else Action.SKIPPED
    after, note = {**before, **mended.values}, joined(*mended.notes)
    return effect_of(client, change, "tasks", action, found.id, before=before, after=after, note=note)


def _nothing_to_change(client: HubSpotClient, change: HubSpotTaskChange) -> Effect:
    if change.only_find:
        return skipped(change, "tasks", NOT_MADE_BEFORE)
    if change.mode is Mode.PREVIEW:  # it would be made before, in this very run
        after = {STATUS: DONE} if change.complete else {}
        return effect_of(client, change, "tasks", Action.WOULD_UPDATE, None, before=None, after=after)
    raise NotFound("hubspot", GONE)


async def _find(
    client: HubSpotClient, by: str | None, key: str, links: Links, properties: list[str]
) -> HubSpotRecord | None:
    """Where tasks got their property but lately, one of before carries a mark."""
    if by is None:
        return await find_marked(client, key, links, properties)
    found = (await client.read("tasks", by, [key], properties)).get(key)
    if found is not None or not links:
        return found
    try:
        return await find_marked(client, key, links, properties)
    except Rejected:  # too many to look through
        return None


async def _of_change(client: HubSpotClient, change: HubSpotTaskChange) -> HubSpotRecord | None:
    """By its id, where the effect named one; else as it was made."""
    names = [BODY, STATUS]
    if change.task_id:
        return (await client.read("tasks", "hs_object_id", [change.task_id], names)).get(change.task_id)
    return await _find(client, await client.task_key(), change.task_key, _links(change), names)


async def _there(
    client: HubSpotClient, task: HubSpotTask, found: HubSpotRecord, links: Links, names: list[str]
) -> Effect:
    """As people have changed it since. What an earlier try may not have come to is made good."""
    notes = list[str]()
    if task.mode is Mode.LIVE and not task.only_find:
        notes = await _connect(client, found.id, links, if_none=True)
    values: Properties = {name: found.properties.get(name) for name in names}
    action = task.already(Action.CREATED)
    before = None if action is Action.CREATED else values
    return effect_of(
        client, task, "tasks", action, found.id, before=before, after=values, note=joined(*notes)
    )


async def _connect(client: HubSpotClient, task_id: str, links: Links, *, if_none: bool = False) -> list[str]:
    """With contact and company; what HubSpot refuses of that, in words."""
    notes = []
    for other, other_id in links.items():
        if if_none and (await client.associations("tasks", other, [task_id])).get(task_id):
            continue
        try:
            await client.records.associate("tasks", task_id, other, other_id)
        except Permanent as refusal:
            notes.append(str(refusal))
    return notes


async def _update(client: HubSpotClient, task_id: str, values: dict[str, str]) -> None:
    if values:
        await client.records.update("tasks", task_id, values)


def _links(of: HubSpotTask | HubSpotTaskChange) -> dict[ObjectType, str]:
    links: dict[ObjectType, str | None] = {"contacts": of.contact_id, "companies": of.company_id}
    return {name: id for name, id in links.items() if id}


def _properties(task: HubSpotTask, *, marked: bool) -> dict[str, str]:
    """HubSpot's names for it. Empty ones are left out."""
    named = {
        "hs_task_subject": one_line(task.subject),
        "hs_timestamp": f"{task.due.isoformat()}{NOON}",
        BODY: rich(task.body, mark_of(task.key) if marked else ""),
        STATUS: "NOT_STARTED",
        "hs_task_type": "TODO",
        "hs_task_priority": task.priority.upper(),
        "hubspot_owner_id": task.owner_id or "",
    }
    return {name: value for name, value in named.items() if value}


def _appended(text: str, said: str) -> str:
    """What was said before, and is said again after something else, is added again: the last one counts."""
    there, ours = lines(text), lines(as_html(plain(said)))
    if not ours:
        return text
    of_its_kind = ours[0].partition(":")[0] + ":"
    places = [place for place, line in enumerate(there) if line.startswith(of_its_kind)]
    if places and there[places[-1] :][: len(ours)] == ours:
        return text
    return "<br><br>".join(filter(None, [text, as_html(plain(said))]))


def lines(text: str) -> list[str]:
    """As people read it, whatever HubSpot has made of our markup."""
    plain_text = html.unescape(_TAG.sub("\n", text))
    return [line.strip() for line in plain_text.splitlines() if line.strip()]
