"""Clients that nobody here wrote, as processes: each lists, reads, writes and is refused."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ingress.agents.tools import TOOLS
from tests.emulators.environments import packages_beside, program_of
from tests.ingress.agents.conftest import Served

PROGRAMS = Path(__file__).parent / "programs"

pytestmark = [pytest.mark.slow, pytest.mark.needs_server]


async def said_by(agents: Served, *command: str | Path, exit_code: int = 0) -> Any:
    """The JSON that it prints, or the result in it. It finds neither our packages nor anybody's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TOKEN": agents.tokens["writer"]}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=environment)
    out, errors = await process.communicate()
    assert process.returncode == exit_code, f"{out.decode()}\n{errors.decode()}"
    said = json.loads(out)
    return said.get("result", said)


def is_as_expected(said: Any) -> None:
    assert {"get_customer", "change_tags", "get_run"} <= set(said["tools"])
    assert said["read"]["principal"] == "writer"
    assert said["read"]["name"] == "Fjørd Lābs 漢字"
    assert (said["write"]["run_id"], said["write"]["status"]) == (said["run"]["run_id"], "done")
    assert said["write"]["changes"] == [{"field": "tag vip", "before": False, "after": True}]
    assert said["refused"]["code"] == "unknown_argument"


@pytest.mark.parametrize("version", ["sdk", "client"])
async def test_the_typescript_client(agents: Served, version: str) -> None:
    node = await program_of("mcp")
    program = PROGRAMS / "typescript.mjs"
    is_as_expected(await said_by(agents, node, program, packages_beside(node), version, agents.url))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_python_client(agents: Served, mode: str) -> None:
    is_as_expected(await said_by(agents, sys.executable, PROGRAMS / "of_python.py", mode, agents.url))


async def test_fastmcps_client(agents: Served) -> None:
    python = await program_of("fastmcp")
    is_as_expected(await said_by(agents, python, PROGRAMS / "of_fastmcp.py", agents.url))


def inspector(agents: Served, node: Path, era: str, principal: str = "writer") -> list[str | Path]:
    program = packages_beside(node) / ".bin/mcp-inspector"
    return [
        node, program.resolve(), "--cli", agents.url, "--transport", "http", "--format", "json",
        "--protocol-era", era, "--header", f"Authorization: Bearer {agents.tokens[principal]}", "--method",
    ]  # fmt: skip


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_inspector(agents: Served, era: str) -> None:
    """Its exit code tells of an error."""
    start = inspector(agents, await program_of("mcp"), era)
    call = (*start, "tools/call", "--tool-name")
    change = json.dumps({"customer": "cus_1", "add": ["vip"], "reason": "asked by a test"})
    tools, read, write, refused = await asyncio.gather(
        said_by(agents, *start, "tools/list"),
        said_by(agents, *call, "get_customer", "--tool-arg", "customer=cus_1"),
        said_by(agents, *call, "change_tags", "--tool-args-json", change),
        said_by(agents, *call, "get_run", "--tool-arg", "run=x", exit_code=5),
    )
    run_id = write["structuredContent"]["run_id"]
    run = await said_by(agents, *call, "get_run", "--tool-arg", f"run_id={run_id}")
    is_as_expected(
        {
            "tools": [each["name"] for each in tools["tools"]],
            "read": read["structuredContent"],
            "write": write["structuredContent"],
            "run": run["structuredContent"],
            "refused": json.loads(refused["content"][0]["text"]),
        }
    )


async def test_the_inspector_has_nothing_against_the_schemas_of_our_tools(shipped: Served) -> None:
    start = inspector(shipped, await program_of("mcp"), "modern", "admin")
    tools = await said_by(shipped, *start, "tools/list", "--strict")
    assert [each["name"] for each in tools["tools"]] == [each.name for each in TOOLS]
