"""One ingress with the MCP server, and one identity provider, for all tests of the folder."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML
from temporalio.client import Client

from clients.chartmogul.settings import ChartMogulAccount
from commands.serve import listening
from dispatch.dispatcher import Dispatcher
from ingress.agents.declaration import Offer
from ingress.app import create_app
from local.processes import free_ports
from models.agents import Scope
from models.routes import Routes
from models.tokens import digest_of, new_token
from settings import Settings
from tests.ingress.agents.calling import Agent
from tests.ingress.agents.provider import ISSUER, Provider
from tests.ingress.agents.stand_ins import TOOLS

OWNER = "ana@vendor.example"

NOWHERE = ChartMogulAccount(api_key=SecretStr("key"), base_url="http://127.0.0.1:9/v1")


@dataclass(frozen=True)
class Served:
    """`tokens` by principal; what `write` is given goes into the file in the place of what is there."""

    http: httpx.AsyncClient
    url: str
    file: Path
    tokens: dict[str, str]
    provider: Provider
    content: dict[str, Any]

    def agent(self, principal: str) -> Agent:
        return Agent(self.http, self.tokens[principal])

    def holding(self, token: str) -> Agent:
        return Agent(self.http, token)

    def write(self, **changes: Any) -> None:
        """Under another name first, as editors do: the file is never half of one."""
        partial = self.file.with_suffix(".new")
        with partial.open("w") as opened:
            YAML().dump(self.content | changes, opened)
        os.replace(partial, self.file)


@pytest.fixture(scope="session")
async def provider() -> AsyncIterator[tuple[Provider, str]]:
    provider, port = Provider(), free_ports(0)[0]
    async with listening(provider.app, Settings(ingress_port=port)):
        yield provider, f"http://127.0.0.1:{port}/keys"


@asynccontextmanager
async def serving(
    folder: Path,
    provider: tuple[Provider, str],
    offer: Offer,
    stack: tuple[Settings, Client] | None = None,
    **changes: Any,
) -> AsyncIterator[Served]:
    """Where there is no `stack`, there is nobody behind it. `changes` are of the file; what is None is left
    out of it."""
    port = free_ports(0)[0]
    url = f"http://127.0.0.1:{port}"
    names = ("reader", "writer", "busy", "expired", "rotating", "older", "admin")
    tokens = {name: new_token() for name in names}
    file = folder / "agents.yaml"
    content = _content(tokens, f"{url}/mcp", provider[1]) | changes
    content = {name: each for name, each in content.items() if each is not None}
    settings, client = stack or (Settings(chartmogul={"default": NOWHERE}), None)
    settings = settings.model_copy(update={"ingress_port": port, "agents_file": str(file)})
    dispatcher = Dispatcher(client, Routes(routes=[]), settings.web_ui_url) if client else None
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        served = Served(http, f"{url}/mcp", file, tokens, provider[0], content)
        served.write()
        async with listening(create_app(settings, dispatcher, offer), settings):
            yield served


@pytest.fixture(scope="session")
async def agents(
    provider: tuple[Provider, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """With tools that stand in for ours."""
    async with serving(tmp_path_factory.mktemp("agents"), provider, Offer(tools=TOOLS)) as served:
        yield served


@pytest.fixture(scope="session")
async def shipped(
    provider: tuple[Provider, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """With our tools."""
    async with serving(tmp_path_factory.mktemp("shipped"), provider, Offer()) as served:
        yield served


@pytest.fixture(scope="session")
async def real(
    provider: tuple[Provider, str],
    settings: Settings,
    client: Client,
    workers: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Served]:
    """With our tools, in front of Temporal, workers and the simulators."""
    folder = tmp_path_factory.mktemp("real")
    async with serving(folder, provider, Offer(), (settings, client)) as served:
        yield served


def _content(tokens: dict[str, str], audience: str, keys: str) -> dict[str, Any]:
    digests = {name: digest_of(token) for name, token in tokens.items()}
    reads = ["metrics.read", "customers.read"]
    return {
        "principals": {
            "reader": {"token_sha256": [digests["reader"]], "scopes": reads, "owner": OWNER},
            "writer": {"token_sha256": [digests["writer"]], "scopes": [*reads, "customers.write"]},
            "admin": {"token_sha256": [digests["admin"]], "scopes": list(get_args(Scope))},
            "busy": {"token_sha256": [digests["busy"]], "scopes": reads},
            "expired": {"token_sha256": [digests["expired"]], "scopes": reads, "expires": "2026-01-01"},
            "rotating": {"token_sha256": [digests["rotating"], digests["older"]], "scopes": reads},
            "idp:*": {"scopes_from": "scope"},
            "idp:fixed": {"scopes": ["customers.read"]},
        },
        "limits": {"calls_per_minute": 1000},
        "identity_provider": {"issuer": ISSUER, "jwks_url": keys, "audience": audience},
    }
