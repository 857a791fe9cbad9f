"""The MCP server: each principal sees its own tools, and calls them within its limits."""

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult
from mcp.types import Tool as ListedTool
from pydantic import ValidationError

from ingress import metrics
from ingress.agents.answers import CodedError, invalid
from ingress.agents.callers import Callers, may_use, name_of, scopes_of
from ingress.agents.declaration import Tool, ToolFailed
from ingress.agents.limits import CallsPerMinute
from ingress.agents.offering import listed, offer

log = logging.getLogger("mogulflow.ingress")

TOOL_SET = "1"
"""Names and arguments of tools never change: another set would have another number."""

INSTRUCTIONS = (
    "ChartMogul, with money in hundredths of the account's currency and dates in its time zone. "
    "Each change is a run: it is previewed, and may wait for a person's decision. "
    "Ask get_run with its run_id how it stands; the same call again is the same run."
)


class AgentServer(MCPServer[Any]):
    """Of the declared tools a principal sees those that its scopes allow. Others are what tests add: all see
    them."""

    def __init__(self, tools: Sequence[Tool], callers: Callers, **options: Any) -> None:
        super().__init__(
            "mogulflow", title="Mogulflow", instructions=INSTRUCTIONS, version=TOOL_SET, **options
        )
        self._declared = {each.name: each for each in tools}
        self._callers, self._calls = callers, CallsPerMinute()
        for each in tools:
            offer(self, each, callers)

    async def list_tools(self) -> list[ListedTool]:
        token = get_access_token()
        if token is None:
            return []
        return [each for each in await self.all_tools() if self._sees(token, each.name)]

    async def all_tools(self) -> list[ListedTool]:
        """As they are listed to whoever may use them."""
        return [listed(each) for each in await super().list_tools()]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        began, result = time.perf_counter(), "cancelled"
        try:
            answer = await self._call(name, arguments, context)
            result = "done"
            return answer
        except CodedError as error:
            result = error.code
            raise
        except Exception:
            result = "failed"
            raise
        finally:
            tool = name if name in self._declared else "other"
            log.info("an agent's call", extra={"principal": _caller(), "tool": tool, "result": result})
            metrics.TOOL_CALLS.labels(tool=tool, result=result).inc()
            metrics.TOOL_SECONDS.labels(tool=tool).observe(time.perf_counter() - began)

    async def _call(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None
    ) -> CallToolResult | InputRequiredResult:
        token = get_access_token()
        if token is None:
            raise CodedError(ToolFailed("not_allowed", "Nobody is signed in."))
        self._count(token)
        await self._check(token, name, arguments)
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, CodedError):
                raise error.__cause__ from None
            if isinstance(error.__cause__, ValidationError):
                raise CodedError(invalid(error.__cause__)) from None
            raise

    def _count(self, token: AccessToken) -> None:
        limit = self._callers.file.current().limits.calls_per_minute
        if (wait := self._calls.take(name_of(token), limit)) > 0:
            raise CodedError(
                ToolFailed(
                    "rate_limited",
                    f"No more than {limit} calls a minute.",
                    retry_after_seconds=math.ceil(wait),
                )
            )

    async def _check(self, token: AccessToken, name: str, arguments: dict[str, Any]) -> None:
        """One that it may not use is as one that there is not. The library drops arguments it does not know,
        and the agent would never learn that it has misspelt one."""
        found = next((each for each in await super().list_tools() if each.name == name), None)
        if found is None or not self._sees(token, name):
            raise CodedError(
                ToolFailed(
                    "unknown_tool", f"Unknown tool: {name[:100]}", next="tools/list has those there are."
                )
            )
        known = found.input_schema.get("properties", {})
        if unknown := [each[:50] for each in arguments if each not in known]:
            raise CodedError(
                ToolFailed(
                    "unknown_argument",
                    f"Unknown: {', '.join(unknown[:5])}",
                    next=f"{name} takes {', '.join(known) or 'no arguments'}.",
                )
            )

    def _sees(self, token: AccessToken, name: str) -> bool:
        declared = self._declared.get(name)
        return declared is None or may_use(scopes_of(token), declared)


def _caller() -> str:
    token = get_access_token()
    return name_of(token) if token else ""
