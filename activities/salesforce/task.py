"""A task that Salesforce refuses for one of its fields is made without that field: who cancelled must not go
unnoticed for a field's sake. What was left out is named in the task and in the effect.

A refused write has done nothing, and every try carries the same key: there is one task in the end.
"""

import re
from typing import Any

from clients.kit.errors import Permanent
from clients.salesforce.client import SalesforceClient, TaskSaved
from models.salesforce import SaveTask

SUBJECT_LENGTH, DESCRIPTION_LENGTH = 255, 32_000
MOST_TRIES = 12
"""Of one write: each leaves out a field, or changes the owner."""

OF_A_FIELD = {
    "FIELD_INTEGRITY_EXCEPTION", "INACTIVE_OWNER_OR_USER", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INVALID_CROSS_REFERENCE_KEY", "INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD", "INVALID_EMAIL_ADDRESS",
    "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "INVALID_TYPE_ON_FIELD_IN_RECORD", "JSON_PARSER_ERROR", "MALFORMED_ID", "NUMBER_OUTSIDE_VALID_RANGE",
    "OPERATION_WITH_INACTIVE_USER_EXCEPTION", "STRING_TOO_LONG", "TRANSFER_REQUIRES_READ",
}  # fmt: skip
"""Refusals that are about one value. A rule of the org's own is not among them: it is meant."""

OF_THE_OWNER = {"INACTIVE_OWNER_OR_USER", "OPERATION_WITH_INACTIVE_USER_EXCEPTION", "TRANSFER_REQUIRES_READ"}
LABELS = {"OwnerId": r"Assigned To|Owner", "WhoId": r"Name ID|Contact ID", "WhatId": r"Related To|Account ID"}
LINKS = ("WhoId", "WhatId", "OwnerId")

_NAMED = re.compile(r"No such column '(\w+)'|^(\w+): |field '(\w+)'")
_LONGEST = re.compile(r"max length[=:] ?(\d+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain(text: str) -> str:
    """Without control characters, which Salesforce refuses, and as long as a description may be."""
    return cut(_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")), DESCRIPTION_LENGTH)


def one_line(text: str) -> str:
    return cut(_CONTROL.sub("", " ".join(text.replace("\x00", "").split())), SUBJECT_LENGTH)


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: max(0, length - 1)].rstrip() + "…"


def added(text: str, line: str) -> str:
    """The line at the end; where there is no room for both, the text before it is cut."""
    room = DESCRIPTION_LENGTH - len(line) - 2
    return f"{cut(text, max(0, room))}\n\n{line}".strip()


async def find_task(client: SalesforceClient, key: str, names: list[str]) -> dict[str, Any] | None:
    """With those of the fields that the org has."""
    for _ in range(MOST_TRIES):
        try:
            return await client.find_task(key, names)
        except Permanent as error:
            name = _named(error, dict.fromkeys(names)) if error.code == "INVALID_FIELD" else None
            if name is None:
                raise
            names = [each for each in names if each != name]
    return await client.find_task(key)


async def save_task(
    client: SalesforceClient, task: SaveTask, fields: dict[str, Any]
) -> tuple[TaskSaved, dict[str, Any], list[str]]:
    """Also what was written, and what was not and why."""
    mended = _Mended(fields)
    for _ in range(MOST_TRIES):
        try:
            return await client.upsert_task(task.key, mended.values), mended.values, mended.notes
        except Permanent as error:
            name = mended.blamed(error)
            if name is None:
                raise
            if name == "OwnerId":
                await _change_owner(client, task, mended, error)
            else:
                mended.leave_out(name, error)
    return await client.upsert_task(task.key, mended.values), mended.values, mended.notes


async def change_task(
    client: SalesforceClient, task_id: str, fields: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    mended = _Mended(fields, tells=False)
    while mended.values:
        try:
            await client.update_task(task_id, mended.values)
            break
        except Permanent as error:
            if (name := mended.blamed(error)) is None:
                raise
            mended.leave_out(name, error)
    return mended.values, mended.notes


async def _change_owner(
    client: SalesforceClient, task: SaveTask, mended: "_Mended", error: Permanent
) -> None:
    """To the fallback owner; where that one is refused, too, to whom the org gives it."""
    whose = task.owner_name or "The account's owner"
    refused = mended.values.pop("OwnerId")
    why = f"{whose} cannot own this task ({error.code})" if refused == task.owner_id else ""
    user, problem = await client.user_with(task.fallback_email) if task.fallback_email else (None, "")
    if user is not None and user.id != refused and not mended.owner_changed:
        mended.owner_changed = True
        mended.values["OwnerId"] = user.id
        mended.note(f"{why}: it went to the fallback owner {user.name or user.id}.")
        return
    why = why or f"The fallback owner cannot own this task ({error.code})"
    mended.note(
        f"{why}{f', and {problem}' if problem else ''}: it went to whom Salesforce gives it by itself."
    )


class _Mended:
    """Fields of a task, some left out; `tells`: the description says which."""

    def __init__(self, fields: dict[str, Any], *, tells: bool = True) -> None:
        self.values, self._tells = dict(fields), tells
        self._description = str(fields.get("Description", ""))
        self.notes: list[str] = []
        self.owner_changed = False

    def blamed(self, error: Permanent) -> str | None:
        """The field that Salesforce refuses; None where it is no one field of ours."""
        if error.code not in OF_A_FIELD:
            return None
        if error.code in OF_THE_OWNER and "OwnerId" in self.values:
            return "OwnerId"
        return _named(error, self.values) or self._guessed(error)

    def leave_out(self, name: str, error: Permanent) -> None:
        longest = _LONGEST.search(error.said)
        value = self.values.pop(name)
        if (
            error.code == "STRING_TOO_LONG"
            and longest
            and isinstance(value, str)
            and len(value) > int(longest[1])
        ):
            self.values[name] = cut(value, int(longest[1]))
            self.note(f"{name} was cut to {longest[1]} characters.")
            return
        self.note(f"{name} was left out: Salesforce refuses it ({error.code}).")

    def note(self, text: str) -> None:
        self.notes.append(text)
        if self._tells and "Description" in self.values:
            self.values["Description"] = added(self._description, "\n".join(self.notes))

    def _guessed(self, error: Permanent) -> str | None:
        """A link where the refusal is of one; else a field of the route's: ours are well formed."""
        if "CROSS_REFERENCE" in error.code or error.code == "MALFORMED_ID":
            return next((name for name in LINKS if name in self.values), None)
        if error.code == "JSON_PARSER_ERROR":
            return next((name for name in reversed(self.values) if name.endswith("__c")), None)
        return None


def _named(error: Permanent, values: dict[str, Any]) -> str | None:
    """By the list of fields, else in the text: there by its label."""
    found = next((name for name in error.fields if name in values), None)
    if found or error.fields:
        return found
    if match := _NAMED.search(error.said):
        by_name = next(group for group in match.groups() if group)
        if by_name in values:
            return by_name
    labelled = (name for name, label in LABELS.items() if re.search(label, error.said))
    return next((name for name in labelled if name in values), None)
