"""The save task: made once, and closed with what came of it, whatever one of its fields says."""

from collections.abc import Collection
from typing import Any

from activities.definition import refuse_outdated
from activities.salesforce.effects import effect_of, made_before, skipped
from activities.salesforce.mending import (
    Mended,
    Ownership,
    appended,
    find_record,
    one_line,
    owner_instead,
    plain,
    write_mended,
)
from clients.kit.errors import NotFound, Permanent
from clients.salesforce.client import SalesforceClient
from clients.salesforce.keyed import Saved
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.salesforce import SaveTask, TaskChange
from models.wording import joined

GONE = "The save task is gone: somebody deleted it, or its key."


async def create_task(client: SalesforceClient, task: SaveTask) -> Effect:
    fields = _fields(task)
    if there := await made_before(client, client.tasks, task, list(fields)):
        return there
    if task.only_find:
        return skipped(task, "Task", NOT_MADE_BEFORE)
    if task.mode is Mode.PREVIEW:
        return effect_of(client, task, "Task", Action.WOULD_CREATE, None, before=None, after=fields)
    refuse_outdated("salesforce", task)
    owner = Ownership("task", task.owner_id, task.owner_name, task.fallback_email)
    instead, note = await owner_instead(client, owner)
    saved, mended = await save_task(client, task.key, fields | instead, owner)
    action = Action.CREATED if saved.created else Action.UPDATED
    said = joined(note, *mended.notes)
    return effect_of(client, task, "Task", action, saved.id, before=None, after=mended.values, note=said)


async def record_outcome(client: SalesforceClient, change: TaskChange) -> Effect:
    columns = ["Description", *(["Status", "IsClosed"] if change.close else []), *change.fields]
    before = await find_record(client.tasks, change.task_key, columns)
    if before is None:
        raise NotFound("salesforce", GONE)
    task_id, closed = before.pop("Id"), before.pop("IsClosed", False)
    closing, note = await _closing(client, change, closed=closed)
    description = appended(before.get("Description") or "", change.append_to_description)
    wanted = closing | change.fields | {"Description": description}
    changed = {name: value for name, value in wanted.items() if before.get(name) != value}
    if not changed:
        action = change.already(Action.UPDATED)
        return effect_of(client, change, "Task", action, task_id, before=before, after=before, note=note)
    refuse_outdated("salesforce", change)
    mended = Mended(changed, tells=False)
    await write_mended(client, lambda values: _update(client, task_id, values), mended)
    after, said = before | mended.values, joined(note, *mended.notes)
    return effect_of(client, change, "Task", Action.UPDATED, task_id, before=before, after=after, note=said)


async def save_task(
    client: SalesforceClient,
    key: str,
    fields: dict[str, Any],
    owner: Ownership | None = None,
    keeps: Collection[str] = (),
) -> tuple[Saved, Mended]:
    """Also what was written, and what was not and why."""
    mended = Mended(fields, keeps=keeps)
    saved = await write_mended(client, lambda values: client.tasks.upsert(key, values), mended, owner)
    return saved, mended


async def closed_status(client: SalesforceClient) -> tuple[dict[str, Any], str | None]:
    """The org's, as a field, or why there is none."""
    try:
        status = await client.closed_status()
    except Permanent as refusal:
        return {}, f"left open: {refusal}"
    return ({"Status": status}, None) if status else ({}, "left open: the org has no closed status")


async def _closing(
    client: SalesforceClient, change: TaskChange, *, closed: bool
) -> tuple[dict[str, Any], str | None]:
    """Who has closed the task already chose a status."""
    if not change.close or closed or "Status" in change.fields:
        return {}, None
    return await closed_status(client)


async def _update(client: SalesforceClient, task_id: str, values: dict[str, Any]) -> None:
    if values:
        await client.tasks.update(task_id, values)


def _fields(task: SaveTask) -> dict[str, Any]:
    """Salesforce's names for it. Empty ones are left out: the org's defaults stand."""
    named = {
        "Subject": one_line(task.subject),
        "ActivityDate": task.due.isoformat(),
        "Priority": task.priority,
        "Status": task.status,
        "Description": plain(task.description),
        "OwnerId": task.owner_id,
        "WhatId": task.account_id,
        "WhoId": task.contact_id,
    }
    return {name: value for name, value in named.items() if value} | task.fields
