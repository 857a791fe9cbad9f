"""The HTTP ingress: verify, understand, start, answer. Nothing is accepted before its run is durable."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import make_asgi_app
from temporalio.service import RPCError

from ingress import metrics
from ingress.chartmogul import Refused, account_of, movement_of, read_body
from ingress.dispatch import Dispatched, Door
from models.events import MrrMovement
from settings import Settings

TEMPORAL_LIMIT_SECONDS = 2
RETRY_AFTER_SECONDS = 30

log = logging.getLogger("mogulflow.ingress")


def create_app(settings: Settings, door: Door) -> FastAPI:
    app = FastAPI(title="Mogulflow ingress", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/metrics", make_asgi_app())
    app.middleware("http")(_log_request)
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
        return await _take(door, event)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        try:
            limit = timedelta(seconds=TEMPORAL_LIMIT_SECONDS)
            async with asyncio.timeout(TEMPORAL_LIMIT_SECONDS):
                up = await door.client.service_client.check_health(timeout=limit)
        except (TimeoutError, RPCError, RuntimeError):
            up = False
        return JSONResponse({"temporal": "reachable" if up else "unreachable"}, 200 if up else 503)

    return app


async def _take(door: Door, event: MrrMovement) -> JSONResponse:
    try:
        async with asyncio.timeout(TEMPORAL_LIMIT_SECONDS):
            runs = await door.dispatch(event, received_at=datetime.now(UTC))
    except (TimeoutError, RPCError, RuntimeError) as error:  # RuntimeError: the first connect failed
        return _unavailable(event, error)
    result = _result(runs)
    metrics.DELIVERIES.labels(result=result).inc()
    log.info("event %s", result, extra={"event_id": event.event_id, "account": event.account})
    answer: dict[str, Any] = {"event_id": event.event_id, "result": result}
    answer["runs"] = [vars(run) for run in runs]
    return JSONResponse(answer, 202 if result == "started" else 200)


def _unavailable(event: MrrMovement, error: Exception) -> JSONResponse:
    metrics.DELIVERIES.labels(result="unavailable").inc()
    reason = {"event_id": event.event_id, "reason": type(error).__name__}
    log.error("Temporal does not answer", extra=reason)
    message = "Temporal does not answer; nothing was started for good. Send it again."
    return JSONResponse(
        {"error": message, "event_id": event.event_id}, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)}
    )


def _result(runs: list[Dispatched]) -> str:
    if not runs:
        return "unrouted"
    return "started" if any(run.new for run in runs) else "duplicate"


async def _log_request(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Access log by route: the path itself holds the secret."""
    started = time.perf_counter()
    response = await call_next(request)
    seconds = time.perf_counter() - started
    route = request.scope.get("route")
    path = getattr(route, "path", "unknown")
    metrics.REQUEST_SECONDS.labels(path=path, status=response.status_code).observe(seconds)
    fields = {"path": path, "status": response.status_code, "took_ms": round(seconds * 1000, 1)}
    log.debug("%s %s", request.method, path, extra=fields)
    return response
