"""Access log and timing by route: the path itself holds the secret."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingress import metrics

log = logging.getLogger("mogulflow.ingress")


class AccessLog:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            _note(scope, status, time.perf_counter() - started)


def _note(scope: Scope, status: int, seconds: float) -> None:
    path = getattr(scope.get("route"), "path", "unknown")
    metrics.REQUEST_SECONDS.labels(path=path, status=status).observe(seconds)
    fields = {"path": path, "status": status, "took_ms": round(seconds * 1000, 1)}
    log.debug("%s %s", scope["method"], path, extra=fields)
