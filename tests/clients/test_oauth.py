"""Sign-in with refresh tokens that are replaced: what no vendor's own test looks at."""

import time
from pathlib import Path

import httpx
import pytest

from clients.kit.errors import IntegrationError, RateLimited, Unauthorized, Unavailable
from clients.kit.oauth import App, SignIn
from tests.contracts.scripted import Reply, ScriptedServer


def sign_in(url: str, folder: Path) -> SignIn:
    app = App("xero", f"{url}/token", "id", "app-secret", "first-token", "connect it anew.")
    return SignIn(app, folder / "xero.token")


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply({"error": "invalid_grant"}, 400), Unauthorized, "connect it anew"),
        (Reply({"error": "invalid_client"}, 400), Unauthorized, "invalid_client"),
        (Reply({"error": "unsupported_grant_type"}, 400), IntegrationError, "unsupported_grant_type"),
        (Reply({"error": "slow_down"}, 429), RateLimited, "too many"),
        (Reply("<html>", 404), Unavailable, "maintenance"),
        (Reply("<html>", 200), Unavailable, "no JSON"),
        (Reply({"expires_in": 5}, 200), Unavailable, "no access token"),
        (Reply("", 503), Unavailable, "503"),
    ],
)
async def test_each_refusal_says_what_is_to_be_done(
    tmp_path: Path, reply: Reply, error: type[IntegrationError], says: str
) -> None:
    with ScriptedServer(reply) as server, pytest.raises(error, match=says) as caught:
        await sign_in(server.url, tmp_path).token()
    assert not {"first-token", "app-secret"} & set(str(caught.value).split())
    assert not list(tmp_path.glob("*.token"))


async def test_an_answer_without_a_refresh_token_keeps_the_one_there_is(tmp_path: Path) -> None:
    replies = [Reply({"access_token": f"a{number}", "expires_in": 1}) for number in range(2)]
    with ScriptedServer(*replies) as server:
        one = sign_in(server.url, tmp_path)
        assert [await one.token(), await one.token()] == ["a0", "a1"]  # it ends at once
        assert all("refresh_token=first-token" in str(seen.body) for seen in server.seen)


async def test_a_token_that_was_refused_is_replaced_once(tmp_path: Path) -> None:
    """Also where another process has renewed meanwhile: then its token is taken from the file."""
    given = [{"access_token": f"a{n}", "expires_in": 900, "refresh_token": f"r{n}"} for n in range(2)]
    with ScriptedServer(*map(Reply, given)) as server:
        here, there = sign_in(server.url, tmp_path), sign_in(server.url, tmp_path)
        assert [await here.token(), await there.token()] == ["a0", "a0"]
        assert await here.token(refused_one="a0") == "a1"
        assert await there.token(refused_one="a0") == "a1"
        assert len(server.seen) == 2


async def test_a_second_refusal_is_an_answer(tmp_path: Path) -> None:
    given = {"access_token": "a", "expires_in": 900}
    with ScriptedServer(Reply(given), Reply({}, 401), Reply(given), Reply({}, 401)) as server:
        async with httpx.AsyncClient(auth=sign_in(server.url, tmp_path), trust_env=False) as http:
            assert (await http.get(f"{server.url}/things")).status_code == 401
        assert len(server.seen) == 4


async def test_a_file_that_is_spoilt_is_none(tmp_path: Path) -> None:
    (tmp_path / "xero.token").write_text('{"of": "x", "latest": "y", "access": 5, "ends": "soon"}')
    with ScriptedServer(Reply({"access_token": "a", "expires_in": 900, "refresh_token": "r"})) as server:
        one = sign_in(server.url, tmp_path)
        assert await one.token() == "a"
        assert one._held is not None
        assert one._held.ends > time.time() + 800
