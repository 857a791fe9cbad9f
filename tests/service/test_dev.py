"""`mogulflow dev` as a person runs it: their own routes and settings act, and on the simulators alone."""

import asyncio
import os
import re
import signal
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from dotenv import dotenv_values

from configuration.environment import variables
from local.dev import own_settings
from local.processes import locked
from local.stack import EXAMPLE_CONFIG, OURS, ROOT
from simulators.kit.control import Control
from tests import imported
from tests.service.conftest import WIDE, started
from tests.waiting import output_of, until, until_said

UP = "Ctrl-C stops everything."
PATIENCE_SECONDS = 150
pytestmark = pytest.mark.timeout(900)

ROUTES = """
routes:
  - name: ours
    template: churn_save
    when: {movements: [churn], accounts: [europe]}
    options: {channel: "#ours", task: {fallback_owner: ann@acme.example}}
  - name: ours-back
    template: onboarding
    when: {movements: [reactivation]}
    options: {channel: "#ours-back", crm: null, calls: [ours.create_account], marketo: {static_list: Ours}}
"""
DOTENV = """
TEMPORAL_ADDRESS=127.0.0.1:1
TEMPORAL_NAMESPACE=ours
CHARTMOGUL__EUROPE__API_KEY=ours
CHARTMOGUL__EUROPE__BASE_URL=http://127.0.0.1:1
SALESFORCE__INSTANCE_URL=http://127.0.0.1:1
SALESFORCE__TASK_KEY_FIELD=Ours__c
SLACK__BOT_TOKEN=xoxb-ours
SLACK__BASE_URL=http://127.0.0.1:1
SLACK_OPS_CHANNEL=#misspelt
SLACK__OPS_CHANNEL='#our #ops'
WAREHOUSE__ENGINE=postgres
WAREHOUSE__DSN=postgresql://ours@127.0.0.1:1/ours
HEADLINE_NAMES_CUSTOMER=true
"""

EXPORTED = {
    **dict.fromkeys(("SLACK__BASE_URL", "SALESFORCE__INSTANCE_URL", "INGRESS_URL"), "http://127.0.0.1:1"),
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
    "TEMPORAL_NAMESPACE": "real",
    "HUBSPOT__TOKEN": "real",
    "HTTP_PROXY": "http://127.0.0.1:1",
}
"""A shell's, of what is real. They count for neither `dev` nor a command that is given its file."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a user's own settings, of which no connection answers, and their own routes."""
    (tmp_path / "config" / "connectors").mkdir(parents=True)
    connector = (EXAMPLE_CONFIG / "connectors" / "my_product.yaml").read_text()
    (tmp_path / "config" / "connectors" / "ours.yaml").write_text(connector)
    for name in ("warehouse.yaml", "crm.yaml"):
        (tmp_path / "config" / name).write_text((EXAMPLE_CONFIG / name).read_text())
    (tmp_path / "config" / "routes.yaml").write_text(ROUTES)
    (tmp_path / ".env").write_text(DOTENV)
    return tmp_path


def dev(folder: Path, *arguments: str) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """In a state folder of its own: a person's may be up."""
    return started(folder, *(arguments or ("dev",)), **environment(folder))


def environment(folder: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS)}
    return clean | {"MOGULFLOW_STATE_DIR": str(folder / "state"), "PYTHONUNBUFFERED": "1"} | EXPORTED


async def asked(folder: Path, *words: str) -> tuple[int, str]:
    """Exit code and words of a command in another terminal."""
    said = folder / "output"
    said.unlink(missing_ok=True)
    code = await imported.run(
        ("--env", "state/dev.env", *words), environment(folder) | WIDE, folder, PATIENCE_SECONDS
    )
    return code, said.read_text()


def documented() -> list[list[str]]:
    """What docs/running.md says for another terminal."""
    text = (ROOT / "docs/running.md").read_text(encoding="utf-8")
    found = re.findall(r"^    \./mogulflow --env \.mogulflow/dev\.env (.*)$", text, re.MULTILINE)
    assert found
    return [line.split() for line in found]


def assert_connected_to_nothing_of_the_user_s(settings: dict[str, str | None], folder: Path) -> None:
    own = {"ROUTES_FILE": str(folder / "config/routes.yaml"), "SLACK__OPS_CHANNEL": "#our #ops"}
    assert own.items() <= settings.items()
    assert settings["HEADLINE_NAMES_CUSTOMER"] == "true"
    assert settings["WAREHOUSE__ENGINE"] == "duckdb"
    assert not {"WAREHOUSE__DSN", "SALESFORCE__TASK_KEY_FIELD"} & settings.keys()
    assert "ours" not in {settings["CHARTMOGUL__EUROPE__API_KEY"], settings["TEMPORAL_NAMESPACE"]}
    assert not [value for value in settings.values() if str(value).endswith("127.0.0.1:1")]


async def test_a_user_s_own_route_acts_in_the_simulated_systems_and_in_none_of_theirs(folder: Path) -> None:
    async with dev(folder) as process:
        said = await until_said(process, UP)
        assert "SLACK_OPS_CHANNEL is set, and nothing reads it: SLACK__OPS_CHANNEL counts" in said
        assert "is the account europe." in said
        settings = dotenv_values(folder / "state" / "dev.env")
        assert_connected_to_nothing_of_the_user_s(settings, folder)
        with Control(str(settings["SLACK__BASE_URL"]).removesuffix("/slack/api/")) as control:
            [customer, *_] = [each for each in control.customers(case="none") if each.mrr]
            control.cancel(customer.uuid)
            await until(lambda: control.messages("#ours"))
            assert control.messages("#revenue-saves") == []
            await until(lambda: control.records("Task"))
            [ann] = [each for each in control.records("User") if each["Email"] == "ann@acme.example"]
            assert [each["OwnerId"] for each in control.records("Task")] == [ann["Id"]]
            [gone, *_] = [each for each in control.customers(limit=200) if each.status == "Cancelled"]
            control.reactivate(gone.uuid)
            await until(lambda: control.messages("#ours-back"))
            assert [each["external_id"] for each in control.ask("GET", "connector/accounts")] == [gone.uuid]
            assert len(control.ask("GET", "marketo/books")["lists"]["Ours"]) == 1

        async def is_listed() -> bool:
            return customer.company in (await asked(folder, "runs"))[1]

        await until(is_listed)
        for words in documented():
            code, output = await asked(folder, *words)
            assert code == 0, output
        process.send_signal(signal.SIGINT)
        assert "Stopping." in await output_of(process)
    assert process.returncode == 0
    with locked(folder / "state" / "dev" / "temporal.lock"):
        pass


async def test_a_route_that_cannot_be_read_is_told_before_anything_starts(folder: Path) -> None:
    (folder / "config/routes.yaml").write_text("colour: red\n")
    async with dev(folder) as process:
        assert "routes.yaml:1: `colour` is not known here" in await output_of(process)
    assert process.returncode == 1
    assert not (folder / "state" / "dev").exists()


async def test_a_second_one_in_the_same_folder_is_refused(folder: Path) -> None:
    with locked(folder / "state" / "dev" / "dev.lock"):
        async with dev(folder) as process:
            assert "Stop it, or set MOGULFLOW_STATE_DIR" in await output_of(process)
    assert process.returncode == 1


def test_no_setting_that_names_a_place_or_a_key_is_taken_over() -> None:
    given = {each.name: f"value of {each.name}" for each in variables()}
    given |= {"TEMPORAL_ADDRESS": "temporal.example", "TEMPORAL_API_KEY": "key"}
    taken = own_settings(given).environment
    places = ("URL", "HOST", "PORT", "TOKEN", "ADDRESS", "DSN", "SECRET", "SECRETS", "CLIENT_ID", "API_KEY")
    assert [name for name in taken if name.endswith(places)] == []
    systems = ("HUBSPOT__", "SALESFORCE__", "WAREHOUSE__", "TEMPORAL_")
    assert [name for name in taken if name.startswith(systems)] == []


@pytest.mark.parametrize(
    ("given", "account", "left_out"),
    [
        ({}, "default", 0),
        ({"CHARTMOGUL__EUROPE__API_KEY": "k"}, "europe", 0),
        ({"chartmogul__default__api_key": "k", "CHARTMOGUL__EUROPE__API_KEY": "k"}, "default", 1),
        ({"CHARTMOGUL__US__API_KEY": "k", "CHARTMOGUL__EUROPE__API_KEY": "k"}, "europe", 1),
    ],
)
def test_the_simulated_chartmogul_is_one_of_the_user_s_accounts(
    given: dict[str, str], account: str, left_out: int
) -> None:
    own = own_settings(given)
    assert (own.account, own.left_out) == (account, left_out)
