"""Slack: the contract, and messages that are found again."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from pydantic import SecretStr

from clients.kit.errors import NotFound, OutcomeUnknown, RateLimited, Rejected, Unauthorized, Unavailable
from clients.slack.client import Posted, SlackClient
from clients.slack.doctor import approval_findings, slack_findings
from clients.slack.settings import Slack
from models.findings import State
from models.routes import Route, Routes
from models.slack import Message
from models.templates.template import Names, RouteOptions
from simulators.kit.control import Control
from simulators.kit.shapes import SLACK_TOKEN
from tests.contracts.suite import WriteContract

UNKNOWN = {"ok": False, "error": "unknown_method"}
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
        "Hello",
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
    assert calls.count("/api/users.conversations") == 1
    assert "/api/conversations.list" not in calls


async def test_channel_of_thousands_is_found_by_one_call_after_a_lost_answer(
    simulators: Control, slack: SlackClient
) -> None:
    """The bot's own are asked for: conversations.list would be 60 pages, at 20 a minute."""
    simulators.slack(more_channels=6000, per_minute={"conversations.list": 20})
    simulators.fault("slack", "drop_after", path="chat.postMessage")
    patient = client_of(simulators.slack_url, page_size=100)
    with pytest.raises(OutcomeUnknown):
        await patient.post(message())
    assert await patient.find(message())
    calls = [call.path for call in simulators.calls("slack")]
    assert calls.count("/api/users.conversations") == 1
    await patient.aclose()


@pytest.mark.parametrize("list_method", ["users.conversations", "conversations.list"])
async def test_a_list_of_channels_that_was_cut_short_goes_on_where_it_stopped(
    simulators: Control, list_method: str
) -> None:
    client = client_of(simulators.slack_url, page_size=2)
    simulators.slack(more_channels=40)
    if list_method == "conversations.list":
        simulators.fault("slack", "status", status=200, path="users.conv", times=None, body=UNKNOWN)
    simulators.fault("slack", "status", path=list_method, skip=1, retry_after=1)
    with pytest.raises(RateLimited):
        await client.find(message(channel="#revops-alerts"))
    assert await client.find(message(channel="#revops-alerts")) is None
    asked = [call for call in simulators.calls("slack") if list_method in call.path]
    bodies = len(asked) - 1  # the refused one
    assert bodies == (2 if list_method == "users.conversations" else 22)
    await client.aclose()


async def test_a_look_through_a_long_history_goes_on_where_it_was_cut_short(simulators: Control) -> None:
    client = client_of(simulators.slack_url, page_size=2)
    for number in range(9):
        await client.post(message(key=f"{number}:alert"))
    simulators.fault("slack", "status", path="conversations.history", skip=2, retry_after=1)
    with pytest.raises(RateLimited):
        await client.find(message(key="0:alert"))
    assert await client.find(message(key="0:alert"))
    looked = [call for call in simulators.calls("slack") if "history" in call.path]
    assert len(looked) == 5 + 1
    await client.aclose()


async def test_a_history_without_end_is_left_to_a_person(
    simulators: Control, slack: SlackClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clients.slack.client.MOST_PAGES", 3)
    client = client_of(simulators.slack_url, page_size=2)
    for number in range(9):
        await client.post(message(key=f"{number}:alert"))
    with pytest.raises(Rejected, match="Look in Slack whether the message is there"):
        await client.find(message(key="0:alert"))
    await client.aclose()


async def test_a_channel_that_was_renamed_is_looked_up_anew(simulators: Control, slack: SlackClient) -> None:
    await slack.post(message())
    simulators.rename_channel(CHANNEL_ID, "saves")
    with pytest.raises(NotFound, match="channel_not_found"):
        await slack.post(message(key="later"))
    with pytest.raises(NotFound, match="in no channel of this name"):
        await slack.find(message(key="later"))
    assert (await slack.post(message(channel="#saves", key="later"))).channel == CHANNEL_ID


async def test_ids_are_used_as_they_are(simulators: Control, slack: SlackClient) -> None:
    await slack.post(message(channel=CHANNEL_ID))
    assert await slack.find(message(channel=CHANNEL_ID))
    calls = {call.path for call in simulators.calls("slack")}
    assert not calls & {"/api/users.conversations", "/api/conversations.list"}


async def test_a_deleted_message_is_not_found_nor_answered(simulators: Control, slack: SlackClient) -> None:
    posted = await slack.post(message())
    simulators.delete_message(CHANNEL_ID, posted.ts)
    assert await slack.find(message()) is None
    with pytest.raises(NotFound, match="was deleted"):
        await slack.post(message(key="verdict", thread_ts=posted.ts))


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


@pytest.mark.parametrize(
    ("blocks", "shown"),
    [
        ([header("x" * 400)], "…"),
        ([header("Sumac\tand\x00\nSons")], "Sumac and Sons"),
        ([section("y" * 9000)], "…"),
        ([section("z" * 2995 + " <https://example.com|link>")], "z …"),
        ([section(f"row {n}") for n in range(80)], "31 more parts were left out"),
        ([section("w" * 3000) for _ in range(30)], "…"),
        ([section("é" * 2900)] * 50, "…"),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "f" * 5000}]}], "…"),
        ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "e" * 5000}]}], "…"),
    ],
)
async def test_what_is_too_long_is_cut_with_a_mark(
    simulators: Control, slack: SlackClient, blocks: list[dict[str, Any]], shown: str
) -> None:
    await slack.post(message("n" * 60_000, blocks=blocks))
    [posted] = simulators.messages()
    assert posted["text"].endswith("…")
    assert shown in json.dumps(posted["blocks"], ensure_ascii=False)


async def test_what_is_not_too_long_stays_as_it_is(simulators: Control, slack: SlackClient) -> None:
    blocks = [header("x" * 150), section("y\n" * 1500)]
    await slack.post(message("n" * 40_000, blocks=blocks))
    [posted] = simulators.messages()
    assert (posted["text"], posted["blocks"]) == ("n" * 40_000, blocks)


async def test_people_are_told_what_happens_to_a_message_of_unknown_fate(
    simulators: Control, slack: SlackClient
) -> None:
    simulators.fault("slack", "drop_after", path="chat.postMessage")
    with pytest.raises(OutcomeUnknown) as caught:
        await slack.post(message())
    assert str(caught.value).startswith(
        "Slack did not answer whether the message was posted; it is looked for before it is sent again"
    )


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


async def test_direct_message_is_posted_and_found_again(simulators: Control, slack: SlackClient) -> None:
    member = await slack.member(PERSON)
    assert member
    to_maya = message(channel=member.id)
    assert await slack.find(to_maya) is None
    assert simulators.ask("GET", "slack/conversations") == []  # looking opens none
    posted = await slack.post(to_maya)
    assert await slack.find(to_maya) == posted
    [conversation] = simulators.ask("GET", "slack/conversations")
    assert (conversation["user"], conversation["id"]) == (member.id, posted.channel)
    [row] = simulators.messages(posted.channel)
    assert row["metadata"]["event_payload"] == {"key": "0123:alert"}


async def test_direct_message_whose_answer_was_lost_is_found(simulators: Control, slack: SlackClient) -> None:
    to_maya = message(channel="U0002")
    simulators.fault("slack", "drop_after", path="chat.postMessage")
    with pytest.raises(OutcomeUnknown):
        await slack.post(to_maya)
    anew = client_of(simulators.slack_url)  # another process
    assert await anew.find(to_maya)
    await anew.aclose()


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (None, Unauthorized, "im:write.*Add the scope"),
        ({"ok": False, "error": "user_not_found"}, NotFound, "user_not_found"),
        ({"ok": False, "error": "messages_tab_disabled"}, Rejected, "turn the Messages Tab on"),
        ({"ok": True}, Unavailable, "names no conversation"),
    ],
)
async def test_direct_message_that_is_refused_says_why(
    simulators: Control, slack: SlackClient, answer: Any, kind: type[Exception], said: str
) -> None:
    if answer is None:
        simulators.slack(missing_scopes=["im:write"])
    else:
        simulators.fault("slack", "status", status=200, path="conversations.open", body=answer)
    with pytest.raises(kind, match=said):
        await slack.post(message(channel="U0002"))


class Told(RouteOptions):
    tell: Annotated[str, Names.SLACK_TELL] = "channel"


@pytest.mark.parametrize(
    ("tell", "missing", "state"),
    [
        ("person", ["im:write"], State.FAULT),
        ("channel", ["im:write", "im:history"], None),
        ("channel", ["groups:read"], State.WARNING),
        ("channel", ["channels:history", "groups:read"], State.FAULT),
        ("both", [], None),
    ],
)
async def test_doctor_names_scopes_that_the_routes_need(
    simulators: Control, tell: str, missing: list[str], state: State | None
) -> None:
    simulators.slack(missing_scopes=missing)
    make: Any = Route.model_construct
    settings = Slack(bot_token=SecretStr(SLACK_TOKEN), base_url=simulators.slack_url)
    found = [
        each
        async for each in slack_findings(
            settings, Routes.model_construct(routes=[make(options=Told(tell=tell))])
        )
    ]
    scopes = [(each.state, each.detail) for each in found if each.what == "Slack scopes"]
    assert scopes == ([(state, f"missing: {', '.join(missing)}")] if state else [])


@pytest.mark.parametrize(
    ("given", "missing", "state", "said"),
    [
        ({}, [], State.FAULT, "clicks reach nobody"),
        ({"signing_secrets": "s"}, [], State.OK, "by the request URL, signed"),
        ({"app_token": "xapp-1"}, [], State.OK, "by Socket Mode"),
        ({"app_token": "xapp-1"}, ["users:read.email"], State.FAULT, "without users:read.email"),
    ],
)
async def test_doctor_says_whether_decisions_by_buttons_reach_us(
    simulators: Control, given: dict[str, Any], missing: list[str], state: State, said: str
) -> None:
    simulators.slack(missing_scopes=missing)
    settings = Slack.model_validate({"bot_token": SLACK_TOKEN, "base_url": simulators.slack_url} | given)

    findings = [each async for each in approval_findings(settings, CHANNEL) if each.what == "Slack buttons"]
    assert any(each.state is state and said in each.detail for each in findings)


async def test_a_person_is_known_by_the_workspace(simulators: Control, slack: SlackClient) -> None:
    assert (await slack.person("U0002")).email == PERSON
    assert (await slack.person("U0NOBODY")).why_none == "Slack knows nobody of that id"


@pytest.mark.parametrize("url", ["https://hooks.slack.com.evil.example/x", "http://127.0.0.1:9/x", "", "x"])
async def test_a_click_is_answered_at_slack_alone(slack: SlackClient, url: str) -> None:
    with pytest.raises(Rejected, match="not Slack's"):
        await slack.respond(url, "no")


async def test_an_answer_that_comes_too_late_is_an_error(simulators: Control, slack: SlackClient) -> None:
    with pytest.raises(OutcomeUnknown):
        await slack.respond(f"{simulators.url}/slack/actions/T0DEMO/none", "late")


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
