"""Socket Mode: apps without a public address connect to us, and are sent what people do. A server of its own,
on a port of its own, which is opened when an app first asks for it."""

import asyncio
import secrets
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from simulators.slack.workspace import APP_ID

ANSWER_SECONDS = 3
MOST_CONNECTIONS = 10


class Sockets:
    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._tickets: set[str] = set()
        self._connections: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self.ever = 0
        """Connections so far."""
        self.acknowledged: list[str] = []
        """Ids of envelopes, in the order in which they were."""

    def __len__(self) -> int:
        return len(self._connections)

    async def open(self, host: str) -> str:
        """An address that is good once, at the host by which we were called."""
        if self._runner is None:
            await self._listen(host)
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"ws://{host}:{self._port}/link?ticket={ticket}&app_id={APP_ID}"

    async def send(self, payload: dict[str, Any]) -> bool:
        """To one of those that are connected; whether it was acknowledged in time."""
        connection, envelope = secrets.choice(self._connections), str(uuid4())
        self._waiting[envelope] = asyncio.get_running_loop().create_future()
        body = {"envelope_id": envelope, "type": "interactive", "payload": payload}
        try:
            await connection.send_json(body | {"accepts_response_payload": False})
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._waiting[envelope]
        except (TimeoutError, ConnectionError):
            return False
        finally:
            del self._waiting[envelope]
        return True

    async def disconnect(self) -> None:
        """As Slack does now and then: apps are told to connect anew."""
        for each in list(self._connections):
            await each.send_json({"type": "disconnect", "reason": "refresh_requested"})

    async def close(self) -> None:
        for each in list(self._connections):
            await each.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _listen(self, host: str) -> None:
        app = web.Application()
        app.router.add_get("/link", self._link)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        here = host in ("127.0.0.1", "localhost")
        await web.TCPSite(runner, "127.0.0.1" if here else "0.0.0.0", 0).start()
        self._runner, self._port = runner, runner.addresses[0][1]

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or len(self._connections) >= MOST_CONNECTIONS:
            return web.Response(status=404)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({
            "type": "hello",
            "num_connections": len(self._connections) + 1,
            "connection_info": {"app_id": APP_ID},
        })  # fmt: skip
        self._connections.append(socket)
        self.ever += 1
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.json().get("envelope_id"))
        finally:
            self._connections.remove(socket)
        return socket

    def _acknowledge(self, envelope: str) -> None:
        self.acknowledged.append(envelope)
        waiting = self._waiting.get(envelope)
        if waiting and not waiting.done():
            waiting.set_result(None)
