"""ASGI layer around everything: logs the calls of the vendors' APIs and lets fault rules strike them."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any, cast

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.kit.shapes import Call, FaultRule, System
from simulators.world import World

APIS: tuple[tuple[System, str], ...] = (
    ("chartmogul", "/v1/"),
    ("salesforce", "/services/"),
    ("slack", "/api/"),
    ("hubspot", "/crm/"),
)
"""Systems, and where below their prefix the API begins; the rest are pages for people."""

BROKEN_JSON = b'{"id": "00T5e0'

SALESFORCE_CODES = {
    400: ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    429: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
}
SALESFORCE_CROWDED = (
    "REQUEST_LIMIT_EXCEEDED",
    "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
)
"""With status 403: long calls are counted, 25 at once and 5 in a developer's org."""

CHARTMOGUL_MESSAGES = {
    401: "No valid API key provided",
    403: "Your trial has expired",
    404: "The requested resource does not exist",
    429: "Request rate exceeded",
}
SLACK_ERRORS = {
    401: "invalid_auth",
    404: "unknown_method",
    429: "ratelimited",
    500: "internal_error",
    503: "service_unavailable",
}
HUBSPOT_ERRORS = {
    400: ("VALIDATION_ERROR", "Invalid input JSON"),
    401: ("INVALID_AUTHENTICATION", "Authentication credentials not found."),
    403: ("MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."),
    404: ("OBJECT_NOT_FOUND", "resource not found"),
    409: ("CONFLICT", "Contact already exists. Existing ID: 10000000001"),
    423: ("LOCKED", "The record is locked."),
    429: ("RATE_LIMITS", "You have reached your ten_secondly_rolling limit."),
    477: ("MIGRATION_IN_PROGRESS", "The account is being moved."),
}
REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Timeout Error"}


class Faults:
    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world
        self._under_way: Counter[System] = Counter()
        """Calls that were taken. One that is refused for their number is not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = _api_call(scope)
        if target is None:
            await self.app(scope, receive, send)
            return
        system, path = target
        call = _Answer(self.app, scope, receive, send)
        if system != "chartmogul":
            await self._logged_call(system, path, call, None)
            return
        with self.world.chartmogul_limits.call(self.world.chartmogul.rules) as refused:
            await self._logged_call(system, path, call, refused)

    async def _logged_call(self, system: System, path: str, call: "_Answer", refused: int | None) -> None:
        world, started = self.world, time.perf_counter()
        world.salesforce_calls += system == "salesforce"
        under_way = self._under_way[system]
        rule = None if refused else world.faults.strike(system, call.scope["method"], path, under_way)
        log, number = world.calls, world.calls.start(_logged(call.scope, system, path, rule))
        taken = not refused and (rule is None or rule.at_once is None)
        self._under_way[system] += taken
        try:
            await self._done(system, call, rule, refused)
        finally:
            self._under_way[system] -= taken
        log.finish(number, call.status, round((time.perf_counter() - started) * 1000, 3))

    async def _done(
        self, system: System, call: "_Answer", rule: FaultRule | None, refused: int | None
    ) -> None:
        if self.world.latency_seconds:
            await asyncio.sleep(self.world.latency_seconds)
        if refused:
            await call.answer(_refusal(system, refused))
        else:
            await (self._strike(rule, call) if rule else call.pass_through())

    async def _strike(self, rule: FaultRule, call: "_Answer") -> None:
        if rule.kind in ("drop_after", "malformed", "slow"):
            await call.hold_back()
        match rule.kind:
            case "drop_before" | "drop_after":
                await call.drop()
            case "malformed":
                await call.answer(Response(BROKEN_JSON, media_type="application/json"))
            case "slow":
                await asyncio.sleep(rule.delay_seconds)
                await call.release()
            case "expired_token":
                self.world.salesforce_tokens.clear()
                await call.answer(_expired(rule.system))
            case "status":
                await call.answer(_status(rule))


class _Answer:
    """One request and what becomes of its answer."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self.app, self.scope, self.receive, self.send = app, scope, receive, send
        self.status: int | None = None
        self._held: list[Message] = []

    async def pass_through(self) -> None:
        await self.app(self.scope, self.receive, self._send)

    async def hold_back(self) -> None:
        """Do the work, and keep the answer."""

        async def hold(message: Message) -> None:
            self._held.append(message)

        await self.app(self.scope, self.receive, hold)

    async def release(self) -> None:
        for message in self._held:
            await self._send(message)

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self._send)

    async def drop(self) -> None:
        """Close the line without a word. uvicorn's `receive` belongs to the object that holds it."""
        while not self._held and (await self.receive()).get("more_body"):
            pass
        cast(Any, self.receive).__self__.transport.abort()
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self.send(message)


def _api_call(scope: Scope) -> tuple[System, str] | None:
    if scope["type"] != "http":
        return None
    for system, start in APIS:
        prefix = f"/{system}"
        if scope["path"].startswith(prefix + start):
            return system, scope["path"].removeprefix(prefix)
    return None


def _logged(scope: Scope, system: System, path: str, rule: FaultRule | None) -> Call:
    return Call.model_construct(
        system=system,
        method=scope["method"],
        path=path,
        query=scope["query_string"].decode(),
        fault=rule.kind if rule else None,
        at=datetime.now(UTC),
    )


def _expired(system: System) -> Response:
    """How each system refuses a credential that was good until now."""
    if system == "slack":
        return JSONResponse({"ok": False, "error": "token_expired"})
    return JSONResponse(_typical_body(system, 401), 401)


def _status(rule: FaultRule) -> Response:
    headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
    if rule.at_once and rule.system == "salesforce" and rule.body is None:
        code, message = SALESFORCE_CROWDED
        return _refusal(rule.system, 403, [{"message": message, "errorCode": code}], headers)
    return _refusal(rule.system, rule.status, rule.body, headers)


def _refusal(
    system: System, status: int, body: Any = None, headers: dict[str, str] | None = None
) -> Response:
    body = body if body is not None else _typical_body(system, status)
    if isinstance(body, str):
        return PlainTextResponse(body, status, headers)
    return JSONResponse(body, status, headers)


def _typical_body(system: System, status: int) -> Any:
    if system == "salesforce":
        code, message = SALESFORCE_CODES.get(status, SALESFORCE_CODES[500])
        return [{"message": message, "errorCode": code}]
    if system == "slack":
        return {"ok": False, "error": SLACK_ERRORS.get(status, "fatal_error")}
    if system == "hubspot" and status < 500:
        category, message = HUBSPOT_ERRORS.get(status, HUBSPOT_ERRORS[400])
        policy = {"policyName": "TEN_SECONDLY_ROLLING"} if status == 429 else {}
        return {"status": "error", "category": category, "message": message} | policy
    if status >= 500:
        return f"{status} {REASONS.get(status, 'Service Unavailable')}"
    message = CHARTMOGUL_MESSAGES.get(status, "Bad request")
    return {"code": status, "message": message, "param": None}
