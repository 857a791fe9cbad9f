"""One delivery, from its body to its answer. Nothing is accepted before its run is durable."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi.responses import JSONResponse
from temporalio.service import RPCError

from clients.kit.errors import Retryable
from dispatch.dead_letters import DeadLetters
from dispatch.deliveries import Ask, Delivery, Irrelevant, Unreadable, event_behind
from dispatch.dispatcher import Dispatched, Dispatcher
from ingress import metrics
from ingress.backlog import Backlog

TEMPORAL_LIMIT_SECONDS = 2
RETRY_AFTER_SECONDS = 30

log = logging.getLogger("mogulflow.ingress")


class _Unconfirmed(Exception):
    """Temporal did not say that the run is there."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.log_fields = {"reason": reason, "detail": detail}


class Intake:
    def __init__(self, dead_letters: DeadLetters, backlog: Backlog, ask: Ask) -> None:
        self._dead_letters, self._backlog, self._ask = dead_letters, backlog, ask

    async def take(self, dispatcher: Dispatcher | None, delivery: Delivery) -> JSONResponse:
        if problem := self._backlog.problem:
            return _later("backlog", {"account": delivery.account, "reason": problem})
        try:
            event = await event_behind(delivery, self._ask)
        except Irrelevant as other:
            metrics.DELIVERIES.labels(result="ignored").inc()
            return JSONResponse({"result": "ignored", "reason": str(other)}, 200)
        except Unreadable as unreadable:
            return await self._keep(dispatcher, delivery, str(unreadable))
        except Retryable as away:
            return _later("unavailable", {"account": delivery.account, "reason": str(away)})
        try:
            async with _confirmed_by(dispatcher) as sure:
                runs = await sure.dispatch(event, received_at=datetime.now(UTC))
        except _Unconfirmed as why:
            return _later("unavailable", {"event_id": event.event_id} | why.log_fields)
        await sure.tell_of_return(event)
        return _taken(event.event_id, event.account, runs)

    async def _keep(self, dispatcher: Dispatcher | None, delivery: Delivery, reason: str) -> JSONResponse:
        try:
            async with _confirmed_by(dispatcher) as sure:
                kept = await self._dead_letters.keep(sure, delivery, reason)
        except _Unconfirmed as why:
            return _later("unavailable", {"account": delivery.account} | why.log_fields)
        metrics.DELIVERIES.labels(result="unreadable" if kept else "unreadable_not_kept").inc()
        extra = {"account": delivery.account, "reason": reason, "kept": kept.workflow_id if kept else None}
        log.warning("delivery unreadable", extra=extra)
        if kept:
            return JSONResponse({"error": reason, "kept": vars(kept)}, 422)
        return JSONResponse(
            {"error": f"{reason} It was not kept: too many like it came within an hour."}, 422
        )


@asynccontextmanager
async def _confirmed_by(dispatcher: Dispatcher | None) -> AsyncIterator[Dispatcher]:
    """The dispatcher; raises _Unconfirmed where Temporal did not answer within the block."""
    if dispatcher is None:
        raise _Unconfirmed("not connected yet")
    try:
        async with asyncio.timeout(TEMPORAL_LIMIT_SECONDS):
            yield dispatcher
    except RPCError as error:
        raise _Unconfirmed(error.status.name, error.message[:200]) from None
    except (TimeoutError, RuntimeError) as error:  # RuntimeError: the first connect failed
        raise _Unconfirmed(type(error).__name__) from None


def _taken(event_id: str, account: str, runs: list[Dispatched]) -> JSONResponse:
    result = _result(runs)
    metrics.DELIVERIES.labels(result=result).inc()
    log.info("event %s", result, extra={"event_id": event_id, "account": account})
    answer: dict[str, Any] = {"event_id": event_id, "result": result}
    answer["runs"] = [vars(run) for run in runs]
    return JSONResponse(answer, 202 if result in ("started", "held") else 200)


def _later(result: str, log_fields: dict[str, str]) -> JSONResponse:
    metrics.DELIVERIES.labels(result=result).inc()
    log.error("delivery sent back for later", extra=log_fields)
    message = "The event was not confirmed: send it again."
    return JSONResponse({"error": message}, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _result(runs: list[Dispatched]) -> str:
    if not runs:
        return "unrouted"
    new = [run for run in runs if run.new]
    if not new:
        return "told" if any(run.told for run in runs) else "duplicate"
    return "held" if all(run.held_by for run in new) else "started"
