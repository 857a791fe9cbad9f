"""Faults of hubspot-api-client 12.0, each beside what our client does instead."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import hubspot.crm.objects
import hubspot.crm.properties
import pytest
import urllib3.exceptions
from hubspot.client import Client as Library
from pydantic import SecretStr

from clients.hubspot.client import HubSpotClient
from clients.hubspot.settings import HubSpot
from clients.kit.errors import IntegrationError, OutcomeUnknown, RateLimited, Rejected, Unavailable
from models.hubspot import NewRow
from tests.contracts.scripted import Reply, ScriptedServer

KEY = "chartmogul_customer_uuid"
ROW = NewRow(key="cus_1", properties={"firstname": "Ann"})
NONE = Reply({"results": []})
DROPPED = Reply(drop=True)
EMAIL = "ann@acme.example"


def bare(url: str) -> Any:
    return Library(access_token="t1", host=url)


@asynccontextmanager
async def ours(url: str, timeout_seconds: float = 5, **given: Any) -> AsyncIterator[HubSpotClient]:
    settings = HubSpot(token=SecretStr("t1"), base_url=url, requests_per_10_seconds=5000, **given)
    client = HubSpotClient(settings, timeout_seconds=timeout_seconds)
    try:
        yield client
    finally:
        await client.aclose()


async def read(client: HubSpotClient) -> object:
    return await client.read("contacts", "email", [EMAIL], [])


async def test_only_old_paths_are_known() -> None:
    with ScriptedServer(NONE) as server:
        bare(server.url).crm.objects.batch_api.read("contacts", {"inputs": []})
        async with ours(f"{server.url}/base/") as client:
            await read(client)
        assert server.paths() == [
            "/crm/v3/objects/contacts/batch/read",
            "/base/crm/objects/2026-09/contacts/batch/read",
        ]
        assert {request.headers["Authorization"] for request in server.seen} == {"Bearer t1"}


async def test_errors_in_an_answer_with_status_200_are_lost() -> None:
    error = {"category": "CONFLICT", "status": "error", "message": "", "context": {"ids": ["cus_1"]}}
    answer = Reply({
        "status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error],
        "startedAt": "2026-11-20T10:00:00Z", "completedAt": "2026-11-20T10:00:00Z",
    })  # fmt: skip
    with ScriptedServer(answer) as server:
        found = bare(server.url).crm.objects.batch_api.upsert("contacts", {"inputs": []})
        assert "errors" not in found.to_dict()

        async with ours(server.url) as client:
            [outcome] = await client.upsert("contacts", KEY, [ROW])
        assert outcome.problem is not None
        assert outcome.problem.reason == "conflict"


async def test_every_walk_opens_a_connection() -> None:
    with ScriptedServer(NONE) as server:
        library = bare(server.url)
        for _ in range(3):
            library.crm.properties.groups_api.get_all("contacts")
        assert server.connections == 3

    with ScriptedServer(NONE) as server:
        async with ours(server.url) as client:
            for _ in range(3):
                await client.properties("contacts")
                await read(client)
        assert server.connections == 1


async def test_no_call_has_a_time_out() -> None:
    api = bare("http://127.0.0.1:9").crm.objects.batch_api.api_client
    assert "timeout" not in api.rest_client.pool_manager.connection_pool_kw

    with ScriptedServer(Reply(delay_seconds=0.5)) as server:
        async with ours(server.url, timeout_seconds=0.2) as client:
            with pytest.raises(Unavailable, match="did not answer in time"):
                await read(client)
            with pytest.raises(OutcomeUnknown, match="did not answer in time"):
                await client.upsert("contacts", KEY, [ROW])


async def test_calls_are_repeated_and_redirects_followed() -> None:
    with ScriptedServer(DROPPED) as server:
        with pytest.raises(urllib3.exceptions.HTTPError):
            bare(server.url).crm.properties.core_api.get_all("contacts")
        assert len(server.seen) == 4
    busy = Reply({"category": "RATE_LIMITS"}, 429, {"Retry-After": "0"})
    with ScriptedServer(busy, NONE) as server:
        bare(server.url).crm.properties.core_api.get_all("contacts")
        assert len(server.seen) == 2  # it has slept, inside the call, as long as it was told

    away = Reply(status=302, headers={"Location": "/elsewhere"})
    for reply, kind in ((DROPPED, Unavailable), (busy, RateLimited), (away, Unavailable)):
        with ScriptedServer(reply, NONE) as server:
            async with ours(server.url) as client:
                with pytest.raises(kind):
                    await client.properties("contacts")
            assert len(server.seen) == 1


async def test_exceptions_have_no_common_base_and_tell_everything() -> None:
    objects, properties = hubspot.crm.objects.ApiException, hubspot.crm.properties.ApiException
    assert set(objects.__mro__) & set(properties.__mro__) == {Exception, BaseException, object}

    refused = Reply({"category": "OTHER", "message": f"no {EMAIL} here"}, 400)
    with ScriptedServer(refused) as server:
        with pytest.raises(objects, match=EMAIL):
            bare(server.url).crm.objects.batch_api.read("contacts", {"inputs": []})

        async with ours(server.url) as client:
            for call in (read(client), client.properties("contacts")):
                with pytest.raises(Rejected, match="OTHER") as caught:
                    await call
                assert EMAIL not in str(caught.value)
                assert caught.value.__cause__ is None
                assert caught.value.__suppress_context__


async def test_failed_handshake_is_an_attribute_error() -> None:
    with ScriptedServer(NONE) as server:
        secure = server.url.replace("http://", "https://")
        with pytest.raises((AttributeError, urllib3.exceptions.MaxRetryError)):
            bare(secure).crm.objects.batch_api.read("contacts", {"inputs": []})

        async with ours(secure) as client:
            with pytest.raises(Unavailable, match="does not speak TLS"):
                await read(client)


async def test_proxy_of_the_environment_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(NONE) as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        configuration = bare("http://hubspot.example").crm.objects.batch_api.api_client.configuration
        assert configuration.proxy is None

        async with ours("http://hubspot.example") as client:
            await read(client)
        assert proxy.paths() == ["http://hubspot.example/crm/objects/2026-09/contacts/batch/read"]


async def test_addresses_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(NONE) as server:
        bare(server.url).crm.owners.owners_api.get_page(email=EMAIL)
        assert [EMAIL.replace("@", "%40") in request.path for request in server.seen] == [True]
    assert "acme" not in caplog.text


async def test_answer_that_is_none_passes_for_a_good_one() -> None:
    with ScriptedServer(Reply("<html>")) as server:
        saved = bare(server.url).crm.objects.batch_api.upsert("contacts", {"inputs": []})
        assert saved.to_dict()["results"] is None

    for body in ("<html>", "", "[1]", "null", '{"results": "none"}'):
        with ScriptedServer(Reply(body)) as server:
            async with ours(server.url) as client:
                with pytest.raises(IntegrationError):
                    await read(client)
                with pytest.raises(OutcomeUnknown):
                    await client.upsert("contacts", KEY, [ROW])
