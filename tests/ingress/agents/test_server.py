"""What a principal sees and calls, and what refusals say."""

import json
import logging
from typing import Any

import httpx
import pytest
from mcp.types import Tool as ListedTool

from commands.logs import LOUD
from commands.serve import listening
from ingress.agents.declaration import Caller, Hints, Tool
from ingress.agents.offering import listed
from ingress.app import create_app
from local.processes import free_ports
from settings import Settings
from tests.ingress.agents.calling import NEWER, Session, result_of
from tests.ingress.agents.conftest import Served
from tests.ingress.agents.stand_ins import SECRET


async def test_each_sees_its_own_tools(agents: Served) -> None:
    assert set(await agents.agent("reader").tools()) == {"get_customer"}
    assert set(await agents.agent("writer").tools()) == {"get_customer", "change_tags", "get_run"}


async def test_the_older_protocol_sees_the_same(agents: Served) -> None:
    session = Session(agents.http, agents.tokens["reader"])
    await session.begin()
    tools = result_of(await session.post("tools/list"))["tools"]
    assert [each["name"] for each in tools] == ["get_customer"]
    call = {"name": "change_tags", "arguments": {}}
    said = result_of(await session.post("tools/call", call))["content"][0]["text"]
    assert json.loads(said)["code"] == "unknown_tool"


async def test_the_list_has_all_hints_and_no_noise(agents: Served) -> None:
    tools = await agents.agent("writer").tools()
    assert tools["change_tags"]["annotations"] == {
        "readOnlyHint": False, "destructiveHint": True, "idempotentHint": True, "openWorldHint": True,
    }  # fmt: skip
    assert set(tools["change_tags"]["inputSchema"]["properties"]) == {"customer", "add", "remove", "reason"}
    assert tools["change_tags"]["inputSchema"]["required"] == ["customer", "reason"]
    assert '"title"' not in json.dumps(tools)
    assert [name for name, each in tools.items() if "outputSchema" in each] == ["get_run"]


def test_only_what_says_nothing_is_left_out_of_a_schema() -> None:
    nothing = [{"type": "null"}, {"type": "string", "title": "A"}]
    schema = {
        "title": "Arguments",
        "properties": {
            "title": {"title": "Title", "type": "string", "default": "title"},
            "name": {"title": "Name", "anyOf": nothing, "default": None, "description": "Of it"},
            "either": {"anyOf": [*nothing, {"type": "integer"}]},
            "count": {"default": 0, "type": "integer"},
            "rows": {"default": [], "items": {"const": {"title": "x"}}},
        },
    }
    short = {
        "properties": {
            "title": {"type": "string", "default": "title"},
            "name": {"type": "string", "description": "Of it"},
            "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "count": {"default": 0, "type": "integer"},
            "rows": {"items": {"const": {"title": "x"}}},
        },
    }
    tool = listed(ListedTool(name="x", input_schema=schema, output_schema=schema))
    assert tool.input_schema == short
    assert tool.output_schema is not None
    assert tool.output_schema["properties"]["name"]["anyOf"] == [{"type": "null"}, {"type": "string"}]
    assert "title" not in tool.output_schema


async def test_one_that_is_hidden_is_as_one_that_there_is_not(agents: Served) -> None:
    hidden, other = [
        await agents.agent("reader").refused(name, x=1) for name in ("change_tags", "change_tugs")
    ]
    assert hidden == json.loads(json.dumps(other).replace("change_tugs", "change_tags"))


async def test_text_and_structure_say_the_same(agents: Served) -> None:
    result = await agents.agent("reader").call("get_customer", customer="cus_1")
    [block] = result["content"]
    assert json.loads(block["text"]) == result["structuredContent"]
    assert "\n" not in block["text"]
    assert '": ' not in block["text"]
    assert "漢字" in block["text"]


async def test_an_argument_that_is_not_known_is_refused(agents: Served) -> None:
    said = await agents.agent("reader").refused("get_customer", customer="x", custmer="y", caller="z")
    assert said["code"] == "unknown_argument"
    assert said["message"] == "Unknown: custmer, caller"
    assert said["next"] == "get_customer takes customer, rows, fault."


async def test_arguments_that_do_not_fit_are_named_without_their_values(agents: Served) -> None:
    said = await agents.agent("writer").refused("change_tags", customer=7, add=SECRET, reason="x")
    assert said["code"] == "invalid_arguments"
    assert all(name in said["message"] for name in ("customer:", "add:", "reason:"))
    assert SECRET not in json.dumps(said)
    assert "http" not in json.dumps(said)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            "told",
            {
                "code": "customer_not_found", "message": "There is none.", "next": "Ask by uuid.",
                "retry_after_seconds": 3,
            },
        ),
        (
            "vendor",
            {
                "code": "chartmogul_unavailable", "message": "It does not answer just now.",
                "retry_after_seconds": 10,
            },
        ),
        (
            "slow",
            {
                "code": "timed_out", "message": "It takes too long.",
                "next": "Ask for less. The same change again is the same run.",
            },
        ),
        (
            "unforeseen",
            {"code": "failed", "message": "It could not be done, by a fault of ours. The log says where."},
        ),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_json(
    agents: Served, fault: str, expected: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert await agents.agent("reader").refused("get_customer", customer="x", fault=fault) == expected
    assert SECRET not in caplog.text


async def test_an_answer_that_is_too_large_is_none(agents: Served) -> None:
    reader = agents.agent("reader")
    assert (await reader.refused("get_customer", customer="x", rows=3_000))["code"] == "too_large"
    result = await reader.call("get_customer", customer="x", rows=2_800)
    assert len(result["content"][0]["text"].encode()) <= 40_000


async def test_it_is_remembered_who_has_read_what_others_wrote(agents: Served) -> None:
    before, after = [
        (
            await agents.holding(agents.provider.token(agents.url, sub="reads")).call(
                "get_customer", customer="x"
            )
        )["structuredContent"]["read_untrusted_before"]
        for _ in range(2)
    ]
    assert (before, after) == (False, True)


async def test_calls_of_a_minute_are_limited_for_each(agents: Served) -> None:
    busy = agents.agent("busy")
    agents.write(limits={"calls_per_minute": 2})
    try:
        results = [(await busy.call("get_customer", customer="x")).get("isError", False) for _ in range(3)]
        assert results == [False, False, True]
        said = await busy.refused("get_customer", customer="x")
        assert said["code"] == "rate_limited"
        assert 1 <= said["retry_after_seconds"] <= 60
        assert not (await agents.agent("rotating").call("get_customer", customer="x")).get("isError")
    finally:
        agents.write()


async def test_the_log_says_who_called_what(agents: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "mogulflow.ingress"):
        await agents.agent("reader").call("get_customer", customer="x")
        await agents.agent("writer").refused("x" * 300)
    calls = [vars(each) for each in caplog.records if each.getMessage() == "an agent's call"]
    said = [(each["principal"], each["tool"], each["result"]) for each in calls]
    assert said == [("reader", "get_customer", "done"), ("writer", "other", "unknown_tool")]


async def test_calls_are_counted_by_tool_and_result(agents: Served) -> None:
    await agents.agent("reader").call("get_customer", customer="x")
    await agents.agent("reader").refused("x" * 300)
    text = (await agents.http.get("/metrics")).text
    assert 'mogulflow_tool_calls_total{result="done",tool="get_customer"}' in text
    assert 'mogulflow_tool_calls_total{result="unknown_tool",tool="other"}' in text
    assert "xxx" not in text
    assert 'mogulflow_http_request_seconds_count{path="/mcp",status="200"}' in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "localhost:1"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:6274"}, 200),
    ],
)
async def test_a_page_cannot_reach_it_through_a_browser(
    agents: Served, headers: dict[str, str], status: int
) -> None:
    assert (await agents.agent("reader").post("tools/list", headers=headers)).status_code == status


async def test_a_header_that_says_another_tool_is_refused(agents: Served) -> None:
    call = {"name": "get_customer", "arguments": {"customer": "x"}}
    assert (await agents.agent("writer").post("tools/call", call, {"Mcp-Name": "get_run"})).status_code == 400


async def test_a_body_that_is_too_long_is_refused(agents: Served) -> None:
    call = {"name": "get_customer", "arguments": {"customer": "x" * 300_000}}
    assert (await agents.agent("reader").post("tools/call", call)).status_code == 413


@pytest.mark.parametrize("body", ["", "[", "[]", "7", "{}", '{"params":' * 50_000, '{"id": "\ud800"}'])
async def test_a_body_that_is_no_call_is_refused(agents: Served, body: str) -> None:
    headers = {"Authorization": f"Bearer {agents.tokens['reader']}", "Content-Type": "application/json"}
    headers |= {"Accept": "application/json, text/event-stream"}
    content = body.encode("utf-8", "surrogatepass")
    assert (await agents.http.post("/mcp", content=content, headers=headers)).status_code in (400, 413)


@pytest.mark.parametrize("path", ["/mcp/", "/mc", "/"])
async def test_there_is_one_address(agents: Served, path: str) -> None:
    assert (await agents.http.post(path)).status_code == 404


async def test_the_rest_of_the_ingress_answers_as_ever(agents: Served) -> None:
    assert (await agents.http.get("/health")).json() == {"status": "ok"}
    assert (await agents.http.post("/webhooks/chartmogul/wrong")).status_code == 404


async def test_nothing_of_a_call_is_in_the_logs(
    agents: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in LOUD:
        monkeypatch.setattr(logging.getLogger(name), "level", logging.WARNING)
    with caplog.at_level(logging.DEBUG):
        for name in LOUD:
            logging.getLogger(name).setLevel(logging.WARNING)
        session = Session(agents.http, agents.tokens["reader"])
        await session.begin()
        for call in ({"customer": SECRET}, {"customer": SECRET, "fault": "unforeseen"}, {SECRET: 1}):
            await session.post("tools/call", {"name": "get_customer", "arguments": call})
        await agents.http.post("/mcp", headers={"Authorization": f"Bearer {agents.tokens['expired']}"})
    ours = [each for each in caplog.records if not each.name.startswith(("asyncio", "hpack"))]
    said = " ".join(f"{each.getMessage()} {each.__dict__} {each.exc_info}" for each in ours)
    secrets = (SECRET, session.id, *agents.tokens.values())
    assert not [each for each in secrets if each in said]


def test_a_description_has_a_limit() -> None:
    async def nothing(caller: Caller) -> Any: ...

    with pytest.raises(ValueError, match="longer than 199"):
        Tool("x", "x" * 200, None, Hints(True, False, True, False), nothing)


async def test_it_is_off_where_there_is_no_file() -> None:
    settings = Settings(ingress_port=free_ports(0)[0])
    async with listening(create_app(settings), settings), httpx.AsyncClient() as http:
        url = f"http://127.0.0.1:{settings.ingress_port}/mcp"
        assert (await http.post(url, json={}, headers={"MCP-Protocol-Version": NEWER})).status_code == 404
