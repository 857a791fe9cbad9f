"""Why no answer came is told in words, without what was sent."""

import errno

import aiohttp
import pytest

from clients.kit.unanswered import UNREADABLE, unanswered
from local.processes import free_ports


async def asked(url: str, proxy: str | None = None) -> str:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        with pytest.raises((aiohttp.ClientError, OSError)) as caught:
            await session.get(f"{url}/customers?email=ann@example.com", proxy=proxy)
    return unanswered(caught.value, f"{url}/customers?email=ann@example.com")


async def test_neither_path_nor_query_nor_credentials_are_told() -> None:
    port = free_ports(0)[0]
    assert await asked(f"http://me:secret@127.0.0.1:{port}") == f"nothing answers at http://127.0.0.1:{port}"


@pytest.mark.parametrize("port", ["abc", "99999"])
def test_an_address_that_cannot_be_read_is_no_other_error(port: str) -> None:
    assert unanswered(OSError(), f"http://localhost:{port}") == UNREADABLE


def test_of_an_endless_chain_the_outermost_are_looked_at() -> None:
    error: Exception = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    for _ in range(1000):
        error = OSError(error, *(OSError() for _ in range(3)))
    assert unanswered(error, "http://127.0.0.1:9") == "http://127.0.0.1:9 hung up without an answer"


async def test_of_a_proxy_that_is_away_it_is_the_proxy_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = f"http://me:secret@127.0.0.1:{free_ports(0)[0]}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    said = await asked("http://api.example.invalid", proxy=proxy)
    assert said == f"nothing answers at the proxy {proxy.replace('me:secret@', '')}"
