"""`mogulflow demo` as a person runs it: what it claims holds, and nothing of it stays behind."""

import asyncio
import os
import re
import shutil
import signal
import socket
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from dotenv import dotenv_values
from rich.console import Console

from local.demo.claims import Claim
from local.demo.demo import verdict
from local.processes import locked
from local.stack import OURS, ROOT
from tests import imported
from tests.service.conftest import WIDE, started, started_of
from tests.waiting import output_of, until, until_said

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A state folder of its own: a person's demo may be up."""
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS)}
    return clean | {"MOGULFLOW_STATE_DIR": str(tmp_path / "state"), "PYTHONUNBUFFERED": "1"}


def anything_left(state: Path) -> list[str]:
    """What still answers, or still holds Temporal's database."""
    [file] = state.glob("*.env")
    settings = dotenv_values(file)
    names = ("SALESFORCE__INSTANCE_URL", "INGRESS_URL", "WEB_UI_URL", "TEMPORAL_ADDRESS")
    left = [name for name in names if _answers(str(settings[name]))]
    try:
        with locked(state / "temporal.lock"):
            return left
    except BlockingIOError:
        return [*left, "the database"]


def _answers(address: str) -> bool:
    place = urlsplit(address if "//" in address else f"//{address}")
    with socket.socket() as probe:
        return probe.connect_ex((str(place.hostname), place.port or 0)) == 0


UNVERIFIED = ["Intercom message type", "Gong, accounts without a contact"]
"""What only a real workspace tells."""

ROUTES = """
routes:
  - name: ours
    template: churn_save
    when: {movements: [churn], minimum_mrr: 1000000}
    options: {channel: "#ours", task: {fallback_owner: ours@acme.example}}
"""
DOTENV = """
TEMPORAL_ADDRESS=127.0.0.1:1
SLACK__BOT_TOKEN=xoxb-ours
WAREHOUSE__ENGINE=snowflake
ROUTES_FILE=config/routes.yaml
LOG_LEVEL=loud
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A user's own: a route, a mapping that does not load, and connections of which none answers."""
    checkout = tmp_path / "checkout"
    leave = shutil.ignore_patterns(".*", "tests", "benchmarks", "docs")
    shutil.copytree(ROOT, checkout, ignore=leave)  # what is compiled as well, lest each process does it anew
    (checkout / "config/routes.yaml").write_text(ROUTES)
    for name in ("crm", "warehouse"):
        (checkout / f"config/{name}.yaml").write_text("ours: true")
    (checkout / ".env").write_text(DOTENV)
    return checkout


async def test_every_claim_holds_whatever_a_user_has_set_and_ctrl_c_leaves_nothing_behind(
    tmp_path: Path, checkout: Path, environment: dict[str, str]
) -> None:
    async with started_of(checkout, checkout, "demo", **environment) as process:
        shown = await until_said(process, "Ctrl-C stops everything.")
        assert "holds" in shown
        assert "fails" not in shown, shown
        assert "+1,500.00 USD" in shown
        await assert_doctor_finds_only_what_is_unverified(tmp_path, environment)
        [query] = re.findall(r"see mrr_by_month:\s+(.*)", shown)
        shell = await asyncio.create_subprocess_shell(
            query, cwd=checkout, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert re.search(r"│ \d{4}-\d\d +│ USD +│ +[\d,]+\.\d\d │", await output_of(shell))
        process.send_signal(signal.SIGINT)
        output = await output_of(process)
    assert process.returncode == 0, output
    assert "Stopping." in output
    assert anything_left(tmp_path / "state") == []


async def assert_doctor_finds_only_what_is_unverified(folder: Path, environment: dict[str, str]) -> None:
    file = str(folder / "state" / "demo.env")
    await imported.run(("--env", file, "doctor"), environment | WIDE, folder)
    found = (folder / "output").read_text()
    assert "search attributes" in found
    assert re.findall(r"│ (\S.*?) +│ (?:look|fault|off) ", found) == UNVERIFIED


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, 1)])
def test_a_claim_that_does_not_hold_is_named_and_the_exit_code_says_so(*, holds: bool, code: int) -> None:
    said = StringIO()
    claims = [Claim("one", True, ""), Claim("another", holds, "2 tasks")]
    assert verdict(claims, Console(file=said, width=200)) == code
    assert ("fails: 2 tasks" in said.getvalue()) != holds


async def test_a_second_one_in_the_same_folder_is_refused(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with locked(tmp_path / "state" / "demo.lock"):
        async with started(tmp_path, "demo", **environment) as process:
            output = await output_of(process)
    assert process.returncode == 1
    assert "Stop it, or set MOGULFLOW_STATE_DIR" in output


async def test_ctrl_c_during_the_start_stops_it_at_once(tmp_path: Path, environment: dict[str, str]) -> None:
    log = tmp_path / "state" / "logs" / "temporal.log"
    async with started(tmp_path, "demo", **environment) as process:
        await until(log.exists)
        process.send_signal(signal.SIGINT)
        output = await output_of(process)
    assert process.returncode == 130, output
    assert not (tmp_path / "state" / "demo.env").exists()
    with locked(tmp_path / "state" / "temporal.lock"):
        pass
