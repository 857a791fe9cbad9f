"""The MCP server as a part of the ingress's app."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import FastAPI
from mcp.server import CacheHint
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.middleware import Middleware
from temporalio.client import Client

from ingress.agents.callers import Callers
from ingress.agents.challenges import FIRST_SCOPE, Challenges
from ingress.agents.chartmogul import sparing_clients
from ingress.agents.declaration import Offer, Tool
from ingress.agents.server import AgentServer
from ingress.agents.sign_in import SignIn
from ingress.agents.streams import Streams
from models.agents import Agents
from operations.agents.file import AgentsFile
from settings import Settings

PATH = "/mcp"
MOST_BODY_BYTES = 256 * 1024
MOST_SESSIONS, SESSION_IDLE_SECONDS = 200, 15 * 60

LOCAL = ("localhost", "127.0.0.1", "[::1]")
"""No page can make a browser send one of these names to us from another."""


class AgentsMount:
    """Answers at /mcp, for as long as `running` lasts. Raises BadConfig where the file cannot be used."""

    def __init__(
        self,
        settings: Settings,
        temporal: Callable[[], Client | None],
        offer: Offer,
        stopping: asyncio.Event,
    ) -> None:
        file = AgentsFile(settings.agents_file)
        agents = file.current()
        self._url = address_of(agents, settings)
        self._chartmogul = sparing_clients(settings)
        tools = _tools() if offer.tools is None else offer.tools
        self.server = AgentServer(
            tools,
            Callers(settings, file, self._chartmogul, temporal),
            token_verifier=SignIn(file, self._url),
            auth=self._auth(agents),
            subscriptions=False,  # an open stream would hold up the end of the process
            cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="private")},
        )
        if offer.prepare:
            offer.prepare(self.server)
        self.app = self._app(agents, {each.name: each for each in tools})
        self.app.add_middleware(Streams, stopping=stopping)

    def mount(self, app: FastAPI) -> None:
        """Last: it answers to each path that is left."""
        app.mount("/", self.app)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.server.session_manager.run():
            yield
        for client in self._chartmogul.values():
            await client.aclose()

    def _auth(self, agents: Agents) -> AuthSettings:
        """Of whom to get a token there is something to say only where there is an identity provider."""
        provider = agents.identity_provider
        return AuthSettings(
            issuer_url=AnyHttpUrl(provider.issuer if provider else self._url),
            resource_server_url=AnyHttpUrl(self._url) if provider else None,
            validate_token_resource=provider is not None,
        )

    def _app(self, agents: Agents, tools: Mapping[str, Tool]) -> Starlette:
        app = self.server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=agents.replicas,
            max_request_body_size=MOST_BODY_BYTES,
            session_idle_timeout=None if agents.replicas else SESSION_IDLE_SECONDS,
            max_sessions=MOST_SESSIONS,
            transport_security=_security(self._url),
        )
        app.router.redirect_slashes = False
        metadata_url = ""
        if agents.identity_provider:
            resource, issuer = AnyHttpUrl(self._url), AnyHttpUrl(agents.identity_provider.issuer)
            metadata_url = str(build_resource_metadata_url(resource))
            # before the library's own, which names those scopes alone without which nobody is let in
            app.router.routes[:0] = create_protected_resource_routes(resource, [issuer], [FIRST_SCOPE])
        app.user_middleware.append(Middleware(Challenges, tools=tools, metadata_url=metadata_url))
        return app


def _tools() -> Sequence[Tool]:
    from ingress.agents.tools import TOOLS

    return TOOLS


def address_of(agents: Agents, settings: Settings) -> str:
    """Where agents find us."""
    here = f"http://{settings.ingress_host}:{settings.ingress_port}"
    return f"{agents.public_url or here}{PATH}"


def _security(url: str) -> TransportSecuritySettings:
    parts = urlsplit(url)
    names = {parts.hostname or "", *LOCAL}
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[each for name in sorted(names) for each in (name, f"{name}:*")],
        allowed_origins=[
            f"{parts.scheme}://{parts.netloc}",
            *(f"http://{name}{port}" for name in LOCAL for port in ("", ":*")),
        ],
    )
