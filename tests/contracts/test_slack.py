"""Slack: the contract, and messages that are found again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from clients.errors import NotFound, Rejected
from clients.slack import Posted, SlackClient
from models.slack import Message
from settings import Slack
from simulators.control import Control
from simulators.shapes import SLACK_TOKEN
from tests.contracts.suite import WriteContract

CHANNEL, CHANNEL_ID = "#revenue-saves", "C0SAVES"
PERSON = "maya.okafor@mogulflow.example"


def client_of(url: str, token: str = SLACK_TOKEN, **options: Any) -> SlackClient:
    return SlackClient(Slack(bot_token=SecretStr(token), base_url=url), **options)


def message(text: str = "Hello", key: str = "0123:alert", **changes: Any) -> Message:
    start = datetime.now(UTC) - timedelta(seconds=5)
    content = {"channel": CHANNEL, "text": text, "key": key, "not_before": start}
    return Message.model_validate(content | changes)


class TestSlackContract(WriteContract):
    system = "slack"
    read_path = "/conversations.history"
    write_path = "/chat.postMessage"
    answer = {"ok": True, "messages": [{"ts": "1.1", "brand_new": 1}], "brand_new": {"deep": [1]}}
    wrong_answer = {"ok": True, "messages": "none"}

    def connect(self, control: Control, **options: Any) -> SlackClient:
        url = f"{options.pop('url', control.url)}/slack/api/"
        return client_of(url, options.pop("credential", SLACK_TOKEN), **options)

    async def warm_up(self, client: SlackClient) -> None:
        await client.identity()
        await client.check_channel(CHANNEL)

    async def read(self, client: SlackClient) -> object:
        return await client.find(message())

    async def read_nothing(self, client: SlackClient) -> object:
        return await client.find(message()) or await client.member("nobody@acme.example")

    async def read_pages(self, control: Control) -> tuple[int, int]:
        client = self.connect(control, page_size=2)
        keys = [f"{n}:alert" for n in range(5)]
        for key in keys:
            await client.post(message(key=key))
        found = [await client.find(message(key=key)) for key in keys]
        await client.aclose()
        return len(keys), len({posted.ts for posted in found if posted})

    async def write(self, client: SlackClient, text: str = "Hello") -> object:
        return await client.post(message(text))

    async def write_again(self, client: SlackClient) -> object:
        return await client.find(message()) or await client.post(message())

    async def write_nonsense(self, client: SlackClient) -> object:
        return await client.post(message(blocks=[{"type": "nonsense"}]))

    def written(self, control: Control) -> list[str]:
        return [row["text"] for row in control.messages(CHANNEL_ID)]


@pytest.fixture
async def slack(simulators: Control) -> AsyncIterator[SlackClient]:
    client = client_of(simulators.slack_url)
    yield client
    await client.aclose()


async def test_message_is_posted_with_key_text_and_blocks(simulators: Control, slack: SlackClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Acme &amp; Co"}}]
    posted = await slack.post(message(blocks=blocks))
    [row] = simulators.messages(CHANNEL_ID)
    assert posted == Posted(
        CHANNEL_ID,
        row["ts"],
        f"{simulators.url}/slack/archives/{CHANNEL_ID}/p{row['ts'].replace('.', '')}",
    )
    assert (row["text"], row["blocks"]) == ("Hello", blocks)
    assert row["metadata"] == {"event_type": "mogulflow", "event_payload": {"key": "0123:alert"}}


@pytest.mark.parametrize("channel", [CHANNEL, CHANNEL.removeprefix("#"), CHANNEL_ID])
async def test_message_is_found_by_its_key(slack: SlackClient, channel: str) -> None:
    posted = await slack.post(message(channel=channel))
    await slack.post(message(channel=channel, key="0123:other"))
    assert await slack.find(message(channel=channel)) == posted


async def test_reply_is_found_in_its_thread_only(slack: SlackClient) -> None:
    parent = await slack.post(message())
    reply = await slack.post(message(key="0123:reply", thread_ts=parent.ts))
    assert await slack.find(message(key="0123:reply")) is None
    assert await slack.find(message(key="0123:reply", thread_ts=parent.ts)) == reply
    assert reply.link.endswith(f"?thread_ts={parent.ts}&cid={CHANNEL_ID}")


async def test_earlier_messages_are_not_looked_through(slack: SlackClient) -> None:
    await slack.post(message())
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await slack.find(message(not_before=tomorrow)) is None
    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert await slack.find(message(not_before=soon)) is not None  # clocks may differ


async def test_channel_names_are_looked_up_once(simulators: Control, slack: SlackClient) -> None:
    await asyncio.gather(*(slack.find(message()) for _ in range(10)))
    calls = [call.path for call in simulators.calls("slack")]
    assert calls.count("/api/conversations.list") == 1


async def test_channel_that_is_not_there_is_named(slack: SlackClient) -> None:
    with pytest.raises(NotFound, match=r"channel #nowhere: .* Invite the bot"):
        await slack.find(message(channel="#nowhere"))
    with pytest.raises(NotFound, match="channel_not_found"):
        await slack.post(message(channel="#nowhere"))


async def test_channel_check_wants_the_bot_as_member(slack: SlackClient) -> None:
    assert await slack.check_channel(CHANNEL) == CHANNEL_ID
    with pytest.raises(Rejected, match="Invite the bot"):
        await slack.check_channel("#general")
    with pytest.raises(NotFound):
        await slack.check_channel("#board")


async def test_archived_channel_says_so(slack: SlackClient) -> None:
    with pytest.raises(Rejected, match="Unarchive"):
        await slack.post(message(channel="C0OLD"))


async def test_member_is_found_by_email_and_remembered(simulators: Control, slack: SlackClient) -> None:
    member = await slack.member(PERSON)
    assert member is not None
    assert member.name == "Maya Okafor"
    assert await slack.member(PERSON) == member
    assert await slack.member("nobody@acme.example") is None
    assert await slack.member("nobody@acme.example") is None
    assert len(simulators.calls("slack")) == 2


async def test_identity_is_asked_once(simulators: Control, slack: SlackClient) -> None:
    assert (await slack.identity())["team"] == "Demo Workspace"
    await slack.post(message())
    await slack.post(message())
    assert [call.path for call in simulators.calls("slack")].count("/api/auth.test") == 1


async def test_message_that_shows_late_is_found_later(simulators: Control, slack: SlackClient) -> None:
    simulators.slack(history_lag_seconds=3600)
    posted = await slack.post(message())
    assert await slack.find(message()) is None
    simulators.slack(history_lag_seconds=0)
    assert await slack.find(message()) == posted
