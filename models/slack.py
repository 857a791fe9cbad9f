"""Slack's objects as we use them."""

from typing import Any

from pydantic import AwareDatetime, Field

from models.base import Record
from models.effects import Write


class Member(Record):
    """A person in the workspace; `id` makes the mention `<@id>`."""

    id: str
    name: str = ""


class Person(Record):
    """Who somebody is who acts in Slack. `email` is None where Slack does not tell it, or where it is none
    that this workspace vouches for: of a guest, another organisation's member, a bot, or who has left."""

    id: str
    name: str = ""
    email: str | None = None
    why_none: str = ""


class MemberQuery(Record):
    email: str


class Message(Write):
    """A channel message, or a reply where `thread_ts` is set; where `channel` is a member's id, a direct
    message.

    Blocks are Block Kit JSON; `text` is the notification and what screen readers say.
    """

    channel: str
    text: str
    blocks: list[dict[str, Any]] = []
    thread_ts: str | None = None
    not_before: AwareDatetime = Field(description="No earlier message can carry our key: bounds the look-up")


class MessageUpdate(Write):
    """Other words for a message of ours. `channel` is its id, or the name that it was posted by."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]] = []
