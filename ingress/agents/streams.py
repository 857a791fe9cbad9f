"""Streams of the older protocol, which clients hold open for what the server may tell them."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Streams:
    """Ends them when the process is to stop, as if the client had hung up: the server waits for the end of
    each answer, and these have none."""

    def __init__(self, app: ASGIApp, stopping: asyncio.Event) -> None:
        self._app, self._stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        is_open = False

        async def sending(message: Message) -> None:
            nonlocal is_open
            is_open = message["type"] == "http.response.start" or bool(message.get("more_body"))
            await send(message)

        await self._app(scope, lambda: self._received(receive), sending)
        if is_open:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _received(self, receive: Receive) -> Message:
        message, stop = asyncio.ensure_future(receive()), asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((message, stop), return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            message.cancel()
            stop.cancel()
