"""Clients that nobody here wrote, as processes: each lists, reads, writes and is refused. ChartMogul's
simulator has then what they wrote."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ingress.agents.callers import may_use
from ingress.agents.tools import TOOLS
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.emulators.environments import packages_beside, program_of
from tests.ingress.agents.conftest import Served

PROGRAMS = Path(__file__).parent / "programs"
OF_THE_WRITER = frozenset({"metrics.read", "customers.read", "customers.write"})

pytestmark = [pytest.mark.slow, pytest.mark.needs_server]


NAME, TAG = "Fjørd Lābs 漢字", "vip"


def named(simulators: Control, number: int) -> str:
    """The uuid of one whom no other test has."""
    uuid = simulators.customers(limit=1, offset=number, case="account")[0].uuid
    simulators.patch_customer(uuid, name=NAME)
    assert TAG not in simulators.attributes(uuid)["tags"]
    return uuid


@pytest.fixture
def customer(simulators: Control) -> str:
    return named(simulators, 0)


async def said_by(agents: Served, *command: str | Path, exit_code: int = 0) -> Any:
    """The JSON that it prints, or the result in it. It finds neither our packages nor anybody's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TOKEN": agents.tokens["writer"]}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=environment)
    out, errors = await process.communicate()
    assert process.returncode == exit_code, f"{out.decode()}\n{errors.decode()}"
    said = json.loads(out)
    return said.get("result", said)


def is_as_expected(said: Any, simulators: Control, customer: str) -> None:
    """What it was told, and what ChartMogul has by then."""
    assert set(said["tools"]) == {each.name for each in TOOLS if may_use(OF_THE_WRITER, each)}
    assert (said["read"]["customer"]["uuid"], said["read"]["customer"]["name"]) == (customer, NAME)
    run = said.get("run", said["write"])
    assert (said["write"]["run_id"], said["write"]["status"]) == (run["run_id"], "done")
    for told in (said["write"], run):
        [change] = told["changes"]
        assert (change["field"], change["before"], change["after"]) == (f"tag {TAG}", False, True)
    assert said["refused"]["code"] == "unknown_argument"
    assert TAG in simulators.attributes(customer)["tags"]
    assert CHARTMOGUL_KEY not in json.dumps(said)


@pytest.mark.parametrize("version", ["sdk", "client"])
async def test_the_typescript_client(real: Served, simulators: Control, customer: str, version: str) -> None:
    node = await program_of("mcp")
    program = PROGRAMS / "typescript.mjs"
    said = await said_by(real, node, program, packages_beside(node), version, real.url, customer)
    is_as_expected(said, simulators, customer)


async def test_the_python_client(real: Served, simulators: Control) -> None:
    """Of both revisions, one after the other."""
    customers = [named(simulators, number) for number in (0, 1)]
    asked = [f"{mode}={each}" for mode, each in zip(("auto", "legacy"), customers, strict=True)]
    told = await said_by(real, sys.executable, PROGRAMS / "of_python.py", real.url, *asked)
    for said, customer in zip(told["modes"], customers, strict=True):
        is_as_expected(said, simulators, customer)


async def test_fastmcps_client(real: Served, simulators: Control, customer: str) -> None:
    python = await program_of("fastmcp")
    said = await said_by(real, python, PROGRAMS / "of_fastmcp.py", real.url, customer)
    is_as_expected(said, simulators, customer)


def inspector(agents: Served, node: Path, era: str, principal: str = "writer") -> list[str | Path]:
    program = packages_beside(node) / ".bin/mcp-inspector"
    return [
        node, program.resolve(), "--cli", agents.url, "--transport", "http", "--format", "json",
        "--protocol-era", era, "--header", f"Authorization: Bearer {agents.tokens[principal]}", "--method",
    ]  # fmt: skip


async def test_the_inspector(real: Served, simulators: Control, customer: str) -> None:
    """Its exit code tells of an error."""
    start = inspector(real, await program_of("mcp"), "legacy")
    tools, read, write, refused = await asyncio.gather(
        said_by(real, *start, "tools/list"),
        said_by(real, *start, *called("get_customer", customer=customer)),
        said_by(real, *start, *called("change_tags", customer=customer, add=[TAG], reason="by a test")),
        said_by(real, *start, *called("get_run", run="x"), exit_code=5),
    )
    is_as_expected(
        {
            "tools": [each["name"] for each in tools["tools"]],
            "read": read["structuredContent"],
            "write": write["structuredContent"],
            "refused": json.loads(refused["content"][0]["text"]),
        },
        simulators,
        customer,
    )


async def test_the_inspector_of_the_newer_revision_has_nothing_against_our_schemas(
    real: Served, simulators: Control, customer: str
) -> None:
    node = await program_of("mcp")
    start, of_all = inspector(real, node, "modern"), inspector(real, node, "modern", "admin")
    tools, read, write = await asyncio.gather(
        said_by(real, *of_all, "tools/list", "--strict"),
        said_by(real, *start, *called("get_customer", customer=customer)),
        said_by(real, *start, *called("change_tags", customer=customer, add=[TAG], reason="by a test")),
    )
    assert [each["name"] for each in tools["tools"]] == [each.name for each in TOOLS]
    assert read["structuredContent"]["customer"]["name"] == NAME
    assert write["structuredContent"]["status"] == "done"
    assert TAG in simulators.attributes(customer)["tags"]


def called(tool: str, **arguments: Any) -> list[str]:
    return ["tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)]
