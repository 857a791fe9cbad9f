"""ASGI layer around everything: logs the calls of the vendors' APIs and lets fault rules strike them."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import unquote_plus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.kit import lists
from simulators.kit.refusal import Refusal
from simulators.kit.shapes import Call, FaultRule, System
from simulators.kit.vendor import Vendor
from simulators.world import World

BROKEN_JSON = b'{"id": "00T5e0'


class Faults:
    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world
        self._apis = [(f"/{vendor.name}{vendor.api}", vendor) for vendor in world.vendors]
        self._under_way: Counter[System] = Counter()
        """Calls that were taken. One that is refused for their number is not."""
        self._asked: dict[str, bytes] = {}
        """The query before, by path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor = self._called(scope)
        if vendor is None:
            await self.app(scope, receive, send)
            return
        call = _Answer(self.app, scope, receive, send)
        with self.world.of(vendor.state).call() as refused:
            await self._logged_call(vendor, call, refused)

    def _called(self, scope: Scope) -> Vendor | None:
        if scope["type"] != "http":
            return None
        return next((vendor for start, vendor in self._apis if scope["path"].startswith(start)), None)

    async def _logged_call(self, vendor: Vendor, call: "_Answer", refused: int | None) -> None:
        world, started, system = self.world, time.perf_counter(), vendor.name
        path = call.scope["path"].removeprefix(f"/{system}")
        under_way = self._under_way[system]
        text = await call.text() if world.faults.reads(system) else ""
        rule = None if refused else world.faults.strike(system, call.scope["method"], path, under_way, text)
        log, number = world.calls, world.calls.start(_logged(call.scope, system, path, rule))
        taken = not refused and (rule is None or rule.at_once is None)
        self._under_way[system] += taken
        try:
            await self._done(vendor, call, rule, refused)
        finally:
            self._under_way[system] -= taken
            self._asked[call.scope["path"]] = call.scope["query_string"]
        log.finish(number, call.status, round((time.perf_counter() - started) * 1000, 3))

    async def _done(
        self, vendor: Vendor, call: "_Answer", rule: FaultRule | None, refused: int | None
    ) -> None:
        if self.world.latency_seconds:
            await asyncio.sleep(self.world.latency_seconds)
        if refused:
            await call.answer(vendor.refusal(refused).response())
        else:
            await (self._strike(vendor, rule, call) if rule else call.pass_through())

    async def _strike(self, vendor: Vendor, rule: FaultRule, call: "_Answer") -> None:
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
                self.world.end_sessions()
                await call.answer(_expired(vendor).response())
            case "status":
                await call.answer(_refusal(vendor, rule).response())
            case "list_ends" | "page_again":
                await self._page(rule, call)

    async def _page(self, rule: FaultRule, call: "_Answer") -> None:
        await call.hold_back()
        if (said := lists.body_of(call.held)) is not None:
            if rule.kind == "list_ends":
                said = lists.ended(said)
            elif before := lists.body_of(await call.asked_as(self._asked.get(call.scope["path"], b""))):
                said = lists.with_rows_of(said, before)
            call.held = lists.with_body(call.held, said)
        await call.release()


class _Answer:
    """One request and what becomes of its answer."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self.app, self.scope, self.receive, self.send = app, scope, receive, send
        self.status: int | None = None
        self.held: list[Message] = []
        self._read: list[Message] = []

    async def text(self) -> str:
        """All that is said. What is read of the body is given to the app as if it came now."""
        while not self._read or self._read[-1].get("more_body"):
            self._read.append(await self.receive())
        body = b"".join(each.get("body", b"") for each in self._read)
        query = self.scope["query_string"].decode()
        return unquote_plus(f"{self.scope['path']}?{query}\n{body.decode(errors='replace')}")

    async def _receive(self) -> Message:
        return self._read.pop(0) if self._read else await self.receive()

    async def pass_through(self) -> None:
        await self.app(self.scope, self._receive, self._send)

    async def hold_back(self) -> None:
        """Do the work, and keep the answer."""

        async def hold(message: Message) -> None:
            self.held.append(message)

        await self.app(self.scope, self._receive, hold)

    async def asked_as(self, query: bytes) -> list[Message]:
        """What another query of that path is answered, which has no body."""
        found: list[Message] = []

        async def hold(message: Message) -> None:
            found.append(message)

        await self.app(dict(self.scope, query_string=query), self._receive, hold)
        return found

    async def release(self) -> None:
        for message in self.held:
            await self._send(message)

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self._send)

    async def drop(self) -> None:
        """Close the line without a word. uvicorn's `receive` belongs to the object that holds it."""
        while not self.held and (await self._receive()).get("more_body"):
            pass
        cast(Any, self.receive).__self__.transport.abort()
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self.send(message)


def _logged(scope: Scope, system: System, path: str, rule: FaultRule | None) -> Call:
    return Call.model_construct(
        system=system,
        method=scope["method"],
        path=path,
        query=scope["query_string"].decode(),
        fault=rule.kind if rule else None,
        at=datetime.now(UTC),
    )


def _expired(vendor: Vendor) -> Refusal:
    return vendor.expired or vendor.refusal(401)


def _refusal(vendor: Vendor, rule: FaultRule) -> Refusal:
    if rule.at_once and vendor.crowded and rule.body is None:
        refusal = vendor.crowded
    else:
        refusal = vendor.refusal(rule.status)
    body = refusal.body if rule.body is None else rule.body
    wait = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
    return Refusal(refusal.status, body, (refusal.headers or {}) | wait)
