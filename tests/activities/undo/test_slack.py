"""What was told in Slack is struck through, and answered in its thread."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError

from activities.slack import HOLDS_AGAIN, NOT_KEPT, OFF, TAKEN_BACK, SlackActivities
from clients.slack.client import SlackClient
from clients.slack.settings import Slack
from models.effects import Action, Effect, Mode
from models.slack import Message, MessageUpdate
from models.undo import UndoState
from simulators.kit.control import Control
from simulators.kit.shapes import SLACK_TOKEN
from tests.activities.undo.running import UNDO_KEY, preview, run, undo, undo_once

CHANNEL, CHANNEL_ID = "#revenue-saves", "C0SAVES"
BLOCKS: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": "R&D left"}},
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "*MRR*\n$49"}]},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "open_0", "text": {"type": "plain_text", "text": "Open"},
             "url": "https://acme.example"},
            {"type": "button", "action_id": "change_approve", "text": {"type": "plain_text", "text": "Yes"}},
        ],
    },
]  # fmt: skip


@pytest.fixture
async def client(simulators: Control) -> AsyncIterator[SlackClient]:
    client = SlackClient(Slack(bot_token=SecretStr(SLACK_TOKEN), base_url=simulators.slack_url))
    yield client
    await client.aclose()


@pytest.fixture
def slack(client: SlackClient) -> SlackActivities:
    return SlackActivities(client, settle_seconds=0)


async def told(slack: SlackActivities, text: str = "Acme left\nfor good ~ bye", **more: Any) -> Effect:
    start = datetime.now(UTC) - timedelta(seconds=5)
    given = {"key": "k:alert", "channel": CHANNEL, "text": text, "not_before": start}
    effect = await run(slack.post_message, Message.model_validate(given | more))
    assert isinstance(effect, Effect)
    return effect


def said(simulators: Control, channel: str = CHANNEL_ID) -> list[str]:
    return [row["text"] for row in simulators.messages(channel)]


async def test_a_message_is_struck_and_answered(simulators: Control, slack: SlackActivities) -> None:
    effect = await told(slack)
    done = await undo(slack, effect)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    [message, reply] = simulators.messages(CHANNEL_ID)
    assert message["text"] == "~Acme left~\n~for good ∼ bye~"
    assert (reply["text"], reply["thread_ts"]) == (TAKEN_BACK, message["ts"])
    assert message["metadata"]["event_payload"] == {"key": "k:alert"}
    again = await undo(slack, effect)
    assert (again.state, again.effect.action) == (UndoState.UNDONE, Action.UNCHANGED)
    assert len(simulators.messages(CHANNEL_ID)) == 2


async def test_its_blocks_are_struck_and_its_other_buttons_taken_away(
    simulators: Control, slack: SlackActivities
) -> None:
    effect = await told(slack, blocks=BLOCKS)
    first = await undo(slack, effect)
    header, section, actions = simulators.messages(CHANNEL_ID)[0]["blocks"]
    assert header["text"] == {"type": "mrkdwn", "text": "~*R&amp;D left*~"}
    assert section["fields"][0]["text"] == "~*MRR*~\n~$49~"
    assert [each["action_id"] for each in actions["elements"]] == ["open_0"]
    await undo(slack, first.effect)
    header, section, _ = simulators.messages(CHANNEL_ID)[0]["blocks"]
    assert (header, section) == (BLOCKS[0], BLOCKS[1])


async def test_an_undo_can_be_undone_and_that_too(simulators: Control, slack: SlackActivities) -> None:
    first = await undo(slack, await told(slack))
    second = await undo(slack, first.effect)
    assert second.state is UndoState.UNDONE
    assert said(simulators) == ["Acme left\nfor good ~ bye", TAKEN_BACK, HOLDS_AGAIN]
    third = await undo(slack, second.effect)
    assert third.state is UndoState.UNDONE
    assert said(simulators)[0].startswith("~Acme left~")


async def test_a_reply_is_struck_in_its_thread(simulators: Control, slack: SlackActivities) -> None:
    parent = await told(slack, "Acme left")
    effect = await told(slack, "They are back", key="k:reply", thread_ts=parent.object_id)
    await undo(slack, effect)
    assert said(simulators) == ["Acme left", "~They are back~", TAKEN_BACK]
    assert {row["thread_ts"] for row in simulators.messages(CHANNEL_ID)[1:]} == {parent.object_id}


async def test_a_direct_message_is_struck(simulators: Control, slack: SlackActivities) -> None:
    effect = await told(slack, "Yours left", channel="U0002")
    assert effect.object_type == "direct message"
    assert (await undo(slack, effect)).state is UndoState.UNDONE
    assert said(simulators, "D0U0002") == ["~Yours left~", TAKEN_BACK]


async def test_what_slack_writes_in_its_own_way_is_still_ours(
    simulators: Control, slack: SlackActivities, client: SlackClient
) -> None:
    effect = await told(slack, "🚨 Acme left https://acme.example")
    update = MessageUpdate(
        key="k:u",
        channel=CHANNEL,
        ts=effect.object_id or "",
        text=":rotating_light: Acme left <https://acme.example>",
    )
    await run(slack.update_message, update)
    assert (await undo(slack, effect)).state is UndoState.UNDONE


async def test_a_message_that_says_something_else_by_now_stays(
    simulators: Control, slack: SlackActivities
) -> None:
    effect = await told(slack)
    update = MessageUpdate(key="k:u", channel=CHANNEL, ts=effect.object_id or "", text="Acme is back")
    changed = await run(slack.update_message, update)
    done = await undo(slack, effect)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["text"])
    kept = await undo(slack, changed)
    assert (kept.state, kept.note) == (UndoState.NOT_POSSIBLE, NOT_KEPT)
    assert said(simulators) == ["Acme is back"]


@pytest.mark.parametrize("thread", [False, True])
async def test_a_message_that_was_deleted_is_gone(
    simulators: Control, slack: SlackActivities, thread: bool
) -> None:
    effect = parent = await told(slack)
    if thread:
        effect = await told(slack, "More", key="k:reply", thread_ts=parent.object_id)
    simulators.delete_message(CHANNEL_ID, parent.object_id or "")
    if thread:
        simulators.delete_message(CHANNEL_ID, effect.object_id or "")
    assert (await undo(slack, effect)).state is UndoState.GONE


async def test_where_nobody_can_change_it_any_more_the_reply_alone_says_it(
    simulators: Control, slack: SlackActivities
) -> None:
    effect = await told(slack)
    simulators.slack(edit_window_closed=True)
    done = await undo_once(slack, effect)
    assert (done.state, done.effect.action) == (UndoState.NOT_POSSIBLE, Action.UPDATED)
    assert "edit_window_closed" in done.note
    assert said(simulators)[1:] == [TAKEN_BACK]
    assert (await undo(slack, done.effect)).note == NOT_KEPT


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("method", ["chat.update", "chat.postMessage"])
async def test_a_lost_answer_is_made_good(
    simulators: Control, slack: SlackActivities, method: str, fault: Any
) -> None:
    effect = await told(slack, blocks=BLOCKS)
    planned = await preview(slack, effect)
    simulators.fault("slack", fault, path=method)
    with pytest.raises(ApplicationError):
        await undo_once(slack, effect)
    done = await undo_once(slack, effect, repeat=True)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    assert (done.effect.before, done.effect.after) == (planned.effect.before, planned.effect.after)
    [message, reply] = simulators.messages(CHANNEL_ID)
    assert message["text"].startswith("~Acme left~")
    assert reply["metadata"]["event_payload"] == {"key": f"{UNDO_KEY}:reply"}


async def test_without_a_place_or_a_connection_nothing_can_be_taken_back(slack: SlackActivities) -> None:
    effect = await told(slack)
    off = await undo(SlackActivities(None), effect)
    assert (off.state, off.note) == (UndoState.NOT_POSSIBLE, OFF)
    nowhere = await undo(slack, effect.model_copy(update={"link": None}))
    assert nowhere.state is UndoState.NOT_POSSIBLE


@pytest.mark.parametrize("channel", [CHANNEL, CHANNEL_ID])
async def test_a_message_gets_other_words(simulators: Control, slack: SlackActivities, channel: str) -> None:
    effect = await told(slack, blocks=BLOCKS)
    update = MessageUpdate(key="k:u", channel=channel, ts=effect.object_id or "", text="Decided")
    planned = await run(slack.update_message, update.model_copy(update={"mode": Mode.PREVIEW}))
    simulators.fault("slack", "drop_after", path="chat.update")
    with pytest.raises(ApplicationError):
        await run(slack.update_message, update)
    done = await run(slack.update_message, update.model_copy(update={"repeat": True}))
    [message] = simulators.messages(CHANNEL_ID)
    assert (message["text"], message["blocks"]) == ("Decided", [])
    assert (done.action, done.object_id, done.link) == (Action.UPDATED, message["ts"], effect.link)
    assert planned.before == {"channel": channel, "text": effect.after["text"]}
    assert planned.after == done.after


@pytest.mark.parametrize(
    ("changes", "match"), [({"ts": "1.1"}, "message_not_found"), ({"channel": "#none"}, "no channel")]
)
async def test_what_cannot_be_changed_is_an_error(
    slack: SlackActivities, changes: dict[str, str], match: str
) -> None:
    effect = await told(slack)
    update = MessageUpdate(key="k:u", channel=CHANNEL, ts=effect.object_id or "", text="Decided")
    with pytest.raises(ApplicationError, match=match):
        await run(slack.update_message, update.model_copy(update=changes))


async def test_a_persons_message_is_not_ours_to_change(simulators: Control, slack: SlackActivities) -> None:
    row = simulators.say(CHANNEL_ID, "U0002", "Mine")
    update = MessageUpdate(key="k:u", channel=CHANNEL, ts=row["ts"], text="Decided")
    with pytest.raises(ApplicationError, match="cant_update_message"):
        await run(slack.update_message, update)


async def test_where_slack_is_off_a_change_is_skipped() -> None:
    update = MessageUpdate(key="k:u", channel=CHANNEL, ts="1.1", text="Decided")
    assert (await run(SlackActivities(None).update_message, update)).action is Action.SKIPPED
