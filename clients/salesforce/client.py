"""Salesforce: whose account a customer is, and Tasks that exist once per key.

A Task is written by PATCH on a unique external-id field, so that a repeated write changes nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from requests import codes
from simple_salesforce.format import format_external_id, format_soql

from clients.kit.cooldown import Cooldown
from clients.kit.errors import Ambiguous, Rejected
from clients.kit.http import Call, parsed, refused, unclear
from clients.salesforce.bulk import SalesforceBulk
from clients.salesforce.owner import User, accounts_of, contacts_of, find_owner, user_with
from clients.salesforce.settings import Salesforce
from clients.salesforce.transport import Org, SalesforceTransport, api_name, json_value
from models.base import Record
from models.salesforce import AccountOwner, OwnerQuery

CLOSED_STATUSES = "SELECT ApiName, SortOrder FROM TaskStatus WHERE IsClosed = true"


class TaskSaved(NamedTuple):
    id: str
    created: bool


class SalesforceClient:
    def __init__(
        self,
        settings: Salesforce,
        *,
        timeout_seconds: float = 10,
        bulk_timeout_seconds: float = 60,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._account_key = api_name(settings.account_key_field)
        self._task_key = api_name(settings.task_key_field)
        self._base_url = settings.instance_url.rstrip("/")
        self._transport = SalesforceTransport(settings, timeout_seconds, cooldown)
        self.bulk = SalesforceBulk(self._transport, settings.threads, bulk_timeout_seconds)

    async def aclose(self) -> None:
        await self._transport.aclose()

    def link(self, object_type: str, object_id: str) -> str:
        return f"{self._base_url}/lightning/r/{object_type}/{object_id}/view"

    async def describe(self, object_type: str) -> dict[str, Any]:
        call = Call("salesforce", f"describe {object_type}")
        path = f"sobjects/{api_name(object_type)}/describe"
        answer = await self._transport.run(call, lambda org: org.library.restful(path))
        if not isinstance(answer, dict):
            raise unclear(call, "the answer is no description")
        return dict(answer)

    async def account_owner(self, query: OwnerQuery) -> AccountOwner:
        """The account's active owner; else the fallback owner, and why."""
        call = Call("salesforce", f"find the account owner of {query.customer_uuid}")
        accounts, contacts = await asyncio.gather(
            self._transport.run(call, lambda org: accounts_of(org, self._account_key, query)),
            self._transport.run(call, lambda org: contacts_of(org, query)),
        )
        return await self._transport.run(call, lambda org: find_owner(org, accounts, contacts, query))

    async def closed_status(self) -> str | None:
        """Which value of Status closes a Task: each org has its own. `Completed` where that does."""
        call = Call("salesforce", "read which status closes a task")
        rows = await self._transport.run(call, lambda org: org.query(CLOSED_STATUSES))
        names = [str(row["ApiName"]) for row in sorted(rows, key=lambda row: row["SortOrder"] or 0)]
        return "Completed" if "Completed" in names else next(iter(names), None)

    async def user_with(self, email: str) -> tuple[User | None, str]:
        """The active user with that e-mail; or why there is none."""
        call = Call("salesforce", "find the fallback owner")
        return await self._transport.run(call, lambda org: user_with(org, email))

    async def find_task(self, key: str, fields: Iterable[str] = ()) -> dict[str, Any] | None:
        """Id and `fields` of the Task that carries `key`."""
        columns = ["Id", *map(api_name, fields)]
        call = Call("salesforce", f"find task {key}")
        return await self._transport.run(call, lambda org: self._find_task(org, key, columns))

    async def upsert_task(self, key: str, fields: Mapping[str, Any]) -> TaskSaved:
        """Create the Task of this key, or set these fields on it."""
        call = Call("salesforce", f"save task {key}", writes=True, done="the task was saved")
        if self._task_key in fields:
            raise refused(call, Rejected, f"{self._task_key} is the key, and no field to set")
        values = {field: json_value(value) for field, value in fields.items()}
        return await self._transport.run(call, lambda org: self._upsert_task(org, key, values))

    async def update_task(self, task_id: str, fields: Mapping[str, Any]) -> None:
        """Set these fields; by its id, so that a Task that is gone is not made anew."""
        call = Call("salesforce", f"change task {task_id}", writes=True, done="the task was changed")
        values = {field: json_value(value) for field, value in fields.items()}
        await self._transport.run(call, lambda org: org.library.Task.update(task_id, values))

    def _find_task(self, org: Org, key: str, columns: list[str]) -> dict[str, Any] | None:
        names = ", ".join(dict.fromkeys(columns))
        tasks = org.query(format_soql(f"SELECT {names} FROM Task WHERE {self._task_key} = {{}}", key))
        if len(tasks) > 1:
            raise refused(org.call, Ambiguous, f"{len(tasks)} tasks carry it")
        return tasks[0] if tasks else None

    def _upsert_task(self, org: Org, key: str, values: dict[str, Any]) -> TaskSaved:
        # format_external_id percent-encodes the key; get_by_custom_id does not.
        path = format_external_id(self._task_key, key)
        answer = org.library.Task.upsert(path, values, raw_response=True)
        if answer.status_code != codes.no_content:
            saved = parsed(org.call, _Saved, answer.json())
            return TaskSaved(saved.id, saved.created)
        task = self._find_task(org, key, ["Id"])  # some API versions tell nothing of an update
        if task is None:
            raise unclear(org.call, "saved, but not found by its key")
        return TaskSaved(task["Id"], created=False)


class _Saved(Record):
    id: str
    created: bool
