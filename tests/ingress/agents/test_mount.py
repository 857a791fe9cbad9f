"""Behind a balancer, under a name of its own, and with tokens of ours alone."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from configuration.files import BadConfig
from ingress.agents.declaration import Offer
from ingress.app import create_app
from models.tokens import digest_of, new_token
from settings import Settings
from tests.ingress.agents.calling import OLDER, Session
from tests.ingress.agents.conftest import serving
from tests.ingress.agents.provider import Provider
from tests.ingress.agents.stand_ins import TOOLS


async def test_a_replica_keeps_no_session_and_is_reached_by_its_name(
    provider: tuple[Provider, str], tmp_path: Path
) -> None:
    token = new_token()
    changes: dict[str, Any] = {
        "principals": {"one": {"token_sha256": [digest_of(token)], "scopes": ["customers.read"]}},
        "identity_provider": None,
        "public_url": "https://mogulflow.example.com",
        "replicas": True,
    }
    async with serving(tmp_path, provider, Offer(tools=TOOLS), **changes) as served:
        session = Session(served.http, token)
        params = {"protocolVersion": OLDER, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        response = await session.post("initialize", params)
        assert response.status_code == 200
        assert "mcp-session-id" not in response.headers
        assert (await session.post("tools/list")).status_code == 200
        agent = served.holding(token)
        for host, status in (("mogulflow.example.com", 200), ("example.com", 421)):
            assert (await agent.post("tools/list", headers={"Host": host})).status_code == status
        origin = {"Origin": "https://mogulflow.example.com"}
        assert (await agent.post("tools/list", headers=origin)).status_code == 200
        refused = await served.http.post("/mcp")
        assert refused.status_code == 401
        assert "resource_metadata" not in refused.headers["www-authenticate"]
        assert (await served.http.get("/.well-known/oauth-protected-resource/mcp")).status_code == 404
        assert (await served.holding(served.provider.token(served.url)).post("tools/list")).status_code == 401


async def test_an_open_stream_does_not_hold_up_the_end(
    provider: tuple[Provider, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends as an answer does. Else the server would cut it off after its last seconds, with a trace."""
    async with httpx.AsyncClient(timeout=60) as http:
        async with serving(tmp_path, provider, Offer(tools=TOOLS)) as served:
            session = Session(served.http, served.tokens["reader"])
            await session.begin()
            headers = {**session.headers(), "Accept": "text/event-stream"}
            stream = await http.send(http.build_request("GET", served.url, headers=headers), stream=True)
            assert stream.status_code == 200
        assert [chunk async for chunk in stream.aiter_bytes() if not chunk.startswith(b":")] == []
    assert "timeout graceful shutdown exceeded" not in caplog.text
    assert "Exception in ASGI application" not in caplog.text


def test_a_file_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text("principles: {}\n")
    with pytest.raises(BadConfig, match="did you mean principals"):
        create_app(Settings(agents_file=str(file)))
