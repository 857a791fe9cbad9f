"""Whom a tag is meant for, among Zendesk's users and organisations."""

from collections.abc import Iterable

from pydantic import AliasChoices, Field

from clients.kit.errors import Ambiguous
from clients.kit.http import Call, parsed, refused
from clients.kit.rest import Rest
from models.base import Record
from models.bounds import few
from models.emails import address
from models.tagging import Tagging, TagTarget
from models.zendesk import END_USER, Kind, Match, Tagged

PAGE_SIZE = 100
"""The most that Zendesk gives. More users than that with one e-mail address are told apart by nobody."""

TELL_APART = "Merge the users in Zendesk, or give the right one the customer's external id."

NO_ADDRESS = "there is no e-mail address to look for"
NOBODY = "nobody there has the e-mail address"
SUSPENDED = "who has the e-mail address is suspended there"
IN_NONE = "who has the e-mail address is in no organisation"


class Lookup:
    """`site` is where people sign in, for links."""

    def __init__(self, rest: Rest, site: str) -> None:
        self._rest, self._site = rest, site

    async def match(self, wanted: Tagging) -> Match:
        """By the first external id that is known there, else by e-mail: whose primary address it is, exactly,
        and who is not suspended. Agents who have it are meant only where no end user has.

        Raises Ambiguous where several are left: a tag on the wrong one would be worse than none. A search
        may be minutes behind what was changed in Zendesk.
        """
        organization = wanted.target is TagTarget.ORGANIZATION
        kind: Kind = "organization" if organization else "user"
        found: _Row | str | None = await self._by_external_id(kind, wanted.external_ids)
        if found is None:
            found = await (self._organization_of if organization else self._user)(wanted.email)
        if isinstance(found, str):
            spelt = "organisation" if organization else "user"
            return Match(why=f"no {spelt} in Zendesk has one of the customer's ids, and {found}")
        link = f"{self._site}/agent/{kind}s/{found.id}"
        return Match(record=Tagged(kind=kind, id=found.id, name=found.name, link=link))

    async def _by_external_id(self, kind: Kind, ids: Iterable[str]) -> "_Row | None":
        for id in dict.fromkeys(each.strip() for each in ids):
            if id and (row := await self._with_external_id(kind, id)):
                return row
        return None

    async def _with_external_id(self, kind: Kind, id: str) -> "_Row | None":
        call = Call("zendesk", f"find the {kind} of an external id")
        rows = await self._search(call, kind, {"external_id": id})
        return _only(call, [row for row in rows if (row.external_id or "").casefold() == id.casefold()])

    async def _user(self, email: str | None) -> "_Row | str":
        """The one with the address, or why there is none."""
        wanted = address(email)
        if wanted is None:
            return NO_ADDRESS
        call = Call("zendesk", "find a user by e-mail")
        rows = await self._search(call, "user", {"query": f'email:"{wanted}"'})
        same = [row for row in rows if (row.email or "").casefold() == wanted.casefold()]
        free = [row for row in same if not row.suspended]
        user = _only(call, [row for row in free if row.role == END_USER] or free)
        return user or (SUSPENDED if same else NOBODY)

    async def _organization_of(self, email: str | None) -> "_Row | str":
        user = await self._user(email)
        if isinstance(user, str):
            return user
        if user.organization_id is None:
            return IN_NONE
        call = Call("zendesk", f"read organization {user.organization_id}")
        reply = await self._rest.ask(call, "GET", f"organizations/{user.organization_id}")
        return parsed(call, _One, reply.json(call)).organization

    async def _search(self, call: Call, kind: Kind, query: dict[str, str]) -> "list[_Row]":
        """Those that are like it and were not deleted. Raises Ambiguous where they fill more than a page."""
        asked = query | {"per_page": str(PAGE_SIZE)}
        reply = await self._rest.ask(call, "GET", f"{kind}s/search", query=asked)
        page = parsed(call, _Page, reply.json(call))
        if page.next_page:
            raise refused(call, Ambiguous, f"more than {PAGE_SIZE} are like it", TELL_APART)
        return [row for row in page.rows if row.active]


def _only(call: Call, rows: "list[_Row]") -> "_Row | None":
    if len(rows) > 1:
        ids = few([row.id for row in rows], ", ")
        raise refused(call, Ambiguous, f"{len(rows)} in Zendesk have it: {ids}", TELL_APART)
    return rows[0] if rows else None


class _Row(Record):
    """A user or an organisation, what we use of it."""

    id: int
    name: str = ""
    external_id: str | None = None
    email: str | None = None
    role: str | None = None
    suspended: bool = False
    active: bool = True
    organization_id: int | None = None


class _Page(Record):
    rows: list[_Row] = Field(validation_alias=AliasChoices("users", "organizations"))
    next_page: str | None = None


class _One(Record):
    organization: _Row
