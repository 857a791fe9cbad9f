"""Calls of the MCP server as plain HTTP: what clients send, without their help."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

NEWER, OLDER = "2026-07-28", "2025-11-25"
ABOUT = "io.modelcontextprotocol"
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Agent:
    """Of the newer protocol, in which each call stands for itself."""

    http: httpx.AsyncClient
    token: str = ""

    async def post(
        self, method: str, params: dict[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        about = {
            f"{ABOUT}/protocolVersion": NEWER,
            f"{ABOUT}/clientInfo": {"name": "test", "version": "1"},
            f"{ABOUT}/clientCapabilities": {},
        }
        params = {**(params or {}), "_meta": about}
        sent = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": NEWER,
            "Mcp-Method": method,
            **({"Mcp-Name": params["name"]} if "name" in params else {}),
            **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            **(headers or {}),
        }
        body = {"jsonrpc": "2.0", "id": next(NUMBERS), "method": method, "params": params}
        return await self.http.post("/mcp", json=body, headers=sent)

    async def tools(self) -> dict[str, dict[str, Any]]:
        response = await self.post("tools/list")
        assert response.status_code == 200, response.text
        return {each["name"]: each for each in result_of(response)["tools"]}

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The result."""
        response = await self.post("tools/call", {"name": name, "arguments": arguments})
        assert response.status_code == 200, response.text
        return result_of(response)

    async def refused(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The error's JSON, which is all that the result has."""
        result = await self.call(name, **arguments)
        assert result["isError"] is True
        assert "structuredContent" not in result
        [block] = result["content"]
        said: dict[str, Any] = json.loads(block["text"])
        return said


def result_of(response: httpx.Response) -> dict[str, Any]:
    """Of JSON, or of the last event of a stream."""
    body = response.text
    if response.headers["content-type"].startswith("text/event-stream"):
        body = [line.removeprefix("data:") for line in body.splitlines() if line.startswith("data:")][-1]
    result: dict[str, Any] = json.loads(body)["result"]
    return result


@dataclass
class Session:
    """Of the older protocol."""

    http: httpx.AsyncClient
    token: str
    id: str = ""

    async def begin(self) -> None:
        params = {
            "protocolVersion": OLDER,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }
        response = await self.post("initialize", params)
        assert response.status_code == 200, response.text
        self.id = response.headers["mcp-session-id"]
        await self.post("notifications/initialized")

    async def post(
        self, method: str, params: dict[str, Any] | None = None, token: str = ""
    ) -> httpx.Response:
        number = {} if method.startswith("notifications/") else {"id": next(NUMBERS)}
        body = {"jsonrpc": "2.0", "method": method, "params": params or {}, **number}
        return await self.http.post("/mcp", json=body, headers=self.headers(token))

    def headers(self, token: str = "") -> dict[str, str]:
        return {
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {token or self.token}",
            "MCP-Protocol-Version": OLDER,
            **({"Mcp-Session-Id": self.id} if self.id else {}),
        }
