"""Faults of simple-salesforce 1.12, each shown on the bare library and then gone in our client."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from pydantic import SecretStr
from simple_salesforce.api import Salesforce as Library
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceGeneralError
from simple_salesforce.format import format_external_id

from clients.kit.errors import OutcomeUnknown, Unauthorized, Unavailable
from clients.salesforce.client import SalesforceClient
from clients.salesforce.settings import Salesforce
from models.salesforce import OwnerQuery
from tests.contracts.scripted import Reply, ScriptedServer

TOKEN = Reply({"access_token": "t1", "instance_url": "https://acme.my.salesforce.com"})
SAVED = Reply({"id": "00T1", "success": True, "errors": [], "created": True}, 201)
EXPIRED = Reply([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], 401)


class Local(requests.Session):
    """The least that makes the bare library reach a local server; it keeps what it was asked for."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.base_url = url
        self.asked: list[dict[str, Any]] = []

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Any:
        self.asked.append(kwargs)
        return super().request(method, self.base_url + urlsplit(str(url)).path, *args, **kwargs)


def bare(server: ScriptedServer) -> Any:
    return Library(session_id="t1", instance_url=server.url, session=Local(server.url))


def bare_with_sign_in(server: ScriptedServer) -> Any:
    return Library(consumer_key="id", consumer_secret="s", domain="acme.my", session=Local(server.url))


@asynccontextmanager
async def ours(
    server: ScriptedServer, path: str = "", timeout_seconds: float = 5
) -> AsyncIterator[SalesforceClient]:
    settings = Salesforce(
        instance_url=server.url + path, client_id="id", client_secret=SecretStr("secret"), threads=4
    )
    client = SalesforceClient(settings, timeout_seconds=timeout_seconds)
    try:
        yield client
    finally:
        await client.aclose()


async def test_instance_url_keeps_its_scheme_and_path() -> None:
    with ScriptedServer(TOKEN, SAVED) as server:
        async with ours(server, "/salesforce") as client:
            library = Library(session_id="t1", instance_url=f"{server.url}/salesforce")
            assert library.base_url.startswith(f"https://{server.url[7:]}/services")

            await client.tasks.upsert("k", {})
            assert [urlsplit(path).path.split("/")[1] for path in server.paths()] == ["salesforce"] * 2


async def test_every_call_has_a_time_out() -> None:
    with ScriptedServer(SAVED) as server:
        library = bare(server)
        library.Task.upsert("K__c/1", {})
        assert "timeout" not in library.session.asked[0]
        with pytest.raises(TypeError, match="timeout"):
            library.Task.upsert("K__c/1", {}, timeout=1)

    slow = Reply(delay_seconds=0.5)
    with ScriptedServer(TOKEN, slow) as server:
        async with ours(server, timeout_seconds=0.2) as client:
            with pytest.raises(OutcomeUnknown, match="did not answer in time"):
                await client.tasks.upsert("k", {})
    with ScriptedServer(slow) as server:
        async with ours(server, timeout_seconds=0.2) as client:
            with pytest.raises(Unavailable, match="sign in"):
                await client.tasks.upsert("k", {})


async def test_retry_after_reaches_the_caller() -> None:
    busy = Reply([{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], 503, {"Retry-After": "7"})
    with ScriptedServer(busy) as server:
        with pytest.raises(SalesforceGeneralError) as caught:
            bare(server).query("SELECT Id FROM Task")
        assert not hasattr(caught.value, "headers")

    with ScriptedServer(TOKEN, busy) as server:
        async with ours(server) as client:
            with pytest.raises(Unavailable) as unavailable:
                await client.tasks.find("k")
            assert unavailable.value.retry_after is not None
            assert unavailable.value.retry_after.total_seconds() == 7


@pytest.mark.parametrize(
    ("body", "content_type", "fault", "kind"),
    [
        ({"error": "no"}, "application/json", KeyError, Unauthorized),
        ("<html>", "text/html", requests.exceptions.JSONDecodeError, Unavailable),
    ],
)
async def test_odd_refusal_of_a_token_is_no_raw_error(
    body: Any, content_type: str, fault: type[Exception], kind: type[Exception]
) -> None:
    odd = Reply(body, 401, content_type=content_type)
    with ScriptedServer(TOKEN, odd) as server, pytest.raises(fault):
        bare_with_sign_in(server).query("SELECT Id FROM Task")

    with ScriptedServer(TOKEN, odd, TOKEN, odd) as server:
        async with ours(server) as client:
            with pytest.raises(kind):
                await client.tasks.find("k")


async def test_refused_token_is_renewed_once_only() -> None:
    forever = [TOKEN, EXPIRED] * 20
    with ScriptedServer(*forever, Reply(drop=True)) as server:
        with pytest.raises(requests.ConnectionError):
            bare_with_sign_in(server).Task.upsert("K__c/1", {})
        assert len(server.paths("/token")) > 20  # and on, had the script not ended

    with ScriptedServer(*forever) as server:
        async with ours(server) as client:
            with pytest.raises(Unauthorized):
                await client.tasks.upsert("k", {})
            assert len(server.paths("/token")) == 2


async def test_many_calls_share_one_new_token() -> None:
    rows = Reply({"records": [], "done": True, "totalSize": 0}, waits_for=4)
    with ScriptedServer(TOKEN, rows) as server:
        async with ours(server) as client:
            await asyncio.gather(*(client.tasks.find(str(n)) for n in range(12)))
            assert len(server.paths("/token")) == 1
            assert server.most_at_once == 4  # as many as there are threads


async def test_outage_of_the_token_service_is_no_refusal() -> None:
    outage = Reply("Service Unavailable", 503, content_type="text/plain")
    with ScriptedServer(outage) as server:
        with pytest.raises(SalesforceAuthenticationFailed) as caught:
            bare_with_sign_in(server)
        assert caught.value.status == 401

    with ScriptedServer(outage) as server:
        async with ours(server) as client:
            with pytest.raises(Unavailable):
                await client.tasks.upsert("k", {})


async def test_key_is_percent_encoded() -> None:
    key = "a b/c?d+é"
    with ScriptedServer(SAVED) as server:
        bare(server).Task.get_by_custom_id("K__c", key)
        assert "/K__c/a+b%2Fc" in server.seen[0].path

    with ScriptedServer(TOKEN, SAVED) as server:
        async with ours(server) as client:
            await client.tasks.upsert(key, {})
            assert server.seen[1].path.endswith("/Mogulflow_Key__c/a%20b%2Fc%3Fd%2B%C3%A9")
    assert format_external_id("K__c", "a b") == "K__c/a%20b"


async def test_decimal_is_a_number() -> None:
    with ScriptedServer(SAVED) as server, pytest.raises(TypeError):
        bare(server).Task.upsert("K__c/1", {"CM_MRR__c": Decimal("2.50")})

    with ScriptedServer(TOKEN, SAVED) as server:
        async with ours(server) as client:
            await client.tasks.upsert("k", {"CM_MRR__c": Decimal("2.50")})
            assert server.seen[1].body == '{"CM_MRR__c": 2.5}'


async def test_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer(SAVED) as server:
        bare(server).Task.upsert("K__c/1", {})
        assert server.seen[0].headers["Authorization"].startswith("Basic")

    with ScriptedServer(TOKEN, SAVED) as server:
        async with ours(server) as client:
            await client.tasks.upsert("k", {})
            assert server.seen[1].headers["Authorization"] == "Bearer t1"


async def test_refused_connection_did_nothing_and_dropped_line_may_have() -> None:
    with ScriptedServer(TOKEN, Reply(drop=True)) as server:
        async with ours(server) as client:
            with pytest.raises(OutcomeUnknown):
                await client.tasks.upsert("k", {})
    with ScriptedServer(Reply(drop=True)) as server:
        async with ours(server) as client:
            with pytest.raises(Unavailable):
                await client.tasks.upsert("k", {})
    last = Reply(SAVED.body, 201, {"Connection": "close"})
    with ScriptedServer(TOKEN, last) as server:
        async with ours(server) as client:
            await client.tasks.upsert("k", {})
            server.close()
            with pytest.raises(Unavailable, match="Could not save task k: nothing answers at"):
                await client.tasks.upsert("k", {})


async def test_addresses_are_neither_logged_nor_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    query = OwnerQuery(customer_uuid="cus_1", email="ann@acme.example")
    nobody = Reply({"records": [], "done": True})
    with ScriptedServer(TOKEN, nobody, Reply(drop=True)) as server:
        async with ours(server) as client:
            with pytest.raises(Unavailable) as caught:
                await client.account_owner(query)
    assert caught.value.__cause__ is None
    assert "acme" not in str(caught.value) + caplog.text


async def test_redirects_are_not_followed_with_our_token() -> None:
    away = Reply(status=302, headers={"Location": "/login"})
    with ScriptedServer(TOKEN, away) as server:
        async with ours(server) as client:
            with pytest.raises(Unavailable):
                await client.tasks.find("k")
            assert len(server.seen) == 2
