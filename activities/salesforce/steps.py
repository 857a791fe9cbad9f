"""Finding whose account a customer is, and the save task."""

from typing import Any

from activities.definition import refuse_outdated, step_activity
from activities.salesforce.task import added, change_task, find_task, one_line, plain, save_task
from clients.kit.errors import NotFound, Permanent
from clients.salesforce.client import SalesforceClient
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode, Write
from models.salesforce import AccountOwner, OwnerQuery, SaveTask, TaskChange

OFF = "Salesforce is not connected"


class SalesforceActivities:
    def __init__(self, client: SalesforceClient | None) -> None:
        self._client = client

    @step_activity("salesforce.find_account_owner")
    async def find_account_owner(self, query: OwnerQuery) -> AccountOwner:
        if self._client is None:
            return AccountOwner(why_fallback=OFF)
        return await self._client.account_owner(query)

    @step_activity("salesforce.create_save_task")
    async def create_save_task(self, task: SaveTask) -> Effect:
        """Create the Task once. One that is there already stays as people have changed it since."""
        if self._client is None:
            return _skipped(task)
        fields = _task_fields(task)
        if task.repeat or task.only_find or task.mode is Mode.PREVIEW:
            found = await find_task(self._client, task.key, list(fields))
            if found is not None:
                action, task_id = task.already(Action.CREATED), found.pop("Id")
                before = None if action is Action.CREATED else found
                return self._effect(task, action, task_id, before=before, after=found)
        if task.only_find:
            return _skipped(task, NOT_MADE_BEFORE)
        if task.mode is Mode.PREVIEW:
            return self._effect(task, Action.WOULD_CREATE, None, before=None, after=fields)
        refuse_outdated("salesforce", task)
        owner: dict[str, Any] = {}
        note = None
        if task.owner_id is None and task.fallback_email:
            owner, note = await _stand_in(self._client, task.fallback_email)
        saved, written, notes = await save_task(self._client, task, fields | owner)
        action = Action.CREATED if saved.created else Action.UPDATED
        return self._effect(task, action, saved.id, before=None, after=written, note=_joined(note, *notes))

    @step_activity("salesforce.record_task_outcome")
    async def record_task_outcome(self, change: TaskChange) -> Effect:
        """Add the outcome to the Task's description, and set the fields of the route."""
        if self._client is None:
            return _skipped(change)
        columns = ["Description", *(["Status", "IsClosed"] if change.close else []), *change.fields]
        before = await find_task(self._client, change.task_key, columns)
        if before is None:
            raise NotFound("salesforce", "The save task is gone: somebody deleted it, or its key.")
        task_id, closed = before.pop("Id"), before.pop("IsClosed", False)
        closing, note = await _closing(self._client, change, closed=closed)
        wanted = closing | change.fields | {"Description": _appended(before, change)}
        changed = {name: value for name, value in wanted.items() if before.get(name) != value}
        if not changed:
            action = change.already(Action.UPDATED)
            return self._effect(change, action, task_id, before=before, after=before, note=note)
        refuse_outdated("salesforce", change)
        written, notes = await change_task(self._client, task_id, changed)
        said = " ".join(filter(None, [note, *notes])) or None
        return self._effect(change, Action.UPDATED, task_id, before=before, after=before | written, note=said)

    def _effect(
        self,
        write: Write,
        action: Action,
        task_id: str | None,
        *,
        before: dict[str, Any] | None,
        after: dict[str, Any],
        note: str | None = None,
    ) -> Effect:
        assert self._client is not None
        return Effect(
            system="salesforce",
            object_type="Task",
            object_id=task_id,
            link=self._client.link("Task", task_id) if task_id else None,
            action=action,
            key=write.key,
            before=before,
            after=after,
            note=note,
        )


async def _stand_in(client: SalesforceClient, email: str) -> tuple[dict[str, Any], str | None]:
    """The fallback owner, where no owner could be looked up, or why there is none: then Salesforce chooses
    one."""
    user, why = await client.user_with(email)
    return ({"OwnerId": user.id}, None) if user else ({}, f"Salesforce chose the owner: {why}")


async def _closing(
    client: SalesforceClient, change: TaskChange, *, closed: bool
) -> tuple[dict[str, Any], str | None]:
    """The org's closed status, and why there is none. Who has closed the task already chose one."""
    if not change.close or closed or "Status" in change.fields:
        return {}, None
    try:
        status = await client.closed_status()
    except Permanent as refusal:
        return {}, f"left open: {refusal}"
    return ({"Status": status}, None) if status else ({}, "left open: the org has no closed status")


def _joined(*notes: str | None) -> str | None:
    return " ".join(filter(None, notes)) or None


def _skipped(write: Write, why: str = OFF) -> Effect:
    return Effect(system="salesforce", object_type="Task", action=Action.SKIPPED, key=write.key, note=why)


def _task_fields(task: SaveTask) -> dict[str, Any]:
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


def _appended(before: dict[str, Any], change: TaskChange) -> str:
    """What was said before, and is said again after something else, is added again: the last one counts."""
    text: str = before.get("Description") or ""
    line = plain(change.append_to_description)
    of_its_kind = line.partition(":")[0] + ":"
    said = [each for each in text.splitlines() if each.startswith(of_its_kind)]
    return text if any(line in each for each in said[-1:]) else added(text, line)
