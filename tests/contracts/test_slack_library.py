"""Faults of slack_sdk 3.47 with asyncio, each shown on the bare library and then gone in our client."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from clients.kit.errors import IntegrationError, OutcomeUnknown, RateLimited, Retryable, Unavailable
from clients.slack.client import SlackClient
from clients.slack.settings import Slack
from models.slack import Message
from tests.contracts.scripted import Reply, ScriptedServer

MESSAGE = Message(key="k", channel="C0000001", text="Hello", not_before=datetime(2026, 1, 1, tzinfo=UTC))
WHO = Reply({"ok": True, "url": "https://acme.slack.com/", "user": "bot"})
POSTED = Reply({"ok": True, "channel": "C0000001", "ts": "1.000001", "message": {}})
DROP = Reply(drop=True)


def bare(server: ScriptedServer, **options: Any) -> AsyncWebClient:
    return AsyncWebClient("xoxb-1", base_url=f"{server.url}/api/", **options)


@asynccontextmanager
async def ours(server: ScriptedServer, timeout_seconds: float = 5) -> AsyncIterator[SlackClient]:
    settings = Slack(bot_token=SecretStr("xoxb-1"), base_url=f"{server.url}/api/")
    client = SlackClient(settings, timeout_seconds=timeout_seconds)
    try:
        yield client
    finally:
        await client.aclose()


async def test_message_is_not_sent_again_by_itself() -> None:
    with ScriptedServer(DROP, POSTED) as server:
        await bare(server).chat_postMessage(channel="C0000001", text="Hello")
        assert len(server.seen) == 2

    with ScriptedServer(WHO, DROP, POSTED) as server:
        async with ours(server) as client:
            with pytest.raises(OutcomeUnknown, match="hung up without an answer"):
                await client.post(MESSAGE)
            assert server.paths() == ["/api/auth.test", "/api/chat.postMessage"]


async def test_time_out_holds_with_a_session_of_our_own() -> None:
    slow = Reply(POSTED.body, delay_seconds=0.4)
    with ScriptedServer(slow) as server:
        async with aiohttp.ClientSession() as session:
            library = bare(server, session=session, timeout=0.1)
            assert (await library.chat_postMessage(channel="C0000001", text="Hello"))["ok"]

    with ScriptedServer(WHO, slow) as server:
        async with ours(server, timeout_seconds=0.2) as client:
            with pytest.raises(OutcomeUnknown, match="did not answer in time"):
                await client.post(MESSAGE)


async def test_connections_are_reused() -> None:
    with ScriptedServer(WHO, POSTED) as server:
        async with ours(server) as client:
            await client.post(MESSAGE)
            await client.post(MESSAGE)
            assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(200, OutcomeUnknown), (429, RateLimited), (502, OutcomeUnknown)]
)
async def test_broken_json_is_judged_by_status_first(status: int, kind: type[Exception]) -> None:
    broken = Reply('{"ok": tr', status)
    with ScriptedServer(broken) as server, pytest.raises(SlackApiError) as caught:
        await bare(server).chat_postMessage(channel="C0000001", text="Hello")
    assert not hasattr(caught.value.response, "status_code")

    with ScriptedServer(WHO, broken) as server:
        async with ours(server) as client:
            with pytest.raises(kind):
                await client.post(MESSAGE)


@pytest.mark.parametrize(
    ("body", "content_type"), [("upstream error", "text/plain"), ([1], "application/json")]
)
async def test_answer_that_is_no_object_is_no_answer(body: Any, content_type: str) -> None:
    odd = Reply(body, content_type=content_type)
    with ScriptedServer(odd) as server, pytest.raises(AttributeError):
        await bare(server).chat_postMessage(channel="C0000001", text="Hello")

    with ScriptedServer(WHO, odd) as server:
        async with ours(server) as client:
            with pytest.raises(OutcomeUnknown, match="no JSON object"):
                await client.post(MESSAGE)


async def test_html_answer_is_no_answer() -> None:
    page = Reply("<html>", content_type="text/html")
    with ScriptedServer(WHO, page) as server:
        async with ours(server) as client:
            with pytest.raises(OutcomeUnknown, match="no JSON object"):
                await client.post(MESSAGE)


async def test_addresses_stay_out_of_urls() -> None:
    found = Reply({"ok": True, "user": {"id": "U1", "name": "ann"}})
    with ScriptedServer(found) as server:
        await bare(server).users_lookupByEmail(email="ann@acme.example")
        assert "ann%40acme.example" in server.seen[0].path or "ann@acme" in server.seen[0].path

    with ScriptedServer(found) as server:
        async with ours(server) as client:
            await client.member("ann@acme.example")
            assert server.paths() == ["/api/users.lookupByEmail"]


async def test_reads_are_not_repeated_by_aiohttp() -> None:
    page = Reply({"ok": True, "messages": []})
    with ScriptedServer(page, DROP, page) as server:
        async with aiohttp.ClientSession() as session:
            library = bare(server, session=session, retry_handlers=[])
            await library.conversations_history(channel="C0000001")
            await library.conversations_history(channel="C0000001")
            assert len(server.seen) == 3

    with ScriptedServer(page, DROP, page) as server:
        async with ours(server) as client:
            await client.find(MESSAGE)
            with pytest.raises(Unavailable):
                await client.find(MESSAGE)


async def test_no_proxy_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ScriptedServer(WHO) as server:
        with pytest.raises(aiohttp.ClientProxyConnectionError):
            await bare(server, retry_handlers=[]).auth_test()
        async with ours(server) as client:
            assert (await client.identity())["user"] == "bot"


async def test_messages_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(POSTED) as server:
        await bare(server).chat_postMessage(channel="C0000001", text="Hello Ann")
    assert "Hello Ann" in caplog.text

    caplog.clear()
    with ScriptedServer(WHO, POSTED) as server:
        async with ours(server) as client:
            await client.post(MESSAGE.model_copy(update={"text": "Hello Ann"}))
    assert "Hello Ann" not in caplog.text


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 503])
async def test_page_of_a_proxy_is_no_word_of_slacks(status: int) -> None:
    page = Reply("<html>Forbidden</html>", status, {"Location": "/elsewhere"}, "text/html")
    with ScriptedServer(WHO, page) as server:
        async with ours(server) as client:
            with pytest.raises(Retryable) as caught:
                await client.post(MESSAGE)
    assert "credential" not in str(caught.value)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [(403, "invalid_auth", "Unauthorized"), (400, "internal_error", "OutcomeUnknown")],
)
async def test_slacks_word_outweighs_the_status(status: int, error: str, kind: str) -> None:
    with ScriptedServer(WHO, Reply({"ok": False, "error": error}, status)) as server:
        async with ours(server) as client:
            with pytest.raises(IntegrationError, match=error) as caught:
                await client.post(MESSAGE)
    assert type(caught.value).__name__ == kind


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ({"error": "ratelimited"}, "RateLimited", "ratelimited"),
        ({"error": "fatal_error"}, "OutcomeUnknown", "fatal_error"),
        ({"error": "internal_error"}, "OutcomeUnknown", "internal_error"),
        ({"error": "service_unavailable"}, "OutcomeUnknown", "service_unavailable"),
        ({"error": "request_timeout"}, "OutcomeUnknown", "request_timeout"),
        ({"error": "team_added_to_org"}, "Unavailable", "team_added"),
        ({"error": "missing_scope", "needed": "chat:write"}, "Unauthorized", "chat:write"),
        ({"error": "token_revoked"}, "Unauthorized", "Check the credential"),
        ({"error": "channel_not_found"}, "NotFound", "Invite the bot"),
        ({"error": "not_in_channel"}, "Rejected", "Invite the bot"),
        ({"error": "is_archived"}, "Rejected", "Unarchive"),
        ({"error": "restricted_action_thread_locked"}, "Rejected", "thread_locked"),
        (
            {"error": "invalid_blocks", "response_metadata": {"messages": ["must be [/blocks/0]"]}},
            "Rejected",
            "/blocks/0",
        ),
        ({"error": "some_new_error"}, "Rejected", "some_new_error"),
    ],
)
async def test_errors_within_an_answer_have_their_kind(body: dict[str, Any], kind: str, told: str) -> None:
    with ScriptedServer(WHO, Reply({"ok": False, **body})) as server:
        async with ours(server) as client:
            with pytest.raises(Exception, match=told) as caught:
                await client.post(MESSAGE)
            assert type(caught.value).__name__ == kind
