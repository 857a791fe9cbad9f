"""The Slack workspace: people, channels and their messages."""

import re
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from simulators.kit.shapes import SlackRules
from simulators.salesforce.seed import DOMAIN, PEOPLE

Message = dict[str, Any]

TEAM_ID, BOT_USER, BOT_ID, APP_ID = "T0DEMO", "U0BOT", "B0BOT", "A0DEMO"
NO_SLACK = ("revops", "sam.whitfield", "tom.verhoeven")
"""Salesforce users without an account here: a team mailbox, one who never joined, one who has left."""


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    is_member: bool = True
    is_private: bool = False
    is_archived: bool = False
    user: str = ""
    """With whom it is, where it is for direct messages."""

    @property
    def kind(self) -> str:
        """As scopes name it."""
        return "im" if self.user else "groups" if self.is_private else "channels"

    def row(self) -> dict[str, Any]:
        if self.user:
            return {"id": self.id, "is_im": True, "user": self.user, "is_archived": False}
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": not self.is_private,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_member": self.is_member,
        }


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    name: str
    email: str
    more: dict[str, Any] = field(default_factory=dict, compare=False)
    """What a person's row has that others' have not: is_restricted, team_id …"""

    def row(self) -> dict[str, Any]:
        profile = {"real_name": self.name, "display_name": self.name, "email": self.email}
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "name": self.email.partition("@")[0],
            "real_name": self.name,
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_email_confirmed": True,
            "profile": profile,
        } | self.more


SCOPES = (
    "chat:write", "channels:read", "channels:history", "groups:read", "groups:history", "im:write",
    "im:history", "users:read", "users:read.email",
)  # fmt: skip
CHANNELS = (
    Channel("C0SAVES", "revenue-saves"),
    Channel("C0REVOPS", "revops"),
    Channel("C0ALERTS", "revops-alerts"),
    Channel("C0GENERAL", "general", is_member=False),
    Channel("C0OLD", "old-alerts", is_archived=True),
    Channel("G0BOARD", "board", is_member=False, is_private=True),
)


def _members() -> tuple[Member, ...]:
    return tuple(
        Member(f"U0{number:03}", f"{first} {last}", f"{mailbox}@{DOMAIN}")
        for number, (first, last, mailbox) in enumerate(PEOPLE, 1)
        if mailbox not in NO_SLACK
    )


@dataclass
class Workspace:
    url: str
    rules: SlackRules = field(default_factory=SlackRules)
    channels: list[Channel] = field(default_factory=lambda: list(CHANNELS))
    members: tuple[Member, ...] = field(default_factory=_members)
    _messages: dict[str, list[Message]] = field(
        default_factory=lambda: {channel.id: [] for channel in CHANNELS}
    )
    _last: int = 0
    _calls: dict[str, deque[float]] = field(default_factory=dict)

    def all_channels(self) -> list[Channel]:
        """The many that the bot is not in first, but for a tenth of them."""
        number = self.rules.more_channels
        many = [Channel(f"C1{n:06}", f"team-{n:06}", is_member=False) for n in range(number)]
        cut = number * 9 // 10
        return [*many[:cut], *self.channels, *many[cut:]]

    @property
    def scopes(self) -> list[str]:
        """Those of the app's token."""
        return [each for each in SCOPES if each not in self.rules.missing_scopes]

    def conversation_with(self, user: str) -> Channel | None:
        return next((each for each in self.channels if each.user == user), None)

    def open_conversation(self, user: str) -> Channel:
        """For direct messages."""
        opened = Channel(f"D0{user}", self.name_of(user), is_private=True, user=user)
        self.channels = [*self.channels, opened]
        self._messages[opened.id] = []
        return opened

    def rename(self, id: str, name: str) -> None:
        self.channels = [replace(c, name=name) if c.id == id else c for c in self.channels]

    def invite_bot(self, channel: str) -> Channel:
        """To that channel, by id or #name; made where it is not there."""
        name = channel.removeprefix("#")
        known = next((c for c in self.channels if name in (c.id, c.name)), None)
        if known is None:
            is_id = re.fullmatch(r"[CG][A-Z0-9]{4,}", name)
            known = Channel(name if is_id else f"C2{len(self.channels):06}", name.lower())
        joined = replace(known, is_member=True, is_archived=False)
        self.channels = list(({c.id: c for c in self.channels} | {joined.id: joined}).values())
        self._messages.setdefault(joined.id, [])
        return joined

    def join(self, email: str) -> Member:
        """Somebody has an account from now on; nothing where they have one."""
        email = email.casefold()
        if (known := self.member(email)) is not None:
            return known
        joined = Member(f"U1{len(self.members):03}", email.partition("@")[0], email)
        self.members = (*self.members, joined)
        return joined

    def alter(self, email: str, more: dict[str, Any]) -> None:
        """Somebody becomes a guest, leaves, belongs to another organisation."""
        self.members = tuple(
            replace(each, more=more) if each.email == email.casefold() else each for each in self.members
        )

    def say(self, channel: str, user: str, text: str) -> Message:
        """A person's own message."""
        message: Message = {"type": "message", "user": user, "team": TEAM_ID, "ts": self._next_ts()}
        self._messages[channel].append(message | {"text": text})
        return self._messages[channel][-1]

    def change(self, channel: str, message: Message, content: Message) -> Message:
        edited = {"edited": {"user": BOT_USER, "ts": self._next_ts()}}
        changed = message | content | edited
        self._messages[channel] = [changed if m is message else m for m in self._messages[channel]]
        return changed

    def delete(self, channel: str, ts: str) -> bool:
        """It is in no history any more, nor can its thread be answered."""
        kept = [m for m in self._messages[channel] if m["ts"] != ts]
        there = len(kept) < len(self._messages[channel])
        self._messages[channel] = kept
        return there

    def seconds_to_wait(self, method: str) -> int | None:
        """Where the method was called too often within the last minute; a refused call counts no more."""
        if (most := self.rules.per_minute.get(method)) is None:
            return None
        now, calls = time.monotonic(), self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= most:
            return max(1, round(calls[0] + 60 - now))
        calls.append(now)
        return None

    def channel(self, id: str) -> Channel | None:
        """By id; a private channel that the bot is not in does not exist for it."""
        return next((c for c in self.channels if c.id == id and (c.is_member or not c.is_private)), None)

    def channel_named(self, name: str) -> Channel | None:
        name = name.removeprefix("#")
        return next((self.channel(c.id) for c in self.channels if c.name == name), None)

    def member(self, email: str) -> Member | None:
        return next((m for m in self.members if m.email == email.casefold()), None)

    def name_of(self, user_id: str) -> str:
        return next((m.name for m in self.members if m.id == user_id), user_id)

    def messages(self, channel: str) -> list[Message]:
        """All of them, replies included, oldest first."""
        return self._messages[channel]

    def visible(self, channel: str) -> list[Message]:
        known = time.time() - self.rules.history_lag_seconds
        return [m for m in self._messages[channel] if float(m["ts"]) <= known]

    def post(self, channel: str, content: Message) -> Message:
        message: Message = {
            "type": "message",
            "user": BOT_USER,
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "team": TEAM_ID,
            "ts": self._next_ts(),
            **content,
        }
        self._messages[channel].append(message)
        return message

    def find(self, channel: str, ts: str) -> Message | None:
        return next((m for m in reversed(self._messages[channel]) if m["ts"] == ts), None)

    def replies(self, channel: str) -> dict[str, list[Message]]:
        """By the message that began the thread, oldest first; read once for a page of messages."""
        found: dict[str, list[Message]] = {}
        for message in self.visible(channel):
            if message.get("thread_ts") not in (None, message["ts"]):
                found.setdefault(message["thread_ts"], []).append(message)
        return found

    def permalink(self, channel: str, message: Message) -> str:
        link = f"{self.url}/slack/archives/{channel}/p{message['ts'].replace('.', '')}"
        parent = message.get("thread_ts")
        return f"{link}?thread_ts={parent}&cid={channel}" if parent else link

    def _next_ts(self) -> str:
        """Seconds and microseconds, never the same twice."""
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06}"
