"""Connectors against servers that nobody here wrote: httpbin, and json-server, which keeps what it gets."""

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from activities.connector import ConnectorActivities
from clients.connector.clients import ConnectorClients
from clients.connector.settings import Connectors
from clients.kit.errors import IntegrationError, NotFound, RateLimited, Rejected, Unauthorized, Unavailable
from models.connectors import Called, Connector, ConnectorCall
from models.effects import Action
from tests.emulators.running import Emulator

VARIABLES = {"ANN": "ann", "PASSWORD": "pass word", "WRONG": "other", "TOKEN": "t0ken"}


class Step:
    """Calls operations of one server as a step does, outside Temporal."""

    def __init__(self, url: str, state: Path, **content: Any) -> None:
        settings = Connectors(allowed_hosts="127.0.0.1", state_dir=state)
        self.clients = ConnectorClients(settings, VARIABLES)
        self._content = {"base_url": url, **content}

    async def call(self, operation: dict[str, Any], key: str = "k", **values: Any) -> Called:
        others = self._content.get("operations", {})
        content = self._content | {"operations": {"it": operation, **others}}
        given = ConnectorCall(
            key=key,
            connector="probe",
            operation="it",
            content=Connector.model_validate(content),
            values=values,
        )
        steps = ConnectorActivities(self.clients)
        method = steps.read if given.asked.is_read else steps.write
        try:
            called: Called = await method.__wrapped__(steps, given)  # type: ignore[attr-defined]
            return called
        finally:
            await self.clients.aclose()


GET = {"method": "GET"}


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        ({"kind": "basic", "user": "ANN", "password": "PASSWORD"}, "/basic-auth/ann/pass%20word"),
        ({"kind": "bearer", "token": "TOKEN"}, "/bearer"),
    ],
)
async def test_httpbin_lets_it_in(tmp_path: Path, httpbin: Emulator, auth: dict[str, str], path: str) -> None:
    called = await Step(httpbin.url, tmp_path, auth=auth).call({**GET, "path": path})
    assert called.answer["authenticated"] is True


@pytest.mark.parametrize(
    ("operation", "error", "says"),
    [
        ({"path": "/basic-auth/ann/x"}, Unauthorized, "401"),
        ({"path": "/status/404"}, NotFound, "404"),
        ({"path": "/status/418"}, Rejected, "418"),
        ({"path": "/status/429"}, RateLimited, "429"),
        ({"path": "/status/503"}, Unavailable, "503"),
        ({"path": "/redirect-to?url=/get"}, Unavailable, "302"),
        ({"path": "/delay/5"}, Unavailable, "did not answer in time"),
        ({"path": "/bytes/90000"}, Rejected, "longer than 50,000 bytes"),
        ({"path": "/stream-bytes/90000"}, Rejected, "longer than 50,000 bytes"),
        ({"path": "/brotli"}, Unavailable, "cannot be decoded"),  # which was not asked for
        ({"path": "/get", "success": {"where": "ok"}}, Rejected, "HTTP 200"),
    ],
)
async def test_httpbin_says_no(
    tmp_path: Path, httpbin: Emulator, operation: dict[str, Any], error: type[IntegrationError], says: str
) -> None:
    step = Step(httpbin.url, tmp_path, timeout_seconds=2, most_bytes=50_000)
    with pytest.raises(error, match=says):
        await step.call({**GET, **operation})


@pytest.mark.parametrize("path", ["/gzip", "/deflate"])
async def test_what_comes_compressed_is_read(tmp_path: Path, httpbin: Emulator, path: str) -> None:
    called = await Step(httpbin.url, tmp_path).call({**GET, "path": path})
    assert called.answer["method"] == "GET"


async def test_httpbin_reads_a_form_a_query_and_headers_as_they_are_meant(
    tmp_path: Path, httpbin: Emulator
) -> None:
    called = await Step(httpbin.url, tmp_path, headers={"X-Version": "2"}).call(
        {
            "method": "PUT",
            "path": "/anything/{{ event.name }}",
            "query": {"tag": ["a", "b c"], "n": "{{ event.n }}"},
            "body": {"form": {"items": [{"price": "{{ event.n }}"}], "name": "{{ event.name }}"}},
        },
        event={"name": "Ünal & Söhne/1", "n": 3},
    )
    answer = called.answer
    assert answer["args"] == {"tag": ["a", "b c"], "n": "3"}
    assert answer["form"] == {"items[0][price]": "3", "name": "Ünal & Söhne/1"}
    assert answer["headers"]["X-Version"] == "2"
    assert unquote(urlsplit(answer["url"]).path) == "/anything/Ünal & Söhne/1"
    assert called.effect
    assert called.effect.action is Action.UPDATED


FIND = {"method": "GET", "path": "/accounts", "query": {"customer": "{{ event.customer }}"}}
CREATE = {
    "method": "POST",
    "path": "/accounts",
    "body": {"json": {"name": "{{ event.name }}", "customer": "{{ event.customer }}"}},
    "once": {"look_up": {"operation": "find", "found": "[0]"}},
    "shown": {"object_type": "account", "id": "id", "before": {"name": "name"}, "after": {"name": "name"}},
}


async def test_json_server_has_one_of_what_is_written_twice(tmp_path: Path, json_server: Emulator) -> None:
    """It knows no key: it is asked first."""
    customer = uuid.uuid4().hex
    actions, ids = [], set()
    for _ in range(2):
        step = Step(json_server.url, tmp_path, operations={"find": FIND})
        called = await step.call(CREATE, event={"name": "Acme", "customer": customer})
        assert called.effect
        assert called.effect.after == {"name": "Acme"}
        actions.append(called.effect.action)
        ids.add(called.effect.object_id)
    assert actions == [Action.CREATED, Action.UNCHANGED]
    assert len(ids) == 1
    found = await Step(json_server.url, tmp_path).call(FIND, event={"customer": customer})
    assert len(found.answer) == 1


async def test_a_list_of_json_server_is_read_to_its_end(tmp_path: Path, json_server: Emulator) -> None:
    pages = {"by": "page", "rows": "@", "parameter": "_page", "size": 10}
    listed = {**GET, "path": "/items", "query": {"_limit": 10}, "pages": pages, "keeps": {"ids": "[].id"}}
    called = await Step(json_server.url, tmp_path).call(listed)
    assert called.answer == {"ids": list(range(1, 26))}


async def test_json_server_takes_a_change(tmp_path: Path, json_server: Emulator) -> None:
    change = {
        "method": "PATCH",
        "path": "/items/{{ event.id }}",
        "body": {"json": {"name": "{{ event.name }}"}},
    }
    called = await Step(json_server.url, tmp_path).call(change, event={"id": 3, "name": "changed"})
    assert called.answer == {"id": 3, "name": "changed"}
    with pytest.raises(NotFound):
        await Step(json_server.url, tmp_path).call(change, event={"id": 999, "name": "changed"})
