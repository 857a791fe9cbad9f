"""The HTTP ingress: who may ask what, and where it goes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from temporalio.client import Client

from clients.recurly.pointed import PointedAt
from dispatch.dead_letters import DeadLetters
from dispatch.deliveries import CHARTMOGUL, Delivery
from dispatch.dispatcher import Dispatcher
from ingress import metrics
from ingress.access_log import AccessLog
from ingress.agents.declaration import Offer
from ingress.backlog import Backlog
from ingress.intake import Intake
from ingress.readiness import Readiness
from ingress.slack.route import add_interactivity
from ingress.webhooks import billing
from ingress.webhooks.account import account_of
from ingress.webhooks.body import Refused, read_body
from models.agents import Agents
from operations.agents.file import agents_now
from settings import Settings

log = logging.getLogger("mogulflow.ingress")


def create_app(
    settings: Settings,
    dispatcher: Dispatcher | None = None,
    offer: Offer = Offer(),
    agents: Callable[[], Agents] | None = None,
) -> FastAPI:
    """Without a dispatcher every event is 503, until `app.state.dispatcher` is set; `app.state.stopping` ends
    streams that would have no end. `offer` is for tests; `agents` gives the file of those who may ask and
    decide as it is now, where somebody reads it already. Raises BadConfig where that file cannot be used."""
    agents = agents or agents_now(settings)
    backlog, pointed_at = Backlog(settings.backlog_limit_seconds), PointedAt(settings.recurly)
    closing = AsyncExitStack()
    closing.push_async_callback(pointed_at.aclose)
    app = FastAPI(
        title="Mogulflow ingress",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # its Location would repeat the secret
        lifespan=_watching(backlog, closing),
    )
    app.state.dispatcher, app.state.stopping = dispatcher, asyncio.Event()
    app.add_middleware(AccessLog)
    secrets = {name: account.webhook_secrets for name, account in settings.chartmogul.items()}
    intake = Intake(DeadLetters(settings.unreadable_kept_per_hour), backlog, pointed_at)
    readiness = Readiness(backlog)
    add_interactivity(app, settings.slack, lambda: _client(app), agents, closing)

    @app.exception_handler(Refused)
    async def refuse(_: Request, refused: Refused) -> JSONResponse:
        metrics.DELIVERIES.labels(result="refused").inc()
        log.warning("delivery refused", extra={"status": refused.status, "reason": refused.message})
        return JSONResponse({"error": refused.message}, refused.status, {"Connection": "close"})

    @app.post("/webhooks/chartmogul/{secret}")
    async def chartmogul(secret: str, request: Request) -> JSONResponse:
        account = account_of(secret, secrets)
        if account is None:
            raise Refused(404, "No such webhook. Check the secret at the end of the URL.")
        delivery = Delivery(CHARTMOGUL, account, await read_body(request))
        return await intake.take(app.state.dispatcher, delivery)

    @app.post("/webhooks/{system}/{secret}")
    async def of_billing(system: str, secret: str, request: Request) -> JSONResponse:
        delivery = await billing.delivery_of(system, secret, request, settings)
        return await intake.take(app.state.dispatcher, delivery)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        problem = await readiness.problem(app.state.dispatcher)
        return JSONResponse({"temporal": problem or "ready"}, 503 if problem else 200)

    @app.get("/metrics")
    async def prometheus(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(REGISTRY), media_type=content_type)

    _mount_agents(app, settings, offer)
    return app


def _mount_agents(app: FastAPI, settings: Settings, offer: Offer) -> None:
    """Last, and only where they are wished for: the library takes half a second to import."""
    app.state.agents = None
    if Path(settings.agents_file).exists():
        from ingress.agents.mount import AgentsMount

        app.state.agents = AgentsMount(settings, lambda: _client(app), offer, app.state.stopping)
        app.state.agents.mount(app)


def _watching(backlog: Backlog, closing: AsyncExitStack) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(backlog.watch(lambda: _client(app)))
        async with AsyncExitStack() as stack:
            if app.state.agents:
                await stack.enter_async_context(app.state.agents.running())
            yield
        watch.cancel()
        await closing.aclose()

    return lifespan


def _client(app: FastAPI) -> Client | None:
    dispatcher: Dispatcher | None = app.state.dispatcher
    return dispatcher.client if dispatcher else None
