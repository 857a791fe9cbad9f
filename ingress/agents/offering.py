"""A declared tool as the library takes it, and its schemas as agents get them."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, get_type_hints

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, ToolAnnotations
from mcp.types import Tool as ListedTool

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


def listed(tool: ListedTool) -> ListedTool:
    """Shorter by a third. Of an answer stays what may be null: clients check it."""
    schemas = {"input_schema": _each(tool.input_schema, lambda node: _without_nothing(_without_title(node)))}
    if tool.output_schema is not None:
        schemas["output_schema"] = _each(tool.output_schema, _without_title)
    return tool.model_copy(update=schemas)


Node = dict[str, Any]
LITERAL = ("default", "const", "enum", "examples", "required")
NAMED = ("properties", "$defs")
"""Below these are no schemas, and names of them."""


def _each(schema: Any, change: Callable[[Node], Node]) -> Any:
    """Each schema in it, from within."""
    if isinstance(schema, list):
        return [_each(each, change) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return change({name: _below(name, each, change) for name, each in schema.items()})


def _below(name: str, each: Any, change: Callable[[Node], Node]) -> Any:
    if name in NAMED and isinstance(each, Mapping):
        return {inner: _each(below, change) for inner, below in each.items()}
    return each if name in LITERAL else _each(each, change)


def _without_title(node: Node) -> Node:
    """pydantic's, which repeats the name."""
    return {name: each for name, each in node.items() if name != "title" or not isinstance(each, str)}


def _without_nothing(node: Node) -> Node:
    """What can be left out need not be null besides, and its default need not be told where it is nothing."""
    kept = {name: each for name, each in node.items() if name != "default" or each not in (None, "", [], {})}
    some = [each for each in kept.get("anyOf", []) if each != {"type": "null"}]
    if len(some) == 1:
        return {**some[0], **{name: each for name, each in kept.items() if name != "anyOf"}}
    return kept | ({"anyOf": some} if some else {})
