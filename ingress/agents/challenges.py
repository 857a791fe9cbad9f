"""What a refusal tells a client: the scopes with which it would not be one."""

from collections.abc import Mapping

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingress.agents.callers import can_ask_for_more, may_use, scopes_of
from ingress.agents.declaration import Tool

FIRST_SCOPE = "metrics.read"
"""What a client asks for at first: more is asked for by the tool that needs it."""

ANY_WRITE = "customers.write"


class Challenges:
    """Behind the library's check of the token. Names the scopes of a 401, and answers a call that needs more
    by 403 before its body is read, where the header names the tool and the token's issuer may give more."""

    def __init__(self, app: ASGIApp, tools: Mapping[str, Tool], metadata_url: str = "") -> None:
        self._app, self._tools, self._metadata_url = app, tools, metadata_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if needed := self._lacking(scope):
            return await self._refusal(needed)(scope, receive, send)
        await self._app(scope, receive, _with_scope(send))

    def _lacking(self, scope: Scope) -> str:
        """All that the next token should have; empty where this one will do."""
        user, tool = scope.get("user"), self._tools.get(Headers(scope=scope).get("mcp-name", "").strip())
        if tool is None or not isinstance(user, AuthenticatedUser):
            return ""
        token: AccessToken = user.access_token
        if not can_ask_for_more(token) or may_use(scopes_of(token), tool):
            return ""
        return " ".join(sorted({*token.scopes, tool.scope or ANY_WRITE}))

    def _refusal(self, needed: str) -> JSONResponse:
        why = "The tool needs another scope"
        says = f'Bearer error="insufficient_scope", error_description="{why}", scope="{needed}"'
        if self._metadata_url:
            says += f', resource_metadata="{self._metadata_url}"'
        body = {"error": "insufficient_scope", "error_description": why}
        return JSONResponse(body, 403, {"www-authenticate": says})


def _with_scope(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 401:
            headers = MutableHeaders(raw=message["headers"])
            says = headers.get("www-authenticate", "")
            if says and "scope=" not in says:
                headers["www-authenticate"] = f'{says}, scope="{FIRST_SCOPE}"'
        await send(message)

    return sending
