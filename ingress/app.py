"""The HTTP ingress: verify, understand, start, answer. Nothing is accepted before its run is durable."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

import temporal
from devserver import namespace_gaps
from ingress import metrics
from ingress.access_log import AccessLog
from ingress.chartmogul import Refused, account_of, movement_of, read_body
from ingress.dispatch import Dispatched, Door
from models.events import MrrMovement
from settings import Settings

TEMPORAL_LIMIT_SECONDS = 2
RETRY_AFTER_SECONDS = 30
HIDDEN = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)
"""How a server answers that shows its namespaces to administrators only."""

log = logging.getLogger("mogulflow.ingress")


def create_app(settings: Settings, door: Door | None = None) -> FastAPI:
    """Without a door every event is 503, until `app.state.door` is set."""
    app = FastAPI(
        title="Mogulflow ingress",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # its Location would repeat the secret
    )
    app.state.door = door
    app.state.prepared = False
    app.add_middleware(AccessLog)
    secrets = {name: account.webhook_secrets for name, account in settings.chartmogul.items()}

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
        event = movement_of(await read_body(request), account)
        return await _take(app.state.door, event)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        problem = await _problem(app)
        return JSONResponse({"temporal": problem or "ready"}, 503 if problem else 200)

    @app.get("/metrics")
    async def prometheus(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(REGISTRY), media_type=content_type)

    return app


async def _take(door: Door | None, event: MrrMovement) -> JSONResponse:
    if door is None:
        return _unavailable(event, {"reason": "not connected yet"})
    try:
        async with asyncio.timeout(TEMPORAL_LIMIT_SECONDS):
            runs = await door.dispatch(event, received_at=datetime.now(UTC))
    except RPCError as error:
        return _unavailable(event, {"reason": error.status.name, "detail": error.message[:200]})
    except (TimeoutError, RuntimeError) as error:  # RuntimeError: the first connect failed
        return _unavailable(event, {"reason": type(error).__name__})
    result = _result(runs)
    metrics.DELIVERIES.labels(result=result).inc()
    log.info("event %s", result, extra={"event_id": event.event_id, "account": event.account})
    answer: dict[str, Any] = {"event_id": event.event_id, "result": result}
    answer["runs"] = [vars(run) for run in runs]
    return JSONResponse(answer, 202 if result == "started" else 200)


def _unavailable(event: MrrMovement, reason: dict[str, str]) -> JSONResponse:
    metrics.DELIVERIES.labels(result="unavailable").inc()
    log.error("Temporal did not confirm the start", extra={"event_id": event.event_id} | reason)
    message = "The event was not confirmed: send it again."
    return JSONResponse(
        {"error": message, "event_id": event.event_id}, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)}
    )


def _result(runs: list[Dispatched]) -> str:
    if not runs:
        return "unrouted"
    return "started" if any(run.new for run in runs) else "duplicate"


async def _problem(app: FastAPI) -> str | None:
    """Why events cannot be taken now. What the namespace lacks is asked until it lacks nothing."""
    door: Door | None = app.state.door
    if door is None:
        return "unreachable"
    try:
        async with asyncio.timeout(TEMPORAL_LIMIT_SECONDS):
            if not await door.client.service_client.check_health(
                timeout=timedelta(seconds=TEMPORAL_LIMIT_SECONDS)
            ):
                return "unreachable"
            lacking = None if app.state.prepared else await _lacking(door.client)
    except (TimeoutError, RPCError, RuntimeError):
        return "unreachable"
    app.state.prepared = lacking is None
    return lacking


async def _lacking(client: Client) -> str | None:
    try:
        gaps = await namespace_gaps(client)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return f"there is no namespace {client.namespace}"
        if error.status in HIDDEN:
            return None
        raise
    lacking = []
    if gaps.search_attributes:
        lacking.append(f"search attributes {', '.join(gaps.search_attributes)}")
    if gaps.retention is not None:
        lacking.append(f"{temporal.RETENTION.days} days of retention")
    return f"namespace {client.namespace} lacks {' and '.join(lacking)}" if lacking else None
