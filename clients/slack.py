"""Slack: messages that can be found again by a key of ours in their metadata.

Slack has no idempotency key. Who is not sure whether a message was posted looks with `find` first.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from pydantic import AliasChoices, BaseModel, Field

from clients.cooldown import Cooldown
from clients.errors import NotFound, Rejected
from clients.http import Call, parsed, refused, unclear
from clients.slack_transport import INVITE, SlackTransport
from models.slack import Member, Message
from settings import Slack

EVENT_TYPE = "mogulflow"
CLOCK_SKEW = timedelta(minutes=1)
MEMBERS_FOR_SECONDS = 3600.0
"""users.lookupByEmail may be called some 50 times a minute."""

PAGE_SIZE = 999
CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]+")
"""Names of channels are in lower case."""


class Posted(NamedTuple):
    channel: str
    ts: str
    link: str


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
        self._channel_ids: dict[str, str] = {}
        self._members: dict[str, tuple[float, Member | None]] = {}
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

    async def post(self, message: Message) -> Posted:
        """Post. Posting again makes a second message."""
        await self.identity()  # for the link; afterwards is too late to fail
        call = Call("slack", f"post message {message.key}", writes=True)
        answer = await self._transport.ask(call, "chat.postMessage", body=_body(message))
        posted = parsed(call, _Answer, answer)
        self._channel_ids[_plain(message.channel)] = posted.channel
        return await self._posted(message, posted.channel, posted.ts)

    async def find(self, message: Message) -> Posted | None:
        """The message that carries the key, in the channel or, where `thread_ts` is set, in the thread."""
        call = Call("slack", f"look for message {message.key}")
        channel = await self._channel_id(message.channel)
        form = {
            "channel": channel,
            "oldest": f"{(message.not_before - CLOCK_SKEW).timestamp():.6f}",
            "include_all_metadata": "true",  # without it the payload is left out
        }
        method = "conversations.history"
        if message.thread_ts:
            method, form["ts"] = "conversations.replies", message.thread_ts
        async for row in self._rows(call, method, form):
            if _key_of(row) == message.key:
                return await self._posted(message, channel, str(row.get("ts")))
        return None

    async def member(self, email: str) -> Member | None:
        """The person with this e-mail address, remembered for an hour."""
        known_until, member = self._members.get(email, (0.0, None))
        if time.monotonic() < known_until:
            return member
        member = await self._look_up(email)
        self._members[email] = (time.monotonic() + MEMBERS_FOR_SECONDS, member)
        return member

    async def check_channel(self, channel: str) -> str:
        """The channel's id. Refused where the bot is no member, for it could not look for messages."""
        call = Call("slack", f"use channel {channel}")
        form = {"channel": await self._channel_id(channel)}
        info = parsed(call, _Info, await self._transport.ask(call, "conversations.info", form=form)).channel
        if not (info.is_member or info.is_im):
            raise refused(call, Rejected, "the bot is not in it", INVITE)
        return info.id

    async def _look_up(self, email: str) -> Member | None:
        call = Call("slack", "look for a member by e-mail")
        try:
            answer = await self._transport.ask(call, "users.lookupByEmail", form={"email": email})
        except NotFound:
            return None
        user = parsed(call, _Found, answer).user
        return None if user.deleted else Member(id=user.id, name=user.real_name or user.name)

    async def _posted(self, message: Message, channel: str, ts: str) -> Posted:
        workspace = str((await self.identity())["url"]).rstrip("/")
        link = f"{workspace}/archives/{channel}/p{ts.replace('.', '')}"
        in_thread = f"?thread_ts={message.thread_ts}&cid={channel}" if message.thread_ts else ""
        return Posted(channel, ts, link + in_thread)

    async def _channel_id(self, channel: str) -> str:
        """Reading takes ids only. Names come from conversations.list: 1000 per page, 20 calls a minute,
        only channels the bot may see; so they are remembered for as long as the client lives."""
        if CHANNEL_ID.fullmatch(channel):
            return channel
        name, call = _plain(channel), Call("slack", f"find channel {channel}")
        async with self._listing_channels:
            if name not in self._channel_ids:
                await self._list_channels(call)
        if name not in self._channel_ids:
            raise refused(call, NotFound, "the bot sees no channel of this name", INVITE)
        return self._channel_ids[name]

    async def _list_channels(self, call: Call) -> None:
        form = {"types": "public_channel,private_channel", "exclude_archived": "true"}
        async for row in self._rows(call, "conversations.list", form):
            self._channel_ids[str(row.get("name"))] = str(row.get("id"))

    async def _rows(self, call: Call, method: str, form: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
        cursor = ""
        while True:
            where = form | {"limit": self._page_size} | ({"cursor": cursor} if cursor else {})
            page = parsed(call, _Page, await self._transport.ask(call, method, form=where))
            for row in page.rows:
                yield row
            if not page.next_cursor:
                return
            if page.next_cursor == cursor:
                raise unclear(call, "the list says it goes on, but not where")
            cursor = page.next_cursor


def _body(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {
        "channel": message.channel,
        "text": message.text,  # the notification, and what screen readers say
        # Slack promises nothing for it, but is known to refuse doubles by it: belt and braces.
        "client_msg_id": str(uuid5(NAMESPACE_OID, message.key)),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": message.key}},
        "unfurl_links": False,
        "unfurl_media": False,
    }
    optional = {"blocks": message.blocks, "thread_ts": message.thread_ts}
    return body | {name: value for name, value in optional.items() if value}


def _key_of(row: dict[str, Any]) -> Any:
    metadata = row.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    return (metadata.get("event_payload") or {}).get("key")


def _plain(channel: str) -> str:
    return channel.removeprefix("#")


class _Identity(BaseModel):
    url: str


class _Answer(BaseModel):
    channel: str
    ts: str


class _User(BaseModel):
    id: str
    name: str = ""
    real_name: str = ""
    deleted: bool = False


class _Found(BaseModel):
    user: _User


class _Channel(BaseModel):
    id: str
    is_member: bool = False
    is_im: bool = False


class _Info(BaseModel):
    channel: _Channel


class _Cursor(BaseModel):
    next_cursor: str = ""


class _Page(BaseModel):
    rows: list[dict[str, Any]] = Field(validation_alias=AliasChoices("messages", "channels"))
    response_metadata: _Cursor | None = None

    @property
    def next_cursor(self) -> str:
        return self.response_metadata.next_cursor if self.response_metadata else ""
