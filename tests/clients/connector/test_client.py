"""A connector's calls over HTTP: how it signs in, what it sends, and what it makes of answers."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from clients.connector.addresses import Gate
from clients.connector.client import ConnectorClient
from clients.connector.lists import all_rows
from clients.connector.requests import Request, request_for
from clients.kit.errors import (
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from clients.kit.http import Call
from models.connectors import Answer, Connector
from tests.contracts.scripted import Reply, ScriptedServer

VARIABLES = {
    "TOKEN": "t0ken", "USER": "ann", "PASSWORD": "pass word", "KEY": "k€y", "CLIENT": "id",
    "SECRET": "s3cret", "REFRESH": "first",
}  # fmt: skip
VALUES = {
    "event": {"customer_uuid": "cus_1/2", "customer_name": "Ümlaut & Co", "amount": 49.5, "tags": ["a", "b"]},
    "facts": {"email": None},
    "answers": {"account": {"id": 7}},
}


class Api:
    """A connector to a server that answers as the test dictates."""

    def __init__(self, tmp_path: Path, *replies: Reply) -> None:
        self.server = ScriptedServer(*replies)
        self._tmp_path = tmp_path

    async def ask(
        self, operation: Mapping[str, Any], key: str = "evt:step", **more: Any
    ) -> tuple[Answer, bool]:
        async with self._client(operation, more) as (client, connector):
            given = connector.operations["it"]
            call = Call("probe", "make it", writes=not given.is_read)
            return await client.ask(call, given, request_for(call, connector, given, VALUES, key))

    async def rows(self, operation: Mapping[str, Any]) -> list[Any]:
        async with self._client(operation, {}) as (client, connector):
            given = connector.operations["it"]
            return await all_rows(client, Call("probe", "read them"), connector, given, VALUES)

    def _client(self, operation: Mapping[str, Any], more: Mapping[str, Any]) -> "_Opened":
        operations = {"it": {"method": "POST", "path": "/it", **operation}}
        content = json.loads(
            json.dumps({**more, "operations": operations}).replace("SERVER", self.server.url)
        )
        connector = Connector.model_validate({"base_url": f"{self.server.url}/v1", **content})
        client = ConnectorClient("probe", connector, VARIABLES, Gate(["127.0.0.1"]), self._tmp_path / "state")
        return _Opened(client, connector)

    def __enter__(self) -> "Api":
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)


class _Opened:
    def __init__(self, client: ConnectorClient, connector: Connector) -> None:
        self._client, self._connector = client, connector

    async def __aenter__(self) -> tuple[ConnectorClient, Connector]:
        return self._client, self._connector

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()


def header_of(api: Api, name: str, at: int = -1) -> str | None:
    return {each.lower(): value for each, value in api.server.seen[at].headers.items()}.get(name.lower())


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "bearer", "token": "TOKEN"}, "Authorization", "Bearer t0ken"),
        ({"kind": "basic", "user": "USER", "password": "PASSWORD"}, "Authorization", basic("ann:pass word")),
        ({"kind": "basic", "user": "TOKEN"}, "Authorization", basic("t0ken:")),
        ({"kind": "header", "header": "accesskey", "value": "TOKEN"}, "accesskey", "t0ken"),
        ({"kind": "none"}, "Authorization", None),
    ],
)
async def test_it_signs_in_by_a_header(
    tmp_path: Path, auth: dict[str, str], header: str, value: str | None
) -> None:
    with Api(tmp_path, Reply()) as api:
        await api.ask({}, auth=auth)
        assert header_of(api, header) == value


async def test_it_signs_in_by_the_address(tmp_path: Path) -> None:
    with Api(tmp_path, Reply()) as api:
        auth = {"kind": "query", "parameter": "api key", "value": "KEY"}
        await api.ask({"query": {"n": 1}}, auth=auth)
        assert dict(parse_qsl(urlsplit(api.server.seen[0].path).query)) == {"n": "1", "api key": "k€y"}


@pytest.mark.parametrize(("encoding", "stamped"), [("hex", False), ("base64", True)])
async def test_it_signs_the_body(tmp_path: Path, encoding: str, stamped: bool) -> None:
    auth = {
        "kind": "hmac",
        "secret": "SECRET",
        "header": "X-Signature",
        "encoding": encoding,
        "prefix": "v1=",
    }
    if stamped:
        auth["timestamp_header"] = "X-Time"
    with Api(tmp_path, Reply()) as api:
        await api.ask({"body": {"json": {"n": "{{ event.amount }}"}}}, auth=auth)
        seconds, body = header_of(api, "X-Time"), api.server.seen[0].body
        signed = f"{seconds}.{body}" if stamped else body
        digest = hmac.new(b"s3cret", signed.encode(), hashlib.sha256).digest()
        text = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
        assert header_of(api, "X-Signature") == f"v1={text}"


async def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    with Api(tmp_path, Reply()) as api:
        with pytest.raises(Unauthorized, match="The variable NO_SUCH is not set"):
            await api.ask({}, auth={"kind": "bearer", "token": "NO_SUCH"})
        assert api.server.seen == []


CLIENT = {
    "kind": "client_credentials",
    "token_url": "SERVER/token",
    "client_id": "CLIENT",
    "client_secret": "SECRET",
    "scope": "write",
}
RENEWED = {
    "kind": "refresh_token",
    "token_url": "SERVER/token",
    "client_id": "CLIENT",
    "client_secret": "SECRET",
    "refresh_token": "REFRESH",
}


async def test_it_gets_a_token_for_its_client(tmp_path: Path) -> None:
    with Api(tmp_path, Reply({"access_token": "abc", "expires_in": 3600}), Reply()) as api:
        await api.ask({}, auth=CLIENT)
        assert header_of(api, "Authorization", 0) == basic("id:s3cret")
        assert dict(parse_qsl(api.server.seen[0].body)) == {
            "grant_type": "client_credentials",
            "scope": "write",
        }
        assert header_of(api, "Authorization", 1) == "Bearer abc"


async def test_a_token_that_is_refused_is_renewed_once(tmp_path: Path) -> None:
    token = Reply({"access_token": "abc", "expires_in": 3600})
    with Api(tmp_path, token, Reply({}, 401), token, Reply({}, 401)) as api:
        with pytest.raises(Unauthorized):
            await api.ask({}, auth=CLIENT)
        assert [each.path for each in api.server.seen] == ["/token", "/v1/it", "/token", "/v1/it"]


async def test_the_latest_refresh_token_is_kept_for_the_next_process(tmp_path: Path) -> None:
    for number, (latest, sent) in enumerate([("second", "first"), ("third", "second")]):
        token = Reply({"access_token": "abc", "expires_in": 3600, "refresh_token": latest})
        with Api(tmp_path, token, Reply()) as api:
            await api.ask({}, auth=RENEWED)
            assert dict(parse_qsl(api.server.seen[0].body))["refresh_token"] == sent, number
    file = tmp_path / "state" / "probe.token"
    assert file.stat().st_mode & 0o077 == 0
    assert "third" in file.read_text()


async def test_a_new_refresh_token_in_the_settings_counts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Reply({"access_token": "abc", "refresh_token": "second"})
    with Api(tmp_path, token, Reply(), token, Reply()) as api:
        await api.ask({}, auth=RENEWED)
        monkeypatch.setitem(VARIABLES, "REFRESH", "another")
        await api.ask({}, auth=RENEWED)
        assert dict(parse_qsl(api.server.seen[2].body))["refresh_token"] == "another"


async def test_a_sign_in_that_is_refused_tells_no_secret(tmp_path: Path) -> None:
    with Api(tmp_path, Reply({"error": "invalid_grant", "error_description": "first s3cret"}, 400)) as api:
        with pytest.raises(Unauthorized, match="invalid_grant") as caught:
            await api.ask({}, auth=RENEWED)
        assert "first" not in str(caught.value)


async def test_what_it_sends(tmp_path: Path) -> None:
    operation = {
        "method": "PUT",
        "path": "/accounts/{{ event.customer_uuid }}/x",
        "query": {"tag": "{{ event.tags }}", "gone": "{{ event.nothing }}", "none": "{{ facts.email }}"},
        "headers": {"X-Name": "a\r\nB: {{ event.amount }}", "X-Gone": "{{ event.nothing }}"},
        "body": {
            "json": {
                "name": "{{ event.customer_name }}",
                "mrr": "{{ event.amount }}",
                "parent": "{{ answers.account.id }}",
                "gone": {"x": "{{ event.nothing }}", "y": True},
                "said": "It is {{ event.amount }}.",
            }
        },
        "once": {"header": "Idempotency-Key"},
    }
    with Api(tmp_path, Reply()) as api:
        await api.ask(operation, headers={"X-Version": "2"})
        [seen] = api.server.seen
        assert seen.path == "/v1/accounts/cus_1%2F2/x?tag=a&tag=b"
        assert header_of(api, "X-Name") == "a B: 49.5"
        assert (header_of(api, "X-Gone"), header_of(api, "X-Version")) == (None, "2")
        assert header_of(api, "Idempotency-Key") == "evt:step"
        assert json.loads(seen.body) == {
            "name": "Ümlaut & Co",
            "mrr": 49.5,
            "parent": 7,
            "gone": {"y": True},
            "said": "It is 49.5.",
        }


async def test_a_form_has_nested_keys_and_our_key(tmp_path: Path) -> None:
    body = {"form": {"items": [{"price": "p", "n": 2}], "on": True, "meta": {"a": "{{ event.amount }}"}}}
    with Api(tmp_path, Reply()) as api:
        await api.ask({"body": body, "once": {"field": "token"}})
        assert parse_qsl(api.server.seen[0].body) == [
            ("items[0][price]", "p"),
            ("items[0][n]", "2"),
            ("on", "true"),
            ("meta[a]", "49.5"),
            ("token", "evt:step"),
        ]


def test_what_is_left_out_is_named_and_what_the_address_needs_refused() -> None:
    def made(operation: dict[str, Any]) -> Request:
        given = {"base_url": "https://x.example", "operations": {"it": {"method": "POST", **operation}}}
        connector = Connector.model_validate(given)
        return request_for(Call("probe", "make it"), connector, connector.operations["it"], VALUES)

    request = made({"path": "/x", "body": {"json": {"a": {"b": "{{ event.nothing }}"}}}})
    assert request.left_out == ("a.b (there is no nothing)",)
    with pytest.raises(Rejected, match="there is no nothing"):
        made({"path": "/{{ event.nothing }}"})


@pytest.mark.parametrize(
    ("operation", "reply", "now"),
    [
        ({}, Reply({"ok": True}, 200), True),
        ({}, Reply("", 204), True),
        ({}, Reply({}, 202), True),
        ({"success": {"done": [409]}}, Reply({"error": "exists"}, 409), False),
        ({"success": {"where": "ok"}}, Reply({"ok": True}), True),
    ],
)
async def test_what_has_worked(tmp_path: Path, operation: dict[str, Any], reply: Reply, now: bool) -> None:
    with Api(tmp_path, reply) as api:
        assert (await api.ask(operation))[1] is now


READ = {"method": "GET"}


@pytest.mark.parametrize(
    ("operation", "reply", "error", "says"),
    [
        ({"success": {"where": "ok"}}, Reply({"ok": False, "error": "no_seat"}), Rejected, "no_seat"),
        ({}, Reply({"Fault": {"Error": [{"Message": "Bad"}]}}, 400), Rejected, "Bad"),
        ({}, Reply({"permissionErrors": []}, 206), Rejected, "206"),
        ({}, Reply({"message": "gone"}, 404), NotFound, "gone"),
        ({}, Reply({"message": "who?"}, 401), Unauthorized, "who"),
        ({}, Reply({}, 409), Rejected, "409"),
        ({}, Reply({}, 429, {"Retry-After": "7"}), RateLimited, "too many calls"),
        ({}, Reply({}, 500), OutcomeUnknown, "did not answer whether"),
        ({}, Reply({}, 503), OutcomeUnknown, "did not answer whether"),
        ({}, Reply({}, 503, {"Retry-After": "7"}), Unavailable, "Could not"),
        (READ, Reply({}, 503), Unavailable, "Could not"),
        (READ, Reply({}, 500), Unavailable, "Could not"),
        ({}, Reply(drop=True), OutcomeUnknown, "did not answer whether"),
        (READ, Reply(drop=True), Unavailable, "Could not"),
        (
            {"retries": {"where": "errorCode == 'LOCK'"}},
            Reply({"errorCode": "LOCK"}, 400),
            OutcomeUnknown,
            "did not answer whether",
        ),
        ({}, Reply("<html>Sign in</html>", 403, content_type="text/html"), Unauthorized, "403"),
        (READ, Reply("x" * 3_000), Rejected, "longer than 2,000 bytes"),
    ],
)
async def test_what_has_not_worked(
    tmp_path: Path, operation: dict[str, Any], reply: Reply, error: type[IntegrationError], says: str
) -> None:
    with Api(tmp_path, reply) as api:
        with pytest.raises(error, match=says) as caught:
            await api.ask(operation, most_bytes=2_000)
        assert type(caught.value) is error


async def test_a_write_whose_answer_is_too_long_was_done(tmp_path: Path) -> None:
    with Api(tmp_path, Reply("x" * 3_000)) as api:
        answer, now = await api.ask({}, most_bytes=2_000)
        assert (answer.body, now) == (None, True)


@pytest.mark.parametrize(
    ("retries", "headers", "seconds"),
    [
        ({}, {"Retry-After": "7"}, 7),
        ({"reset_header": "X-Reset"}, {"X-Reset": "5"}, 5),
        ({"reset_header": "X-Reset"}, {"X-Reset": "soon"}, None),
        ({"reset_header": "X-Reset"}, {"X-Reset": "1000000001"}, 0),
        ({"wait_seconds": 60}, {}, 60),
        ({}, {}, None),
    ],
)
async def test_how_long_to_wait(
    tmp_path: Path, retries: dict[str, Any], headers: dict[str, str], seconds: float | None
) -> None:
    with Api(tmp_path, Reply({}, 429, headers)) as api:
        with pytest.raises(RateLimited) as caught:
            await api.ask({"retries": retries})
        wait = caught.value.retry_after
        assert (None if wait is None else wait.total_seconds()) == seconds


LISTS: list[tuple[dict[str, Any], list[Reply], list[str]]] = [
    (
        {"by": "query_cursor", "rows": "data", "next": "next", "parameter": "after"},
        [Reply({"data": [1, 2], "next": "c 2"}), Reply({"data": [3]})],
        ["/v1/it", "/v1/it?after=c+2"],
    ),
    (
        {"by": "next_link", "rows": "data", "next": "links.next"},
        [Reply({"data": [1, 2], "links": {"next": "/v1/it?cursor=x"}}), Reply({"data": [3], "links": {}})],
        ["/v1/it", "/v1/it?cursor=x"],
    ),
    (
        {"by": "offset", "rows": "data", "parameter": "offset", "size": 2},
        [Reply({"data": [1, 2]}), Reply({"data": [3]})],
        ["/v1/it?offset=0", "/v1/it?offset=2"],
    ),
    (
        {"by": "page", "rows": "data", "parameter": "page", "size": 2},
        [Reply({"data": [1, 2]}), Reply({"data": [3]})],
        ["/v1/it?page=1", "/v1/it?page=2"],
    ),
    (
        {"by": "last_id", "rows": "data", "next": "@", "parameter": "starting_after", "size": 2},
        [Reply({"data": [1, 2]}), Reply({"data": [3]})],
        ["/v1/it", "/v1/it?starting_after=2"],
    ),
]


@pytest.mark.parametrize(("pages", "replies", "paths"), LISTS)
async def test_a_list_is_read_to_its_end(
    tmp_path: Path, pages: dict[str, Any], replies: list[Reply], paths: list[str]
) -> None:
    with Api(tmp_path, *replies) as api:
        assert await api.rows({**READ, "pages": pages}) == [1, 2, 3]
        assert [each.path for each in api.server.seen] == paths


async def test_a_search_goes_on_in_its_body(tmp_path: Path) -> None:
    pages = {"by": "body_cursor", "rows": "data", "next": "next", "parameter": "pagination.after"}
    body = {"json": {"q": "{{ event.amount }}", "pagination": {"per_page": 2}}}
    with Api(tmp_path, Reply({"data": [1, 2], "next": "c2"}), Reply({"data": [3], "next": None})) as api:
        assert await api.rows({"reads": True, "body": body, "pages": pages}) == [1, 2, 3]
        assert json.loads(api.server.seen[1].body) == {
            "q": 49.5,
            "pagination": {"per_page": 2, "after": "c2"},
        }


@pytest.mark.parametrize(
    ("next_", "says"),
    [("http://other.example/x", "at another host"), ("/v1/it", "goes on, but not where")],
)
async def test_a_list_that_leads_elsewhere_or_nowhere_is_refused(
    tmp_path: Path, next_: str, says: str
) -> None:
    pages = {"by": "next_link", "rows": "data", "next": "next"}
    api = Api(tmp_path, Reply({"data": [1], "next": next_}))
    with api, pytest.raises(IntegrationError, match=says):
        await api.rows({**READ, "pages": pages})


async def test_a_list_without_end_has_one(tmp_path: Path) -> None:
    pages = {"by": "page", "rows": "data", "parameter": "page", "size": 1, "most": 3}
    with Api(tmp_path, Reply({"data": [1]})) as api:
        with pytest.raises(Rejected, match="more than 3 pages"):
            await api.rows({**READ, "pages": pages})
        assert len(api.server.seen) == 3
