"""Requests of the one way that clients send JSON, where no vendor's own test looks."""

import pytest

from clients.kit.errors import IntegrationError, NotFound, OutcomeUnknown, Rejected, Unavailable
from clients.kit.http import Call, error_for
from clients.kit.rest import Reply, Rest
from tests.contracts.scripted import Reply as Scripted
from tests.contracts.scripted import ScriptedServer

READ = Call("gong", "read a thing")
WRITE = Call("gong", "make a thing", writes=True)


def error_of(call: Call, reply: Reply) -> IntegrationError:
    return error_for(call, reply.status, str(reply.fields.get("said", "")))


async def ask(url: str, call: Call, path: str = "things") -> Reply:
    rest = Rest(url, error_of, timeout_seconds=2, most_bytes=1000)
    try:
        return await rest.ask(call, "POST" if call.writes else "GET", path)
    finally:
        await rest.aclose()


async def test_where_a_proxy_refuses_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(Scripted("", 403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(Unavailable, match="proxy"):
            await ask("https://api.gong.example", WRITE)


@pytest.mark.parametrize(
    ("reply", "call", "error"),
    [
        (Scripted("x" * 2000), READ, Rejected),
        (Scripted("x" * 2000, 404), READ, NotFound),
        (Scripted("", 302, {"Location": "/elsewhere"}), READ, Unavailable),
        (Scripted("", 302, {"Location": "/elsewhere"}), WRITE, Unavailable),
        (Scripted("x", drop=True), READ, Unavailable),
        (Scripted("x", drop=True), WRITE, OutcomeUnknown),
    ],
)
async def test_an_answer_is_judged_by_what_it_may_have_done(
    reply: Scripted, call: Call, error: type[Exception]
) -> None:
    with ScriptedServer(reply) as server:
        with pytest.raises(error):
            await ask(server.url, call)
        assert len(server.seen) == 1


async def test_a_path_keeps_the_query_that_it_has() -> None:
    with ScriptedServer(Scripted({"a": 1})) as server:
        assert (await ask(f"{server.url}/v2/", READ, "/things?after=3")).object(READ) == {"a": 1}
    assert server.seen[0].path == "/v2/things?after=3"
