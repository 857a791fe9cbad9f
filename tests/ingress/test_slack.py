"""Clicks on Slack's buttons, by the request URL and by Socket Mode: who may decides, others are told why not,
and what is not Slack's does nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from temporalio.client import Client

from clients.slack.settings import Slack
from dispatch.deliveries import MAX_BODY
from ingress.slack.route import PATH
from ingress.slack.signature import is_signed
from ingress.slack.socket_mode import connected
from models.agents import Agents, Approvers
from models.changes import APPROVE, REFUSE
from settings import Settings
from simulators.kit.control import Control
from simulators.kit.shapes import SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, SLACK_TOKEN, Clicked, Told
from simulators.slack.clicks import signed
from tests.contracts.scripted import Reply, ScriptedServer
from tests.ingress.conftest import ingress_for
from tests.waiting import until, until_equal

NEXT_SECRET = "the-one-after-the-rotation"
MAYA, RAVI = "maya.okafor@mogulflow.example", "ravi.menon@mogulflow.example"
CHANNEL_ID = "C0SAVES"
ABOUT = {"workflow": "change/change_tags/0123", "run": "r1", "plan": "p1"}
NO_CHANGE = f"There is no change {ABOUT['workflow']}."


def agents() -> Agents:
    return Agents(approvers=Approvers(emails=["Maya.Okafor@mogulflow.example"]))


def with_secrets(settings: Settings, *secrets: str) -> Slack:
    assert settings.slack
    return settings.slack.model_copy(update={"signing_secrets": [SecretStr(each) for each in secrets]})


@pytest.fixture(scope="module")
async def clicked(unserved: Client, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    slack = with_secrets(settings, SLACK_SIGNING_SECRET, NEXT_SECRET)
    async with ingress_for(unserved, settings, agents=agents, slack=slack) as http:
        yield http


@pytest.fixture
def slack(simulators: Control, clicked: httpx.AsyncClient) -> Control:
    simulators.interactivity(f"{clicked.base_url}{PATH}")
    return simulators


def buttons(value: str) -> list[dict[str, Any]]:
    def button(action_id: str, **more: str) -> dict[str, Any]:
        return {
            "type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": action_id}
        } | more  # fmt: skip

    elements = [
        button(APPROVE, value=value),
        button(REFUSE, value=value),
        button("open_0", url="https://a.b"),
    ]
    return [{"type": "actions", "elements": elements}]


def asked(simulators: Control, value: str = json.dumps(ABOUT)) -> str:
    """The message's ts."""
    body = {"channel": CHANNEL_ID, "text": "May it?", "blocks": buttons(value)}
    headers = {"Authorization": f"Bearer {SLACK_TOKEN}"}
    answer = httpx.post(
        f"{simulators.slack_url}chat.postMessage", json=body, headers=headers, trust_env=False
    )
    return str(answer.json()["ts"])


async def click(
    simulators: Control, user: str = MAYA, action_id: str = APPROVE, times: int = 1, **more: str
) -> list[Clicked]:
    """In a thread: the simulators ask this process before they answer."""
    ts = asked(simulators, **more)
    return await asyncio.to_thread(simulators.click, CHANNEL_ID, ts, action_id, user, times)


async def answers(simulators: Control, number: int = 1) -> list[str]:
    """Which only who clicked sees."""

    def told() -> list[Told] | None:
        found = simulators.told()
        return found if len(found) >= number else None

    return [each.text for each in await until(told)]


def body_of(payload: Any) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


BODY = body_of({"type": "block_actions", "user": {"id": "U0002"}, "actions": [{"action_id": "open_0"}]})


def headers_of(
    body: bytes = BODY, secret: str = SLACK_SIGNING_SECRET, at: int | None = None
) -> dict[str, Any]:
    return signed(body, secret, int(time.time()) if at is None else at)


def signed_by_hand(timestamp: bytes | str) -> dict[str, Any]:
    return headers_of() | {"X-Slack-Request-Timestamp": timestamp}


def old(seconds: int) -> dict[str, Any]:
    return headers_of(at=int(time.time()) - seconds)


NOT_SLACKS: list[tuple[str, Any, bytes]] = [
    ("nothing", dict, BODY),
    ("no signature", lambda: {"X-Slack-Request-Timestamp": str(int(time.time()))}, BODY),
    ("no timestamp", lambda: {"X-Slack-Signature": headers_of()["X-Slack-Signature"]}, BODY),
    ("another secret", lambda: headers_of(secret="another"), BODY),
    ("another body", headers_of, BODY + b"&x=1"),
    ("six minutes old", lambda: old(360), BODY),
    ("six minutes ahead", lambda: old(-360), BODY),
    ("no number", lambda: signed_by_hand("yesterday"), BODY),
    ("an empty timestamp", lambda: signed_by_hand(""), BODY),
    ("no finite number", lambda: signed_by_hand("nan"), BODY),
    ("a number too large", lambda: signed_by_hand("9" * 400), BODY),
    ("a number far too long", lambda: signed_by_hand("9" * 5_000), BODY),
    ("no UTF-8", lambda: headers_of(b"payload=\xff\xfe"), b"payload=\xff\xfe"),
    ("a signature of other letters", lambda: headers_of() | {"X-Slack-Signature": "v0=é".encode()}, BODY),
    ("an empty signature", lambda: headers_of() | {"X-Slack-Signature": ""}, BODY),
    ("version 1", lambda: headers_of() | {"X-Slack-Signature": "v1=00"}, BODY),
]


@pytest.mark.parametrize(
    ("headers", "body"), [each[1:] for each in NOT_SLACKS], ids=[n for n, *_ in NOT_SLACKS]
)
async def test_what_is_not_signed_by_slack_is_401(
    slack: Control, clicked: httpx.AsyncClient, headers: Any, body: bytes
) -> None:
    answer = await clicked.post(PATH, content=body, headers=headers())
    assert answer.status_code == 401
    assert "users.info" not in str(slack.calls("slack"))


@pytest.mark.parametrize("secret", [SLACK_SIGNING_SECRET, NEXT_SECRET])
async def test_each_secret_that_is_valid_at_once_is_taken(clicked: httpx.AsyncClient, secret: str) -> None:
    answer = await clicked.post(PATH, content=BODY, headers=headers_of(secret=secret))
    assert (answer.status_code, answer.content) == (200, b"")


def test_an_empty_secret_proves_nothing() -> None:
    assert not is_signed([SecretStr(""), SecretStr(" ")], headers_of(secret=""), BODY)
    assert not is_signed([], headers_of(), BODY)


@pytest.mark.parametrize(
    "body", [b"", b"payload=", b"payload=x", b"payload=[]", b"payload=null", b"x=1", b"&".join([b"a=1"] * 50)]
)
async def test_a_signed_body_without_a_payload_is_400(clicked: httpx.AsyncClient, body: bytes) -> None:
    assert (await clicked.post(PATH, content=body, headers=headers_of(body))).status_code == 400


async def test_a_body_that_is_too_long_is_413(clicked: httpx.AsyncClient) -> None:
    body = b"payload=" + b"x" * MAX_BODY
    assert (await clicked.post(PATH, content=body, headers=headers_of(body))).status_code == 413


async def test_where_no_secret_is_set_there_is_no_such_place(unserved: Client, settings: Settings) -> None:
    async with ingress_for(unserved, settings, slack=with_secrets(settings)) as http:
        assert (await http.post(PATH, content=BODY, headers=headers_of())).status_code == 404
    async with ingress_for(unserved, settings, slack=None) as http:
        assert (await http.post(PATH, content=BODY, headers=headers_of())).status_code == 404


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "view_submission", "user": {"id": "U0002"}, "actions": [{"action_id": APPROVE}]},
        {"type": "block_actions", "user": {"id": "U0002"}, "actions": []},
        {"type": "block_actions", "user": {"id": "nobody"}, "actions": [{"action_id": APPROVE}]},
        {"type": "block_actions", "actions": [{"action_id": APPROVE}]},
        {"type": "block_actions", "user": {"id": "U0002"}, "actions": [{"action_id": APPROVE}] * 30},
        {"type": "block_actions", "user": {"id": "U0002"}, "actions": "all"},
    ],
)
async def test_what_is_no_decision_is_200_and_does_nothing(
    slack: Control, clicked: httpx.AsyncClient, payload: Any
) -> None:
    body = body_of(payload)
    assert (await clicked.post(PATH, content=body, headers=headers_of(body))).status_code == 200
    assert slack.calls("slack") == []


async def test_a_button_that_leads_to_a_page_is_answered_by_nothing(slack: Control) -> None:
    assert await click(slack, action_id="open_0") == [Clicked(way="url", status=200)]
    assert slack.told() == []


@pytest.mark.parametrize("action_id", [APPROVE, REFUSE])
async def test_who_may_decides_and_is_told_where_there_is_no_such_change(
    slack: Control, action_id: str
) -> None:
    assert await click(slack, action_id=action_id) == [Clicked(way="url", status=200)]
    assert await answers(slack) == [NO_CHANGE]
    assert slack.told()[0].user == "U0002"


async def test_a_click_that_comes_thrice_is_answered_thrice(slack: Control) -> None:
    assert await click(slack, times=3) == [Clicked(way="url", status=200)] * 3
    assert await answers(slack, 3) == [NO_CHANGE] * 3


@pytest.mark.parametrize(
    ("user", "more", "said"),
    [
        (RAVI, {}, "you are not among those who may"),
        (MAYA, {"deleted": True}, "the account was closed"),
        (MAYA, {"is_bot": True}, "it is a bot"),
        (MAYA, {"is_restricted": True}, "it is a guest"),
        (MAYA, {"is_ultra_restricted": True}, "it is a guest"),
        (MAYA, {"is_stranger": True}, "of another organisation"),
        (MAYA, {"team_id": "T0OTHER"}, "of another organisation"),
        (MAYA, {"is_email_confirmed": False}, "was not confirmed"),
        (MAYA, {"profile": {"email": ""}}, "users:read.email"),
    ],
)
async def test_who_may_not_is_told_so_alone(
    slack: Control, user: str, more: dict[str, Any], said: str
) -> None:
    slack.ask("PATCH", f"slack/members/{user}", more)
    await click(slack, user)
    [told] = await answers(slack)
    assert said in told
    assert told.startswith("You cannot decide on it")


async def test_without_the_scope_nobody_is_known(slack: Control) -> None:
    slack.slack(missing_scopes=["users:read.email"])
    await click(slack)
    assert "users:read.email" in (await answers(slack))[0]


@pytest.mark.parametrize("value", ["{}", "x", "[]", json.dumps(ABOUT | {"workflow": "churn_save/1"})])
async def test_a_button_that_is_of_no_change_is_said_so(slack: Control, value: str) -> None:
    await click(slack, value=value)
    assert await answers(slack) == ["This button belongs to no change that is known here."]


@pytest.mark.parametrize("kind", ["status", "drop_before", "malformed"])
async def test_where_slack_does_not_say_who_it_is_nothing_is_decided(slack: Control, kind: Any) -> None:
    slack.fault("slack", kind, path="users.info", status=503)
    await click(slack)
    assert (await answers(slack))[0].startswith("Nothing was decided: Slack did not tell")


async def test_what_takes_long_is_answered_before_it_is_done(
    slack: Control, clicked: httpx.AsyncClient
) -> None:
    slack.fault("slack", "slow", path="users.info", delay_seconds=3)
    await click(slack)
    assert await answers(slack) == [NO_CHANGE]


async def test_where_temporal_is_not_there_yet_it_is_said(simulators: Control, settings: Settings) -> None:
    async with ingress_for(None, settings, agents=agents) as http:
        simulators.interactivity(f"{http.base_url}{PATH}")
        await click(simulators)
        assert (await answers(simulators))[0].startswith("Nothing was decided yet")


async def test_nobody_is_answered_but_at_slack(slack: Control, clicked: httpx.AsyncClient) -> None:
    with ScriptedServer(Reply()) as elsewhere:
        body = body_of({
            "type": "block_actions", "user": {"id": "U0002"}, "response_url": f"{elsewhere.url}/actions",
            "actions": [{"action_id": APPROVE, "value": json.dumps(ABOUT)}],
        })  # fmt: skip
        assert (await clicked.post(PATH, content=body, headers=headers_of(body))).status_code == 200
        assert elsewhere.seen == []


async def test_socket_mode_takes_clicks_without_an_address(
    simulators: Control, unserved: Client, settings: Settings
) -> None:
    """And once more after Slack has it connect anew, as it does every few hours."""
    simulators.interactivity(None)
    before = _sockets(simulators)[1]
    async with connected(with_secrets(settings), SecretStr(SLACK_APP_TOKEN), unserved, agents):
        for number in (1, 2):
            await until_equal(lambda: _sockets(simulators), (1, before + number))
            assert await click(simulators) == [Clicked(way="socket", acknowledged=True)]
            assert await answers(simulators, number) == [NO_CHANGE] * number
            if number == 1:
                simulators.ask("DELETE", "slack/sockets")
    await until_equal(lambda: _sockets(simulators), (0, before + 2))


def _sockets(simulators: Control) -> tuple[int, int]:
    """How many are connected, and ever were."""
    found = simulators.ask("GET", "slack/sockets")
    return found["connections"], found["ever"]


def _opened(simulators: Control) -> int:
    return len([call for call in simulators.calls("slack") if call.path.endswith("connections.open")])


@pytest.mark.parametrize("token", ["xapp-wrong", SLACK_TOKEN])
async def test_socket_mode_is_refused_with_another_token(
    simulators: Control, unserved: Client, settings: Settings, token: str
) -> None:
    async with connected(with_secrets(settings), SecretStr(token), unserved, agents):
        await until(lambda: _opened(simulators))
    assert _sockets(simulators)[0] == 0
