"""Telling people in Slack, once."""

import asyncio
from collections.abc import Iterator
from typing import Any

from activities.definition import refuse_outdated, step_activity
from clients.slack.client import PERSON_ID, Posted, SlackClient
from clients.slack.limits import fitting_text
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.slack import Member, MemberQuery, Message

OFF = "Slack is not connected"


class SlackActivities:
    def __init__(self, client: SlackClient | None, settle_seconds: float = 3.0) -> None:
        self._client = client
        self._settle_seconds = settle_seconds

    @step_activity("slack.find_member")
    async def find_member(self, query: MemberQuery) -> Member | None:
        return await self._client.member(query.email) if self._client else None

    @step_activity("slack.post_message", looks_first=True)
    async def post_message(self, message: Message) -> Effect:
        """Post it unless a message with our key is there: Slack has no idempotency key of its own."""
        if self._client is None:
            return _effect(message, Action.SKIPPED, note=OFF)
        if message.mode is Mode.PREVIEW:
            there = await self._client.find(message)
            return _effect(message, Action.UNCHANGED if there else Action.WOULD_CREATE, there)
        if message.repeat and (found := await self._find(self._client, message)):
            return _effect(message, message.already(Action.CREATED), found)
        if message.only_find:
            return _effect(message, Action.SKIPPED, note=NOT_MADE_BEFORE)
        refuse_outdated("slack", message)
        return _effect(message, Action.CREATED, await self._client.post(message))

    async def _find(self, client: SlackClient, message: Message) -> Posted | None:
        """Slack's history may lag: give what an earlier try has sent the time to show up."""
        await asyncio.sleep(self._settle_seconds)
        return await client.find(message)


def _effect(
    message: Message, action: Action, posted: Posted | None = None, note: str | None = None
) -> Effect:
    after = _after(message, posted)
    return Effect(
        system="slack",
        object_type=_kind(message),
        object_id=posted.ts if posted else None,
        link=posted.link if posted else None,
        action=action,
        key=message.key,
        before=after if action is Action.UNCHANGED else None,
        after=after,
        note=note,
    )


def _kind(message: Message) -> str:
    if message.thread_ts:
        return "reply"
    return "direct message" if PERSON_ID.fullmatch(message.channel) else "message"


def _after(message: Message, posted: Posted | None) -> dict[str, str]:
    """What people read: the notification, and the words of the blocks without their JSON. What an earlier run
    has said in other words stands there as it said it."""
    if posted and posted.text not in ("", fitting_text(message.text)):
        return {"channel": message.channel, "text": posted.text}
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
