"""A record that Salesforce refuses for one of its fields is written without that field: who cancelled must
not go unnoticed for a field's sake. What was left out is named in the record's description and in the effect.

A refused write has done nothing, and every try carries the same key: there is one record in the end.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

from clients.kit.errors import Permanent, Rejected
from clients.salesforce.client import SalesforceClient
from clients.salesforce.fields import refused_values
from models.wording import cut, on_one_line, printable

LINE_LENGTH, DESCRIPTION_LENGTH = 255, 32_000
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
LABELS = {
    "OwnerId": r"Assigned To|Owner",
    "WhoId": r"Name ID|Contact ID",
    "WhatId": r"Related To|Account ID",
    "AccountId": r"Account (ID|Name)",
}
LINKS = ("WhoId", "WhatId", "AccountId", "OwnerId")

_NAMED = re.compile(r"No such column '(\w+)'|^(\w+): |field '(\w+)'")
_LONGEST = re.compile(r"max length[=:] ?(\d+)")

T = TypeVar("T")


def plain(text: str) -> str:
    """Without control characters, which Salesforce refuses, and as long as a description may be."""
    return cut(printable(text), DESCRIPTION_LENGTH)


def one_line(text: str, length: int = LINE_LENGTH) -> str:
    return cut(on_one_line(text), length)


def added(text: str, line: str) -> str:
    """The line at the end; where there is no room for both, the text before it is cut."""
    room = DESCRIPTION_LENGTH - len(line) - 2
    return f"{cut(text, max(0, room))}\n\n{line}".strip()


def appended(text: str, said: str) -> str:
    """What was said before, and is said again after something else, is added again: the last one counts."""
    line = plain(said)
    of_its_kind = line.partition(":")[0] + ":"
    before = [each for each in text.splitlines() if each.startswith(of_its_kind)]
    return text if any(line in each for each in before[-1:]) else added(text, line)


class Ownership(NamedTuple):
    """Who is to own a record, and who gets it where Salesforce refuses that one."""

    of: str
    """What people call such a record."""
    owner_id: str | None = None
    owner_name: str | None = None
    fallback_email: str | None = None


class Records(Protocol):
    """By a key of ours, or by their own id."""

    async def find(self, key: str, fields: Iterable[str] = ()) -> dict[str, Any] | None: ...


async def find_record(records: Records, key: str, names: list[str]) -> dict[str, Any] | None:
    """With those of the fields that the org has."""
    for _ in range(MOST_TRIES):
        try:
            return await records.find(key, names)
        except Permanent as error:
            name = _named(error, dict.fromkeys(names)) if error.code == "INVALID_FIELD" else None
            if name is None:
                raise
            names = [each for each in names if each != name]
    return await records.find(key)


async def owner_instead(client: SalesforceClient, owner: Ownership) -> tuple[dict[str, Any], str | None]:
    """The fallback owner, where no owner could be looked up, or why there is none: then Salesforce chooses
    one."""
    if owner.owner_id is not None or not owner.fallback_email:
        return {}, None
    user, why = await client.user_with(owner.fallback_email)
    return ({"OwnerId": user.id}, None) if user else ({}, f"Salesforce chose the owner: {why}")


async def write_mended(
    client: SalesforceClient,
    to_write: Callable[[dict[str, Any]], Awaitable[T]],
    mended: "Mended",
    owner: Ownership | None = None,
) -> T:
    """What was written is in `mended.values` then, and what was not, and why, in its notes."""
    for _ in range(MOST_TRIES):
        try:
            return await to_write(mended.values)
        except Permanent as error:
            name = mended.blamed(error)
            if name is None:
                raise
            if name == "OwnerId" and owner:
                await _change_owner(client, owner, mended, error)
            elif not mended.mend(name, error):
                raise
    return await to_write(mended.values)


async def foresee(client: SalesforceClient, object_type: str, mended: "Mended") -> None:
    """For a preview: what would be left out, as far as the org's description tells. Raises Rejected where the
    record would not be made without it."""
    description = await client.describe(object_type)
    for name, code, why in list(refused_values(description, mended.values)):
        refusal = Rejected("salesforce", f"Salesforce would refuse it: {why}")
        refusal.code = code
        if not mended.mend(name, refusal):
            raise refusal


async def _change_owner(
    client: SalesforceClient, owner: Ownership, mended: "Mended", error: Permanent
) -> None:
    """To the fallback owner; where that one is refused, too, to whom the org gives it."""
    whose = owner.owner_name or "The account's owner"
    refused = mended.values.pop("OwnerId")
    why = f"{whose} cannot own this {owner.of} ({error.code})" if refused == owner.owner_id else ""
    user, problem = await client.user_with(owner.fallback_email) if owner.fallback_email else (None, "")
    if user is not None and user.id != refused and not mended.owner_changed:
        mended.owner_changed = True
        mended.values["OwnerId"] = user.id
        mended.note(f"{why}: it went to the fallback owner {user.name or user.id}.")
        return
    why = why or f"The fallback owner cannot own this {owner.of} ({error.code})"
    mended.note(
        f"{why}{f', and {problem}' if problem else ''}: it went to whom Salesforce gives it by itself."
    )


class Mended:
    """Fields of a record, some left out; `tells`: the description says which. Without those of `keeps` there
    is no use in writing it: they are cut, and not left out."""

    def __init__(self, fields: dict[str, Any], *, tells: bool = True, keeps: Collection[str] = ()) -> None:
        self.values, self._tells, self._keeps = dict(fields), tells, keeps
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

    def mend(self, name: str, error: Permanent) -> bool:
        """False where nothing is left that could be tried."""
        if self._cut(name, error):
            return True
        if name in self._keeps:
            return False
        del self.values[name]
        self.note(f"{name} was left out: Salesforce refuses it ({error.code}).")
        return True

    def note(self, text: str) -> None:
        self.notes.append(text)
        if self._tells and "Description" in self.values:
            self.values["Description"] = added(self._description, "\n".join(self.notes))

    def _cut(self, name: str, error: Permanent) -> bool:
        longest, value = _LONGEST.search(error.said), self.values[name]
        if error.code != "STRING_TOO_LONG" or not longest or not isinstance(value, str):
            return False
        if len(value) <= int(longest[1]):
            return False
        self.values[name] = cut(value, int(longest[1]))
        self.note(f"{name} was cut to {longest[1]} characters.")
        return True

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
