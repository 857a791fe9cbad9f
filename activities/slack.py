"""Telling people in Slack, once."""

from collections.abc import Iterator
from typing import Any

from activities.definition import step_activity
from clients.slack import Posted, SlackClient
from models.effects import Action, Effect, Mode
from models.slack import Member, MemberQuery, Message

OFF = "Slack is not connected"


class SlackActivities:
    def __init__(self, client: SlackClient | None) -> None:
        self._client = client

    @step_activity("slack.find_member")
    async def find_member(self, query: MemberQuery) -> Member | None:
        return await self._client.member(query.email) if self._client else None

    @step_activity("slack.post_message", looks_first=True)
    async def post_message(self, message: Message) -> Effect:
        """Post it unless a message with our key is there: Slack has no idempotency key of its own."""
        if self._client is None:
            return _effect(message, Action.SKIPPED, note=OFF)
        if message.mode is Mode.PREVIEW:
            return _effect(message, Action.WOULD_CREATE)
        if message.repeat and (found := await self._client.find(message)):
            return _effect(message, message.already(Action.CREATED), found)
        return _effect(message, Action.CREATED, await self._client.post(message))


def _effect(
    message: Message, action: Action, posted: Posted | None = None, note: str | None = None
) -> Effect:
    return Effect(
        system="slack",
        object_type="reply" if message.thread_ts else "message",
        object_id=posted.ts if posted else None,
        link=posted.link if posted else None,
        action=action,
        key=message.key,
        after=_after(message),
        note=note,
    )


def _after(message: Message) -> dict[str, str]:
    """What people read: the notification, and the words of the blocks without their JSON."""
    words = {"body": "\n".join(_words(message.blocks))} if message.blocks else {}
    return {"channel": message.channel, "text": message.text} | words


def _words(block: Any) -> Iterator[str]:
    if isinstance(block, str):
        yield block
    elif isinstance(block, list):
        for each in block:
            yield from _words(each)
    elif isinstance(block, dict):
        for name in ("text", "fields", "elements"):
            yield from _words(block.get(name))
