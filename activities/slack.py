"""Telling people in Slack, once; and saying that what was told is taken back."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from activities.definition import refuse_outdated, step_activity
from activities.undoing import changed_since, gone, not_possible, undone
from clients.kit.errors import NotFound, Permanent
from clients.slack.client import PERSON_ID, Place, Posted, SlackClient, place_in
from clients.slack.limits import fitting_text
from clients.slack.striking import blocks_not_struck, is_struck, not_struck, struck, struck_blocks
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.slack import Member, MemberQuery, Message, MessageUpdate
from models.undo import Undoing, Undone, UndoState
from models.wording import unescaped

OFF = "Slack is not connected"
TAKEN_BACK = "This was taken back: the run that wrote it was undone."
HOLDS_AGAIN = "This holds again: that it was taken back was undone."
UNCHANGEABLE = ("edit_window_closed", "cant_update_message")
"""Codes of a message that nobody can change any more; it can still be answered."""

NOT_KEPT = "what it said before was not kept"

_EMOJI = re.compile(r":[a-z0-9_+-]+:")


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

    @step_activity("slack.update_message")
    async def update_message(self, update: MessageUpdate) -> Effect:
        """Other words in the place of those of a message of ours. Done twice it is done once."""
        if self._client is None:
            return _updated(update, Action.SKIPPED, note=OFF)
        channel = await self._client.conversation(update.channel)
        if channel is None:
            raise NotFound("slack", f"Could not change message {update.ts}: there is no such conversation.")
        place = Place(channel, update.ts)
        row = await self._client.read(place)
        found = str(row.get("text") or "") if row else None  # a reply is in no channel's history
        if update.mode is Mode.PREVIEW:
            return _updated(update, Action.WOULD_UPDATE, found, await self._client.link(place))
        refuse_outdated("slack", update)
        link = await self._client.update(place, update.text, update.blocks)
        return _updated(update, Action.UPDATED, found, link)

    @step_activity("slack.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        """Strike a message through, and say in its thread that it is taken back; of such an undo the
        reverse."""
        client, effect = self._client, undoing.effect
        place = place_in(effect.link)
        if client is None or place is None:
            return not_possible(undoing, OFF if client is None else "the effect does not say where it stands")
        if "text" not in effect.after or (effect.before is not None and "reply" not in effect.after):
            return not_possible(undoing, NOT_KEPT)
        row = await client.read(place)
        if row is None:
            return gone(undoing)
        if _said(str(row.get("text") or "")) != _said(effect.after["text"]):
            return changed_since(undoing, ["text"])
        return await self._turn(client, undoing, place, row)

    async def _turn(self, client: SlackClient, undoing: Undoing, place: Place, row: dict[str, Any]) -> Undone:
        """Strike it, or take that back."""
        before, after = _sides(undoing.effect)
        is_done = is_struck(str(row.get("text") or "")) is is_struck(after["text"])
        action = undoing.already(Action.UPDATED) if is_done else Action.UPDATED
        if action is Action.UNCHANGED:
            as_it_is = {name: after[name] for name in ("channel", "text")}
            return undone(undoing, action, as_it_is, as_it_is)
        if undoing.mode is Mode.PREVIEW:
            return undone(undoing, Action.WOULD_UPDATE, before, after)
        refuse_outdated("slack", undoing)
        why_not = "" if is_done else await _change(client, place, row, after["text"])
        if why_not is None:
            return gone(undoing)
        await self._reply(client, undoing, place, after["reply"])
        if not why_not:
            return undone(undoing, action, before, after)
        sides = {"channel": after["channel"]}
        said = f"The reply alone says it. {why_not}"
        return undone(
            undoing,
            Action.UPDATED,
            sides,
            {**sides, "reply": after["reply"]},
            note=said,
            state=UndoState.NOT_POSSIBLE,
        )

    async def _reply(self, client: SlackClient, undoing: Undoing, place: Place, text: str) -> None:
        reply = Message(
            key=f"{undoing.key}:reply",
            channel=place.channel,
            text=text,
            thread_ts=place.thread_ts or place.ts,
            not_before=datetime.fromtimestamp(float(place.ts), UTC),
        )
        if not (undoing.repeat and await self._find(client, reply)):
            await client.post(reply)

    async def _find(self, client: SlackClient, message: Message) -> Posted | None:
        """Slack's history may lag: give what an earlier try has sent the time to show up."""
        await asyncio.sleep(self._settle_seconds)
        return await client.find(message)


def _sides(effect: Effect) -> tuple[dict[str, str], dict[str, str]]:
    """Of its undo. What was struck by one is not struck by the next."""
    text, channel = str(effect.after["text"]), effect.after.get("channel", "")
    strikes = not is_struck(text)
    other, reply = (struck(text), TAKEN_BACK) if strikes else (not_struck(text), HOLDS_AGAIN)
    return {"channel": channel, "text": text}, {"channel": channel, "text": other, "reply": reply}


async def _change(client: SlackClient, place: Place, row: dict[str, Any], text: str) -> str | None:
    """Empty where it was done; why it cannot be; None where the message is gone."""
    blocks = row.get("blocks") or []
    made = struck_blocks(blocks) if is_struck(text) else blocks_not_struck(blocks)
    try:
        await client.update(place, text, made)
    except NotFound as error:
        if error.code != "message_not_found":
            raise
        return None
    except Permanent as error:
        if error.code not in UNCHANGEABLE:
            raise
        return str(error)
    return ""


def _said(text: str) -> str:
    """The letters of it. Slack gives links, emoji and spaces back in its own way."""
    return "".join(each for each in _EMOJI.sub("", unescaped(text)) if each.isalnum())


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


def _updated(
    update: MessageUpdate,
    action: Action,
    found: str | None = None,
    link: str | None = None,
    note: str | None = None,
) -> Effect:
    return Effect(
        system="slack",
        object_type="message",
        object_id=update.ts,
        link=link,
        action=action,
        key=update.key,
        before={"channel": update.channel} | ({} if found is None else {"text": found}),
        after={"channel": update.channel, "text": update.text},
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
