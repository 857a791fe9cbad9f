"""Slack: messages that can be found again by a key of ours in their metadata, and changed.

Slack has no idempotency key. Who is not sure whether a message was posted looks with `find` first.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from pydantic import AliasChoices, Field

from clients.kit.cooldown import Cooldown
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, parsed, refused, unclear
from clients.kit.remembered import Remembered
from clients.slack.limits import fitting_blocks, fitting_text
from clients.slack.people import Someone
from clients.slack.settings import Slack
from clients.slack.transport import INVITE, SlackTransport
from models.base import Record
from models.slack import Member, Message, Person
from models.spelling import nearest

EVENT_TYPE = "mogulflow"
CLOCK_SKEW = timedelta(minutes=1)

MOST_PAGES = 50
"""Of a list, in one look: who has not found a message in so many never will."""

TOO_MANY = "Look in Slack whether the message is there; where it is not, retry the run."

PAGE_SIZE = 999
CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]+")
"""Names of channels are in lower case."""
PERSON_ID = re.compile(r"[UW][A-Z0-9]+")


class Posted(NamedTuple):
    channel: str
    ts: str
    link: str
    text: str = ""
    """What stands there, as Slack has it."""


_LINK = re.compile(r"/archives/([A-Z0-9]+)/p(\d{7,})(?:\?thread_ts=(\d+\.\d+))?")


class Place(NamedTuple):
    """Where a message stands. `thread_ts` is of the one that a reply answers."""

    channel: str
    ts: str
    thread_ts: str | None = None


def place_in(link: str | None) -> Place | None:
    """What a permalink of ours says."""
    found = _LINK.search(link or "")
    return Place(found[1], f"{found[2][:-6]}.{found[2][-6:]}", found[3]) if found else None


class SlackClient:
    def __init__(
        self,
        settings: Slack,
        *,
        timeout_seconds: float = 10,
        page_size: int = PAGE_SIZE,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._transport = SlackTransport(settings, timeout_seconds, cooldown)
        self._page_size = str(page_size)
        self._identity: dict[str, Any] | None = None
        # users.lookupByEmail may be called some 50 times a minute
        self._channels = Remembered[str]()
        self._members = Remembered[Member | None]()
        self._marks = Remembered[str]()
        """Where lists that were not read to their end go on: by what is looked for."""
        self._listing_channels = asyncio.Lock()

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def identity(self) -> dict[str, Any]:
        """Who we are to Slack: `auth.test`, asked once."""
        if self._identity is None:
            call = Call("slack", "sign in to Slack")
            answer = await self._transport.ask(call, "auth.test")
            parsed(call, _Identity, answer)
            self._identity = answer
        return self._identity

    @property
    def scopes(self) -> frozenset[str] | None:
        """Those of the token, as Slack's last answer told; None where none has."""
        return self._transport.scopes

    async def post(self, message: Message) -> Posted:
        """Post. Posting again makes a second message."""
        await self.identity()  # for the link; afterwards is too late to fail
        if PERSON_ID.fullmatch(message.channel):
            channel = await self._conversation_with(message.channel)
            message = message.model_copy(update={"channel": channel or message.channel})
        call = Call(
            "slack",
            f"post message {message.key}",
            writes=True,
            done="the message was posted",
            again="it is looked for before it is sent again",
        )
        try:
            answer = await self._transport.ask(call, "chat.postMessage", body=_body(message))
        except NotFound:
            self._channels.forget(_plain(message.channel))  # renamed, perhaps
            raise
        posted = parsed(call, _Answer, answer)
        self._channels.keep(_plain(message.channel), posted.channel)
        there = {"ts": posted.ts, "text": fitting_text(message.text)}
        return await self._posted(message, posted.channel, there)

    async def find(self, message: Message) -> Posted | None:
        """The message that carries the key, in the channel or, where `thread_ts` is set, in the thread.

        A look that was cut short goes on where it stopped. Raises Rejected where there is too much to look
        through: then nobody knows.
        """
        call = Call("slack", f"look for message {message.key}")
        channel = await self.conversation(message.channel)
        if channel is None:
            return None
        form = {
            "channel": channel,
            "oldest": f"{(message.not_before - CLOCK_SKEW).timestamp():.6f}",
            "include_all_metadata": "true",  # without it the payload is left out
        }
        method = "conversations.history"
        if message.thread_ts:
            method, form["ts"] = "conversations.replies", message.thread_ts
        mark = f"{method} {message.key}"
        async for row in self._rows(call, method, form, mark):
            if _key_of(row) == message.key:
                self._marks.forget(mark)
                return await self._posted(message, channel, row)
        return None

    async def respond(self, url: str, text: str) -> None:
        """Tell who clicked on a button, and nobody else. Slack takes five answers within half an hour."""
        call = Call("slack", "answer a click", writes=True, done="the answer was shown")
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        await self._transport.answer(call, url, body)

    async def member(self, email: str) -> Member | None:
        """The person with this e-mail address, remembered for an hour."""
        if email not in self._members:
            self._members.keep(email, await self._look_up(email))
        return self._members[email]

    async def check_channel(self, channel: str) -> str:
        """The channel's id. Refused where the bot is no member, for it could not look for messages."""
        call = Call("slack", f"use channel {channel}")
        form = {"channel": await self._channel_id(channel, everywhere=True)}
        info = parsed(
            call, _ChannelInfo, await self._transport.ask(call, "conversations.info", form=form)
        ).channel
        if not (info.is_member or info.is_im):
            raise refused(call, Rejected, "the bot is not in it", INVITE)
        return info.id

    async def conversation(self, channel: str) -> str | None:
        """The id of a channel, or of the conversation with a person; None where there is none yet."""
        if PERSON_ID.fullmatch(channel):
            return await self._conversation_with(channel, open_it=False)
        return await self._channel_id(channel)

    async def read(self, place: Place) -> dict[str, Any] | None:
        """The message as it stands there; None where it was deleted."""
        call = Call("slack", f"read message {place.ts}")
        form = {"channel": place.channel, "oldest": place.ts, "latest": place.ts, "inclusive": "true"}
        method = "conversations.history"
        if place.thread_ts:
            method, form["ts"] = "conversations.replies", place.thread_ts
        try:
            page = parsed(call, _Page, await self._transport.ask(call, method, form=form))
        except NotFound as error:
            if error.code == "channel_not_found":
                raise
            return None
        return next((row for row in page.rows if row.get("ts") == place.ts), None)

    async def update(self, place: Place, text: str, blocks: list[dict[str, Any]]) -> str:
        """Put other words in its place; its key stays. May be repeated. Its link. Raises NotFound where it
        was deleted."""
        await self.identity()  # for the link; afterwards is too late to fail
        done = "the message was changed"
        call = Call("slack", f"change message {place.ts}", writes=True, done=done)
        body = {
            "channel": place.channel,
            "ts": place.ts,
            "text": fitting_text(text),
            "blocks": fitting_blocks(blocks),  # none, too: what is left out would stay as it was
        }
        await self._transport.ask(call, "chat.update", body=body)
        return await self.link(place)

    async def person(self, id: str) -> Person:
        """Who acts in Slack; without an e-mail address where the workspace does not vouch for it."""
        call = Call("slack", f"look who {id} is")
        try:
            answer = await self._transport.ask(call, "users.info", form={"user": id})
        except NotFound:
            return Person(id=id, why_none="Slack knows nobody of that id")
        return parsed(call, _UserInfo, answer).user.to(await self.identity())

    async def _conversation_with(self, person: str, *, open_it: bool = True) -> str | None:
        """Its id. That Slack gives none, or refuses, where there is none and none is to be made, is
        UNVERIFIED."""
        call = Call("slack", f"open the conversation with {person}")
        form = {"users": person} | ({} if open_it else {"prevent_creation": "true"})
        try:
            answer = await self._transport.ask(call, "conversations.open", form=form)
        except NotFound:
            if open_it:
                raise
            return None
        found = parsed(call, _Opened, answer).channel
        if found is None and open_it:
            raise unclear(call, "the answer names no conversation")
        return found.id if found else None

    async def _look_up(self, email: str) -> Member | None:
        call = Call("slack", "look for a member by e-mail")
        try:
            answer = await self._transport.ask(call, "users.lookupByEmail", form={"email": email})
        except NotFound:
            return None
        user = parsed(call, _Found, answer).user
        return None if user.deleted else Member(id=user.id, name=user.real_name or user.name)

    async def _posted(self, message: Message, channel: str, row: dict[str, Any]) -> Posted:
        ts, text = str(row.get("ts")), str(row.get("text") or "")
        return Posted(channel, ts, await self.link(Place(channel, ts, message.thread_ts)), text)

    async def link(self, place: Place) -> str:
        workspace = str((await self.identity())["url"]).rstrip("/")
        link = f"{workspace}/archives/{place.channel}/p{place.ts.replace('.', '')}"
        return link + (f"?thread_ts={place.thread_ts}&cid={place.channel}" if place.thread_ts else "")

    async def _channel_id(self, channel: str, *, everywhere: bool = False) -> str:
        """Reading takes ids only, and only of channels that the bot is in. Who wants to know what is wrong
        with a channel looks for it everywhere."""
        if CHANNEL_ID.fullmatch(channel):
            return channel
        name, call = _plain(channel), Call("slack", f"find channel {channel}")
        async with self._listing_channels:
            if name not in self._channels:
                await self._look_for_channel(call, name, everywhere)
        if name not in self._channels:
            meant = nearest(name, self._channels.names()) if everywhere else ""
            raise refused(call, NotFound, f"the bot is in no channel of this name{meant}", INVITE)
        return self._channels[name]

    async def _look_for_channel(self, call: Call, name: str, everywhere: bool) -> None:
        """Among the bot's own: a page or two, where conversations.list has all of the workspace, 20 calls
        a minute. That one is asked, too, where a server in Slack's place does not know the first."""
        try:
            await self._look_in("users.conversations", call)
        except Rejected:
            everywhere = True
        if everywhere and name not in self._channels:
            await self._look_in("conversations.list", call)

    async def _look_in(self, method: str, call: Call) -> None:
        """What is learned on the way is kept; a list that was cut short goes on where it stopped."""
        form = {"types": "public_channel,private_channel", "exclude_archived": "true"}
        async for row in self._rows(call, method, form, method):
            self._channels.keep(str(row.get("name")), str(row.get("id")))

    async def _rows(
        self, call: Call, method: str, form: dict[str, str], mark: str
    ) -> AsyncIterator[dict[str, Any]]:
        """Page by page, from where an earlier try stopped."""
        for _ in range(MOST_PAGES):
            cursor = self._marks.get(mark) or ""
            page = await self._page(call, method, form, cursor, mark)
            for row in page.rows:
                yield row
            if not page.next_cursor:
                self._marks.forget(mark)
                return
            if page.next_cursor == cursor:
                raise unclear(call, "the list says it goes on, but not where")
            self._marks.keep(mark, page.next_cursor)
        self._marks.forget(mark)
        raise refused(call, Rejected, f"there are more than {MOST_PAGES} pages to look through", TOO_MANY)

    async def _page(self, call: Call, method: str, form: dict[str, str], cursor: str, mark: str) -> "_Page":
        where = form | {"limit": self._page_size} | ({"cursor": cursor} if cursor else {})
        try:
            return parsed(call, _Page, await self._transport.ask(call, method, form=where))
        except Rejected:
            self._marks.forget(mark)  # the cursor, perhaps: the next look begins anew
            raise


def _body(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {
        "channel": message.channel,
        "text": fitting_text(message.text),  # the notification, and what screen readers say
        # Slack promises nothing for it, but is known to refuse doubles by it: belt and braces.
        "client_msg_id": str(uuid5(NAMESPACE_OID, message.key)),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": message.key}},
        "unfurl_links": False,
        "unfurl_media": False,
    }
    optional = {"blocks": fitting_blocks(message.blocks), "thread_ts": message.thread_ts}
    return body | {name: value for name, value in optional.items() if value}


def _key_of(row: dict[str, Any]) -> Any:
    metadata = row.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    return (metadata.get("event_payload") or {}).get("key")


def _plain(channel: str) -> str:
    return channel.removeprefix("#")


class _Identity(Record):
    url: str


class _Answer(Record):
    channel: str
    ts: str


class _User(Record):
    id: str
    name: str = ""
    real_name: str = ""
    deleted: bool = False


class _Found(Record):
    user: _User


class _UserInfo(Record):
    user: Someone


class _Channel(Record):
    id: str
    is_member: bool = False
    is_im: bool = False


class _Conversation(Record):
    id: str


class _Opened(Record):
    channel: _Conversation | None = None


class _ChannelInfo(Record):
    channel: _Channel


class _Cursor(Record):
    next_cursor: str = ""


class _Page(Record):
    rows: list[dict[str, Any]] = Field(validation_alias=AliasChoices("messages", "channels"))
    response_metadata: _Cursor | None = None

    @property
    def next_cursor(self) -> str:
        return self.response_metadata.next_cursor if self.response_metadata else ""
