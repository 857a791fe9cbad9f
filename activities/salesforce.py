"""Finding whose account a customer is, and the save task."""

from typing import Any

from activities.definition import step_activity
from activities.salesforce_task import added, change_task, find_task, one_line, plain, save_task
from clients.errors import NotFound
from clients.salesforce import SalesforceClient
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
        saved, written, notes = await save_task(self._client, task, fields)
        action = Action.CREATED if saved.created else Action.UPDATED
        effect = self._effect(task, action, saved.id, before=None, after=written)
        return effect.model_copy(update={"note": " ".join(notes) or None})

    @step_activity("salesforce.record_task_outcome")
    async def record_task_outcome(self, change: TaskChange) -> Effect:
        """Add the outcome to the Task's description, and set the fields of the route."""
        if self._client is None:
            return _skipped(change)
        before = await find_task(self._client, change.task_key, ["Description", *change.fields])
        if before is None:
            raise NotFound("salesforce", "The save task is gone: somebody deleted it, or its key.")
        task_id = before.pop("Id")
        wanted = change.fields | {"Description": _appended(before, change)}
        changed = {name: value for name, value in wanted.items() if before.get(name) != value}
        if not changed:
            action = change.already(Action.UPDATED)
            return self._effect(change, action, task_id, before=before, after=before)
        written, notes = await change_task(self._client, task_id, changed)
        effect = self._effect(change, Action.UPDATED, task_id, before=before, after=before | written)
        return effect.model_copy(update={"note": " ".join(notes) or None})

    def _effect(
        self,
        write: Write,
        action: Action,
        task_id: str | None,
        *,
        before: dict[str, Any] | None,
        after: dict[str, Any],
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
        )


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
    text: str = before.get("Description") or ""
    line = plain(change.append_to_description)
    return text if line in text else added(text, line)
