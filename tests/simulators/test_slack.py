"""Slack: posting, reading back with metadata, limits, and failures that come with status 200."""

import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from simulators.kit.control import Control
from tests.contracts.scripted import Reply, ScriptedServer

METADATA = {"event_type": "alert", "event_payload": {"key": "k1"}}


def post(slack: httpx.Client, **arguments: Any) -> Any:
    content = {"channel": "C0SAVES", "text": "hello", **arguments}
    return slack.post("chat.postMessage", json=content).json()


def history(slack: httpx.Client, **arguments: Any) -> Any:
    query = {"channel": "C0SAVES", **arguments}
    return slack.get("conversations.history", params=query).json()


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("headers", "error"),
    [({}, "not_authed"), ({"authorization": "Bearer xoxb-wrong"}, "invalid_auth")],
)
def test_wrong_token_is_refused_with_status_200(
    simulators: Control, headers: dict[str, str], error: str
) -> None:
    url = f"{simulators.slack_url}auth.test"
    answer = httpx.post(url, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})


def test_json_and_form_say_the_same(simulators: Control, slack: httpx.Client) -> None:
    blocks = [section("*hi*")]
    form = {"channel": "#revenue-saves", "text": "hi", "blocks": json.dumps(blocks)}
    slack.post("chat.postMessage", json=form | {"blocks": blocks, "metadata": METADATA})
    slack.post("chat.postMessage", data=form | {"metadata": json.dumps(METADATA)})
    first, second = simulators.messages("#revenue-saves")
    assert first["ts"] < second["ts"]
    assert first | {"ts": ""} == second | {"ts": ""}
    assert first["metadata"] == METADATA


def test_metadata_payload_is_left_out_unless_asked_for(slack: httpx.Client) -> None:
    post(slack, metadata=METADATA)
    assert history(slack)["messages"][0]["metadata"] == {"event_type": "alert"}
    for true in (1, "true"):
        message = history(slack, include_all_metadata=true)["messages"][0]
        assert message["metadata"] == METADATA


def test_history_is_newest_first_without_replies(slack: httpx.Client) -> None:
    parent = post(slack, text="first")["ts"]
    post(slack, text="second")
    post(slack, text="reply", thread_ts=parent)
    found = history(slack)["messages"]
    assert [message["text"] for message in found] == ["second", "first"]
    assert found[1]["reply_count"] == 1


def test_history_since(slack: httpx.Client) -> None:
    first, second = post(slack)["ts"], post(slack)["ts"]
    assert [m["ts"] for m in history(slack, oldest=first)["messages"]] == [second]
    both = history(slack, oldest=first, inclusive=1)["messages"]
    assert [m["ts"] for m in both] == [second, first]


def test_replies_are_parent_first(slack: httpx.Client) -> None:
    parent = post(slack, text="parent")["ts"]
    post(slack, text="one", thread_ts=parent)
    post(slack, text="two", thread_ts=parent)
    query = {"channel": "C0SAVES", "ts": parent}
    answer = slack.get("conversations.replies", params=query).json()
    assert [message["text"] for message in answer["messages"]] == ["parent", "one", "two"]
    nothing = slack.get("conversations.replies", params=query | {"ts": "1.000001"}).json()
    assert nothing["error"] == "thread_not_found"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("G0BOARD", "channel_not_found"),
        ("#general", "not_in_channel"),
    ],
)
def test_channel_is_refused(slack: httpx.Client, channel: str, error: str) -> None:
    assert post(slack, channel=channel) == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"thread_ts": "1.000001"}, "thread_not_found"),
        ({"metadata": {"key": "k1"}}, "invalid_metadata_format"),
        ({"metadata": METADATA | {"event_type": "has space"}}, "invalid_metadata_schema"),
        ({"blocks": "text"}, "invalid_blocks_format"),
        ({"blocks": [section("x" * 3000)] * 5}, "msg_blocks_too_long"),
        ({"blocks": [section("x")] * 51}, "invalid_blocks"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [{"type": "poster"}]}, "invalid_blocks"),
    ],
)
def test_message_is_refused(
    simulators: Control, slack: httpx.Client, arguments: dict[str, Any], error: str
) -> None:
    assert post(slack, **arguments)["error"] == error
    assert simulators.messages() == []


def button(**changes: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": "Open"}, **changes}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text"),
        ({"type": "header", "text": section("x")["text"]}, "/blocks/0/text"),
        ({"type": "section", "fields": [plain("x")] * 11}, "/blocks/0/fields"),
        ({"type": "section", "fields": [plain("x" * 2001)]}, "/blocks/0/fields/0/text"),
        ({"type": "context", "elements": [plain("x")] * 11}, "/blocks/0/elements"),
        ({"type": "actions", "elements": [button()] * 26}, "/blocks/0/elements"),
        ({"type": "actions", "elements": [button(text=plain("x" * 76))]}, "/elements/0/text/text"),
        ({"type": "actions", "elements": [button(url="x" * 3001)]}, "/elements/0/url"),
        ({"type": "actions", "elements": [button(action_id="a")] * 2}, "/blocks/0/elements"),
    ],
)
def test_limits_of_blocks_name_the_place(slack: httpx.Client, block: dict[str, Any], place: str) -> None:
    answer = post(slack, blocks=[block])
    assert answer["error"] == "invalid_blocks"
    assert place in answer["response_metadata"]["messages"][0]


def test_people_by_email(slack: httpx.Client) -> None:
    query = {"email": "Maya.Okafor@mogulflow.example"}
    user = slack.get("users.lookupByEmail", params=query).json()["user"]
    assert (user["id"], user["real_name"]) == ("U0002", "Maya Okafor")
    nobody = slack.post("users.lookupByEmail", data={"email": "revops@mogulflow.example"}).json()
    assert nobody == {"ok": False, "error": "users_not_found"}


def test_channels(slack: httpx.Client) -> None:
    info = slack.get("conversations.info", params={"channel": "C0SAVES"}).json()["channel"]
    assert (info["name"], info["is_member"]) == ("revenue-saves", True)
    listed = slack.get("conversations.list", params={"exclude_archived": "true"}).json()
    names = [channel["name"] for channel in listed["channels"]]
    assert names == ["revenue-saves", "revops", "revops-alerts", "general"]


def test_permalink_opens_the_message(slack: httpx.Client, http: httpx.Client) -> None:
    ts = post(slack, text="see me")["ts"]
    query = {"channel": "C0SAVES", "message_ts": ts}
    link = slack.get("chat.getPermalink", params=query).json()["permalink"]
    assert link.endswith(f"/slack/archives/C0SAVES/p{ts.replace('.', '')}")
    assert "message here" in http.get(link).text


def test_unknown_method(slack: httpx.Client) -> None:
    assert slack.post("chat.shout").json()["error"] == "unknown_method"


def test_a_method_is_refused_beyond_its_tier(simulators: Control, slack: httpx.Client) -> None:
    simulators.slack(per_minute={"conversations.list": 2})
    answers = [slack.post("conversations.list") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json() == {"ok": False, "error": "ratelimited"}
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert slack.post("users.conversations").status_code == 200


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\tb"])
def test_a_header_takes_no_control_characters(slack: httpx.Client, text: str) -> None:
    block = {"type": "header", "text": {"type": "plain_text", "text": text}}
    answer = slack.post("chat.postMessage", json={"channel": "C0SAVES", "text": "x", "blocks": [block]})
    assert answer.json()["error"] == "invalid_blocks"


def test_a_channel_that_a_user_names_is_there_with_the_bot_in_it(
    simulators: Control, slack: httpx.Client
) -> None:
    for name in ("#ours", "#ours", "C0OWNID99", "#general"):
        simulators.invite_bot(name)
        assert post(slack, channel=name)["ok"]
    assert len(simulators.messages("#ours")) == 2
    assert len(simulators.messages("C0OWNID99")) == 1
    page = httpx.get(f"{simulators.url}/slack/archives/C0OWNID99", trust_env=False)
    assert (page.status_code, "ours" in page.text) == (200, True)


def test_who_is_hired_has_an_account_here_and_in_salesforce(simulators: Control, slack: httpx.Client) -> None:
    for email in ("ann@acme.example", "ann@acme.example", "revops@mogulflow.example"):
        simulators.hire(email)
    found = slack.get("users.lookupByEmail", params={"email": "ann@acme.example"}).json()
    assert found["user"]["profile"]["email"] == "ann@acme.example"
    emails = [each["Email"] for each in simulators.records("User")]
    assert emails.count("ann@acme.example") == emails.count("revops@mogulflow.example") == 1


def update(slack: httpx.Client, **arguments: Any) -> Any:
    return slack.post("chat.update", json={"channel": "C0SAVES", "text": "other", **arguments}).json()


def test_a_message_is_changed_and_keeps_what_is_not_named(simulators: Control, slack: httpx.Client) -> None:
    ts = post(slack, blocks=[section("hi")], metadata=METADATA)["ts"]
    answer = update(slack, ts=ts)
    [message] = simulators.messages("C0SAVES")
    assert (answer["ts"], answer["text"], message["text"]) == (ts, "other", "other")
    assert (message["blocks"], message["metadata"]) == ([section("hi")], METADATA)
    assert "edited" in message
    update(slack, ts=ts, blocks=[])
    assert simulators.messages("C0SAVES")[0]["blocks"] == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "#revenue-saves"}, "channel_not_found"),
        ({"ts": "1.1"}, "message_not_found"),
        ({"text": ""}, "no_text"),
        ({"blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
    ],
)
def test_a_change_that_slack_refuses(slack: httpx.Client, arguments: dict[str, Any], error: str) -> None:
    ts = post(slack)["ts"]
    assert update(slack, **{"ts": ts, **arguments})["error"] == error


def test_messages_of_others_and_old_ones_cannot_be_changed(simulators: Control, slack: httpx.Client) -> None:
    theirs = simulators.say("C0SAVES", "U0002", "mine")["ts"]
    assert update(slack, ts=theirs)["error"] == "cant_update_message"
    ours = post(slack)["ts"]
    simulators.slack(edit_window_closed=True)
    assert update(slack, ts=ours)["error"] == "edit_window_closed"


def test_who_somebody_is_needs_scopes(simulators: Control, slack: httpx.Client) -> None:
    def info(user: str = "U0002") -> Any:
        return slack.post("users.info", data={"user": user}).json()

    assert info()["user"]["profile"]["email"] == "maya.okafor@mogulflow.example"
    assert info("U0NOBODY")["error"] == "user_not_found"
    simulators.slack(missing_scopes=["users:read.email"])
    assert "email" not in info()["user"]["profile"]
    simulators.slack(missing_scopes=["users:read"])
    assert (info()["error"], info()["needed"]) == ("missing_scope", "users:read")


BUTTON = {"type": "button", "action_id": "yes", "text": {"type": "plain_text", "text": "Yes"}, "value": "1"}


def test_a_click_goes_to_the_request_url_signed(simulators: Control, slack: httpx.Client) -> None:
    ts = post(slack, blocks=[{"type": "actions", "elements": [BUTTON]}])["ts"]
    simulators.interactivity(None)
    assert [each.way for each in simulators.click("C0SAVES", ts, "yes", "U0002")] == ["nowhere"]
    with ScriptedServer(Reply("")) as app:
        simulators.interactivity(f"{app.url}/clicks", signing_secret="s1")
        [clicked] = simulators.click("#revenue-saves", ts, "yes", "maya.okafor@mogulflow.example")
        [seen] = app.seen
    assert (clicked.way, clicked.status) == ("url", 200)
    assert SignatureVerifier("s1").is_valid_request(seen.body, seen.headers)
    payload = json.loads(parse_qs(seen.body)["payload"][0])
    assert (payload["type"], payload["user"]["id"]) == ("block_actions", "U0002")
    assert (payload["actions"][0]["action_id"], payload["actions"][0]["value"]) == ("yes", "1")
    assert payload["container"]["message_ts"] == payload["message"]["ts"] == ts
    body = {"response_type": "ephemeral", "replace_original": False, "text": "Thanks"}
    answers = [httpx.post(payload["response_url"], json=body, trust_env=False) for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [404]
    assert [each.text for each in simulators.told()] == ["Thanks"] * 5


def test_there_is_no_click_without_a_button(simulators: Control, slack: httpx.Client) -> None:
    ts = post(slack)["ts"]
    with pytest.raises(RuntimeError, match="no button yes"):
        simulators.click("C0SAVES", ts, "yes", "U0002")


@pytest.mark.parametrize(
    ("token", "error"), [("xapp-demo", None), ("xoxb-demo", "not_allowed_token_type"), ("x", "invalid_auth")]
)
def test_socket_mode_takes_app_level_tokens(simulators: Control, token: str, error: str | None) -> None:
    url = f"{simulators.slack_url}apps.connections.open"
    answer = httpx.post(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False).json()
    assert answer.get("error") == error
    assert answer["ok"] is (error is None)
    if error is None:
        assert answer["url"].startswith("ws://127.0.0.1:")
