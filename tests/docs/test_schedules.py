"""What the README says of schedules: the table is the code, and the lines for a terminal work as shown."""

import asyncio
import os
import re
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

import worker
from clients.chartmogul.settings import ChartMogulAccount
from clients.hubspot.settings import HubSpot
from commands.show import heading
from domains.warehouse.settings import DuckDbWarehouse
from local.devserver import DevServer
from models.movements import CoverageReport, Found
from operations.dates import in_words
from operations.schedules import apply, when
from schedules import declarations
from settings import Settings
from simulators.kit.control import Control
from tests import imported
from tests.conftest import ROOT, running_temporal
from tests.docs.readme import README, table
from tests.waiting import PATIENCE_SECONDS, until_equal

PAST = "coverage/default-2026-11-02T04:40:00Z"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    """Of its own: a poll would act on what other tests do."""
    async with running_temporal(tmp_path_factory.mktemp("readme")) as server:
        yield server


def test_the_table_of_schedules_is_what_is_declared() -> None:
    account = ChartMogulAccount.model_validate({"api_key": "key"})
    declared = declarations(
        Settings(
            chartmogul={"ACCOUNT": account},
            warehouse=DuckDbWarehouse(),
            hubspot=HubSpot(token=SecretStr("-")),
        )
    )
    assert table("schedule") == [
        [
            f"`{each.id}`",
            each.what,
            when(each.spec),
            each.overlap.name.lower().replace("_", " "),
            in_words(each.catch_up),
            in_words(each.timeout),
            each.why,
        ]
        for each in declared
    ]


def test_the_columns_of_coverage_are_all_there_can_be() -> None:
    named = [name for row in table("column") for name in re.findall("`([^`]+)`", row[0])]
    of_sweeps = (Found.STARTED, Found.WOULD_START, Found.KNOWN)
    assert sorted(named) == sorted(heading(found) for found in Found if found not in of_sweeps)


@dataclass(frozen=True)
class Line:
    """A command of the README, and what it says there."""

    words: list[str]
    shown: str


def lines() -> list[Line]:
    text = README.split("```console\n", 1)[1].split("```", 1)[0].replace("\\\n", "")
    found = [part.partition("\n") for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
    return [Line(shlex.split(command), shown) for command, _, shown in found]


async def test_the_lines_for_a_terminal_work_as_shown(
    server: DevServer,
    settings: Settings,
    simulators: Control,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    settings = settings.model_copy(update={"hubspot": None, "salesforce": None})
    await apply(settings)
    client = await server.client()
    async with worker.running(client, settings):
        for line in lines():
            await says(line, tmp_path)
        run = client.get_workflow_handle(PAST, result_type=CoverageReport)
        assert (await run.result()).end == datetime(2026, 11, 2, 4, 40, tzinfo=UTC)
    state = (await client.get_schedule_handle("poll/default").describe()).schedule.state
    assert (state.paused, state.note) == (False, "ChartMogul is back")


async def says(line: Line, home: Path) -> None:
    """Lists run a little behind, so they may be asked again."""

    async def said() -> list[list[str]]:
        return shape(await answer(line.words, home))

    if "list" in line.words:
        await until_equal(said, shape(line.shown))
    else:
        assert await said() == shape(line.shown)


async def answer(words: list[str], home: Path) -> str:
    """Of the command, in a folder whose `.env` says where Temporal is. `./mogulflow` itself, which only finds
    Python, is run by the test below."""
    assert words[0] == "./mogulflow"
    (home / ".env").write_text(f"TEMPORAL_ADDRESS={os.environ['TEMPORAL_ADDRESS']}\n")
    output = home / "output"
    output.unlink(missing_ok=True)
    code = await imported.run(words[1:], kept(), home, PATIENCE_SECONDS)
    assert code == 0, output.read_text()
    return output.read_text()


def kept() -> dict[str, str]:
    """Of the environment: nothing that says where Temporal is."""
    names = [name for name in ("PATH", "HOME", "MOGULFLOW_CACHE_DIR") if name in os.environ]
    return {name: os.environ[name] for name in names} | {"TEMPORAL_CONFIG_FILE": os.devnull}


async def test_the_command_of_temporals_names_the_file_of_settings_as_every_other(
    server: DevServer, tmp_path: Path
) -> None:
    """And what it exits with is Temporal's own."""
    (tmp_path / "ours.env").write_text(f"TEMPORAL_ADDRESS={server.address}\nTEMPORAL_NAMESPACE=nosuch\n")
    words = ["--env", "ours.env", "temporal", "workflow", "list", "--limit", "1"]
    process = await asyncio.create_subprocess_exec(
        *(str(ROOT / "mogulflow"), *words),
        cwd=tmp_path,
        env=kept(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 1
    assert b"nosuch is not found" in output, output


def shape(text: str) -> list[list[str]]:
    """Its words by line, without what depends on the time of day."""
    timeless = re.sub(r"\b(now|\d+ \w+ (ago|from now))\b", "", text)
    return [line.split() for line in timeless.splitlines() if line.strip()]
