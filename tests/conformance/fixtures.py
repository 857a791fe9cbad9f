"""What the public suite calls: tools, resources and prompts of the names and behaviour that its scenarios
describe. They stand on the product's own server, for as long as the suite runs."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    ClientCapabilities,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    MissingRequiredClientCapabilityErrorData,
    SamplingCapability,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="

SAID = "For the public suite of the protocol."
ASKING = "test_input_required_result_"

TOOLS = {
    "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource",
    "test_multiple_content_types", "test_tool_with_logging", "test_tool_with_progress", "test_error_handling",
    "test_sampling", "test_elicitation", "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums", "test_missing_capability", "test_streaming_elicitation",
    "test_logging_tool", "test_x_mcp_header",
    "json_schema_2020_12_tool", "test_reconnection", "test_trigger_tool_change", "test_trigger_prompt_change",
    f"{ASKING}elicitation", f"{ASKING}sampling", f"{ASKING}list_roots", f"{ASKING}request_state",
    f"{ASKING}multiple_inputs", f"{ASKING}multi_round", f"{ASKING}tampered_state", f"{ASKING}capabilities",
}  # fmt: skip
"""Some scenarios find nothing to complain of where a tool is missing: all of these must be listed."""

RESOURCES = {"test://static-text", "test://static-binary", "test://watched-resource"}
PROMPTS = {
    "test_simple_prompt", "test_prompt_with_arguments", "test_prompt_with_embedded_resource",
    "test_prompt_with_image", f"{ASKING}prompt",
}  # fmt: skip


def add_to(server: MCPServer[Any]) -> None:
    for add in ADDING:
        add(server)


def _embedded(uri: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    )


def _contents(server: MCPServer[Any]) -> None:
    text = TextContent(type="text", text="This is a simple text response for testing.")
    image = ImageContent(type="image", data=PIXEL, mime_type="image/png")
    audio = AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")
    resource = _embedded("test://embedded-resource", "This is an embedded resource content.")
    contents: dict[str, list[Any]] = {
        "test_simple_text": [text],
        "test_image_content": [image],
        "test_audio_content": [audio],
        "test_embedded_resource": [resource],
        "test_multiple_content_types": [text, image, resource],
    }
    for name, blocks in contents.items():
        server.add_tool(_giving(blocks), name=name, description=SAID, structured_output=False)

    @server.tool(description=SAID)
    def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")


def _giving(blocks: list[Any]) -> Callable[[], list[Any]]:
    return lambda: blocks


def _notices(server: MCPServer[Any]) -> None:
    @server.tool(description=SAID)
    async def test_tool_with_logging(ctx: Context[Any, Any]) -> str:
        for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(said)
            await asyncio.sleep(0.05)
        return "Three messages were sent."

    @server.tool(description=SAID)
    async def test_logging_tool(ctx: Context[Any, Any]) -> str:
        await ctx.info("It ran.")
        return "One message was sent, to whoever asked for such."

    @server.tool(description=SAID)
    async def test_tool_with_progress(ctx: Context[Any, Any]) -> str:
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100, f"Completed step {done} of 100")
            await asyncio.sleep(0.05)
        return "Three steps were told."

    for name in ("test_reconnection", "test_trigger_tool_change", "test_trigger_prompt_change"):
        server.add_tool(lambda: "Nothing changed.", name=name, description=SAID)


class Answer(BaseModel):
    """What the suite answers."""

    username: str
    email: str


class Defaults(BaseModel):
    name: str = Field(default="John Doe")
    age: int = Field(default=30)
    score: float = Field(default=95.5)
    status: str = Field(default="active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = Field(default=True)


def _titled(*values: str) -> list[Any]:
    return [{"const": each, "title": each.capitalize()} for each in values]


class Enums(BaseModel):
    untitledSingle: str = Field(json_schema_extra={"enum": ["option1", "option2", "option3"]})
    titledSingle: str = Field(json_schema_extra={"oneOf": _titled("value1", "value2", "value3")})
    legacyEnum: str = Field(
        json_schema_extra={"enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]}
    )
    untitledMulti: list[str] = Field(
        json_schema_extra={"items": {"type": "string", "enum": ["option1", "option2", "option3"]}}
    )
    titledMulti: list[str] = Field(
        json_schema_extra={"items": {"anyOf": _titled("value1", "value2", "value3")}}
    )


def _old_questions(server: MCPServer[Any]) -> None:
    """Which the server asks while it answers."""

    @server.tool(description=SAID)
    async def test_sampling(prompt: str, ctx: Context[Any, Any]) -> str:
        message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
        result = await ctx.session.create_message(messages=[message], max_tokens=100)
        return f"LLM response: {getattr(result.content, 'text', '')}"

    @server.tool(description=SAID)
    async def test_elicitation(message: str, ctx: Context[Any, Any]) -> str:
        return await _elicited(ctx, message, Answer)

    @server.tool(description=SAID)
    async def test_elicitation_sep1034_defaults(ctx: Context[Any, Any]) -> str:
        return await _elicited(ctx, "Please review the form", Defaults)

    @server.tool(description=SAID)
    async def test_elicitation_sep1330_enums(ctx: Context[Any, Any]) -> str:
        return await _elicited(ctx, "Please select", Enums)

    @server.tool(description=SAID)
    async def test_streaming_elicitation(
        answer: Annotated[ElicitationResult[Answer], Resolve(lambda: Elicit("A word?", Answer))],
    ) -> str:
        return f"action={answer.action}"


async def _elicited(ctx: Context[Any, Any], message: str, schema: type[BaseModel]) -> str:
    result = await ctx.elicit(message, schema)
    content = result.data.model_dump_json() if result.action == "accept" else "{}"
    return f"Elicitation completed: action={result.action}, content={content}"


def _form(message: str, field: str, type_: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": type_}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sampling(text: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=100))


NAME = _form("What is your name?", "name")
CAPITAL = _sampling("What is the capital of France?")
CONFIRM = _form("Please confirm", "ok", "boolean")

ONE_ROUND: dict[str, tuple[Mapping[str, Any], str | None]] = {
    "elicitation": ({"user_name": NAME}, None),
    "sampling": ({"capital_question": CAPITAL}, None),
    "list_roots": ({"client_roots": ListRootsRequest()}, None),
    "request_state": ({"confirm": CONFIRM}, "waits"),
    "tampered_state": ({"confirm": CONFIRM}, "waits"),
    "multiple_inputs": (
        {"user_name": NAME, "greeting": _sampling("A greeting"), "client_roots": ListRootsRequest()},
        "waits",
    ),
}
"""What is asked, and the state that the client hands back: the library seals it."""


def _questions(server: MCPServer[Any]) -> None:
    """Which are the answer, to be called again with theirs."""
    for name, (asked, state) in ONE_ROUND.items():
        tool = _asking(asked, state)
        server.add_tool(tool, name=f"{ASKING}{name}", description=SAID, structured_output=False)

    @server.tool(name=f"{ASKING}multi_round", description=SAID, structured_output=False)
    async def multi_round(ctx: Context[Any, Any]) -> str | InputRequiredResult:
        answers = ctx.input_responses or {}
        if ctx.request_state == "second" and "step2" in answers:
            return "Both are answered."
        if ctx.request_state == "first" and "step1" in answers:
            second = {"step2": _form("Step 2: What is your favorite color?", "color")}
            return InputRequiredResult(input_requests=second, request_state="second")
        first = {"step1": _form("Step 1: What is your name?", "name")}
        return InputRequiredResult(input_requests=first, request_state="first")


def _capabilities(server: MCPServer[Any]) -> None:
    """Which the client says that it has."""

    @server.tool(name=f"{ASKING}capabilities", description=SAID, structured_output=False)
    async def capabilities(ctx: Context[Any, Any]) -> str | InputRequiredResult:
        can = ctx.client_capabilities or ClientCapabilities()
        asked: dict[str, Any] = {}
        if can.elicitation is not None:
            asked["user_name"] = NAME
        if can.sampling is not None:
            asked["capital_question"] = CAPITAL
        if ctx.input_responses or not asked:
            return "All is answered that could be asked."
        return InputRequiredResult(input_requests=asked)

    @server.tool(description=SAID)
    async def test_missing_capability(ctx: Context[Any, Any]) -> str:
        if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
            needed = ClientCapabilities(sampling=SamplingCapability())
            data = MissingRequiredClientCapabilityErrorData(required_capabilities=needed)
            raise MCPError(
                MISSING_REQUIRED_CLIENT_CAPABILITY,
                "Sampling is needed.",
                data.model_dump(by_alias=True, mode="json", exclude_none=True),
            )
        return "The client can do what is needed."


def _asking(asked: Mapping[str, Any], state: str | None) -> Callable[..., Any]:
    async def ask(ctx: Context[Any, Any]) -> str | InputRequiredResult:
        if set(asked) <= set(ctx.input_responses or {}) and ctx.request_state == state:
            return f"state-ok: {', '.join(asked)}"
        return InputRequiredResult(input_requests=dict(asked), request_state=state)

    return ask


DIALECT_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def _schemas(server: MCPServer[Any]) -> None:
    @server.tool(description=SAID)
    def test_x_mcp_header(
        region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
        priority: Annotated[int, Field(json_schema_extra={"x-mcp-header": "Priority"})] = 0,
        verbose: Annotated[bool, Field(json_schema_extra={"x-mcp-header": "Verbose"})] = False,
    ) -> str:
        return f"region={region}, priority={priority}, verbose={verbose}"

    server.add_tool(lambda: "It fits.", name="json_schema_2020_12_tool", description=SAID)
    tool = server._tool_manager.get_tool("json_schema_2020_12_tool")  # no argument takes a schema
    assert tool is not None
    tool.parameters = DIALECT_2020_12


def _resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return base64.b64decode(PIXEL)

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        return "It does not change."

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> dict[str, Any]:
        return {"id": id, "templateTest": True, "data": f"Data for ID: {id}"}


def _prompts(server: MCPServer[Any]) -> None:
    def text(said: str) -> UserMessage:
        return UserMessage(content=TextContent(type="text", text=said))

    @server.prompt(description=SAID)
    def test_simple_prompt() -> list[UserMessage]:
        return [text("This is a simple prompt for testing.")]

    @server.prompt(description=SAID)
    def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
        return [text(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]

    @server.prompt(description=SAID)
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
        resource = _embedded(resourceUri, "Embedded resource content for testing.")
        return [UserMessage(content=resource), text("Please process the embedded resource above.")]

    @server.prompt(description=SAID)
    def test_prompt_with_image() -> list[UserMessage]:
        image = ImageContent(type="image", data=PIXEL, mime_type="image/png")
        return [UserMessage(content=image), text("Please analyze the image above.")]

    @server.prompt(name=f"{ASKING}prompt", description=SAID)
    async def asking(ctx: Context[Any, Any]) -> list[UserMessage] | InputRequiredResult:
        answer = (ctx.input_responses or {}).get("user_context")
        if not isinstance(answer, ElicitResult):
            asked = {"user_context": _form("What context should the prompt use?", "context")}
            return InputRequiredResult(input_requests=asked)
        return [text(f"In the context of {(answer.content or {}).get('context')}.")]


def _handlers(server: MCPServer[Any]) -> None:
    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]
    async def complete(ref: Any, argument: Any, context: Any) -> Completion:
        return Completion(values=[], total=0, has_more=False)

    async def done(ctx: ServerRequestContext[Any, Any], params: Any) -> EmptyResult:
        return EmptyResult()

    lower = server._lowlevel_server  # the way to these that the library has
    lower.add_request_handler("logging/setLevel", SetLevelRequestParams, done)
    lower.add_request_handler("resources/subscribe", SubscribeRequestParams, done)
    lower.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, done)


ADDING = (
    _contents, _notices, _old_questions, _questions, _capabilities, _schemas, _resources, _prompts, _handlers,
)  # fmt: skip
