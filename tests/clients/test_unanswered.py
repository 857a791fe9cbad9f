"""Why no answer came is told in words, without what was sent."""

import aiohttp
import pytest

from clients.unanswered import unanswered
from processes import free_ports


async def asked(url: str, proxy: str | None = None) -> str:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        with pytest.raises((aiohttp.ClientError, OSError)) as caught:
            await session.get(f"{url}/customers?email=ann@example.com", proxy=proxy)
    return unanswered(caught.value, f"{url}/customers?email=ann@example.com")


async def test_neither_path_nor_query_nor_credentials_are_told() -> None:
    port = free_ports(0)[0]
    assert await asked(f"http://me:secret@127.0.0.1:{port}") == f"nothing answers at http://127.0.0.1:{port}"


async def test_of_a_proxy_that_is_away_it_is_the_proxy_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = f"http://me:secret@127.0.0.1:{free_ports(0)[0]}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    said = await asked("http://api.example.invalid", proxy=proxy)
    assert said == f"nothing answers at the proxy {proxy.replace('me:secret@', '')}"
