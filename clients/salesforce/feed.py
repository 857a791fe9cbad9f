"""Chatter: posts on a record's feed. A post has no field for a key: its text ends in a mark of ours, and who
is not sure whether it was made looks for that first."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from simple_salesforce.format import format_soql

from clients.kit.errors import Permanent, Rejected
from clients.kit.http import Call, parsed, refused
from clients.kit.marks import mark_of
from clients.salesforce.transport import Org, SalesforceTransport
from models.base import Record

LONGEST = 10_000
"""Characters of a post."""

MOST_LOOKED_AT = 200
"""Posts of one record, the newest; people post that many in years."""

CLOCK_SKEW = timedelta(minutes=1)
NO_FEED = {"INVALID_TYPE", "NOT_FOUND"}
"""Codes of an org without Chatter."""

POSTS = (
    "SELECT Id, Body, CreatedDate FROM FeedItem WHERE ParentId = {} AND Type = 'TextPost'"
    " ORDER BY CreatedDate DESC LIMIT {}"
)
TURN_ON = "Turn it on (Setup, Chatter, Chatter Settings, Enable), or have the note written as a task."
TOO_MANY = "Look on the record's feed whether it is there; where it is not, retry the run."

T = TypeVar("T")


class Feed:
    def __init__(self, transport: SalesforceTransport) -> None:
        self._transport = transport

    async def find(self, parent_id: str, key: str, not_before: datetime | None) -> str | None:
        """The id of the post of this key. Raises Rejected where it may be among posts that are older than
        those looked at, but not older than `not_before`: then nobody knows."""
        call = Call("salesforce", f"look for note {key}")
        posts = await self._run(call, lambda org: _posts(org, parent_id))
        mark = mark_of(key)
        for post in posts:
            if mark in (post.get("Body") or ""):
                return str(post["Id"])
        if len(posts) == MOST_LOOKED_AT and not _reaches(posts[-1], not_before):
            raise refused(call, Rejected, f"there are more than {MOST_LOOKED_AT} newer posts", TOO_MANY)
        return None

    async def post(self, parent_id: str, key: str, text: str) -> str:
        """Its id. Posting again makes a second one. `text` has our mark, and fits."""
        again = "it is looked for before it is posted again"
        call = Call("salesforce", f"post note {key}", writes=True, done="the note was posted", again=again)
        body = {"ParentId": parent_id, "Body": text}
        return await self._run(
            call, lambda org: parsed(org.call, _Made, org.library.FeedItem.create(body)).id
        )

    async def _run(self, call: Call, work: Callable[[Org], T]) -> T:
        try:
            return await self._transport.run(call, work)
        except Permanent as error:
            if error.code not in NO_FEED:
                raise
            raise refused(call, Rejected, f"Chatter is off in this org ({error.code})", TURN_ON) from None


def _posts(org: Org, parent_id: str) -> list[dict[str, Any]]:
    return org.query(format_soql(POSTS, parent_id, MOST_LOOKED_AT))


def _reaches(oldest: dict[str, Any], not_before: datetime | None) -> bool:
    """Whether those looked at go back as far as ours can be."""
    made = datetime.fromisoformat(str(oldest.get("CreatedDate")))
    return not_before is not None and made < not_before - CLOCK_SKEW


class _Made(Record):
    id: str
