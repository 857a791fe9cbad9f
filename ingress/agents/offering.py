"""A declared tool as the library takes it, and its schemas as agents get them."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, get_type_hints

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, ToolAnnotations

from ingress.agents.answers import CodedError, answer_of, failure_of
from ingress.agents.callers import Callers
from ingress.agents.declaration import Hints, Tool, ToolFailed

ANSWER_SECONDS = 30
"""Within which a tool has to answer: clients give up after 60, and call again."""


def offer(server: MCPServer[Any], tool: Tool, callers: Callers) -> None:
    server.add_tool(
        _callable_of(tool, callers),
        name=tool.name,
        description=tool.description,
        annotations=_annotations(tool.hints),
        structured_output=None if tool.lists_answer else False,
    )


def _annotations(hints: Hints) -> ToolAnnotations:
    return ToolAnnotations(
        read_only_hint=hints.read_only,
        destructive_hint=hints.destructive,
        idempotent_hint=hints.idempotent,
        open_world_hint=hints.open_world,
    )


def _callable_of(tool: Tool, callers: Callers) -> Callable[..., Awaitable[CallToolResult]]:
    """Without its first parameter, which is no argument of the tool."""

    async def call(**arguments: Any) -> CallToolResult:
        token = get_access_token()
        if token is None:
            raise CodedError(ToolFailed("not_allowed", "Nobody is signed in."))
        caller = callers.of(token)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                record = await tool.call(caller, **arguments)
            answer = answer_of(record)
        except Exception as error:
            raise CodedError(failure_of(error)) from None
        if getattr(record, "untrusted_fields", None):
            callers.note_untrusted(caller)
        return answer

    signature = inspect.signature(tool.call)
    hints = get_type_hints(tool.call, include_extras=True)
    _, *arguments = [
        each.replace(annotation=hints.get(each.name, Any), kind=inspect.Parameter.KEYWORD_ONLY)
        for each in signature.parameters.values()
    ]
    answer = Annotated[CallToolResult, hints["return"]] if tool.lists_answer else CallToolResult
    call.__signature__ = signature.replace(parameters=arguments, return_annotation=answer)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in arguments} | {"return": answer}
    call.__name__ = call.__qualname__ = tool.name
    return call


def without_titles(schema: Any) -> Any:
    """pydantic's, which repeat the names: a fifth of the list. A property that is called `title` stays."""
    if isinstance(schema, list):
        return [without_titles(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: _without_titles_below(name, each)
        for name, each in schema.items()
        if name != "title" or not isinstance(each, str)
    }


def _without_titles_below(name: str, each: Any) -> Any:
    if name in ("properties", "$defs") and isinstance(each, Mapping):
        return {inner: without_titles(below) for inner, below in each.items()}
    return each if name in ("default", "const", "enum", "examples") else without_titles(each)
