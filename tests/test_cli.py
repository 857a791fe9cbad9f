"""Settings that cannot be used: one sentence that names the variable, and exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli import app, env_first
from commands import terminal
from settings import Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


def refused(*arguments: str) -> str:
    result: Result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"CHARTMOGUL": "key"},
            "CHARTMOGUL cannot be used: each variable sets one value, such as CHARTMOGUL__DEFAULT__API_KEY",
        ),
        (
            {"CHARTMOGUL__EUROPE": "key"},
            "CHARTMOGUL__EUROPE is an account, and no value: set CHARTMOGUL__EUROPE__API_KEY",
        ),
        ({"INGRESS_PORT": "99999"}, "INGRESS_PORT: must be 65535 or less"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: must be one of DEBUG, INFO, WARNING, ERROR"),
        ({"WORKER_METRICS_ADDRESS": "foo"}, "WORKER_METRICS_ADDRESS: "),
        ({"WEB_UI_URL": "[/red]"}, "WEB_UI_URL: "),
        (
            {
                "SALESFORCE__INSTANCE_URL": "https://acme.example",
                "SALESFORCE__CLIENT_ID": "id",
                "SALESFORCE__CLIENT_SECRET": "secret",
                "SALESFORCE__TASK_KEY_FIELD": "My Key",
            },
            "SALESFORCE__TASK_KEY_FIELD: ",
        ),
        (
            {"CHARTMOGUL__EUROPE__API_KEY": "key", "CHARTMOGUL__EUROPE__WEBHOOK_SECRETS": "good,b/d"},
            "CHARTMOGUL__EUROPE__WEBHOOK_SECRETS: a secret is part of a URL",
        ),
        (
            {
                "CHARTMOGUL__EUROPE__API_KEY": "key",
                "CHARTMOGUL__EUROPE__WEBHOOK_SECRETS": "one,two",
                "CHARTMOGUL__ASIA__API_KEY": "key",
                "CHARTMOGUL__ASIA__WEBHOOK_SECRETS": "two",
            },
            "CHARTMOGUL__EUROPE__WEBHOOK_SECRETS and CHARTMOGUL__ASIA__WEBHOOK_SECRETS have the same secret",
        ),
        (
            {
                "CHARTMOGUL__EU_WEST__API_KEY": "key",
                "CHARTMOGUL__EU-WEST__API_KEY": "key",
                "WAREHOUSE__ENGINE": "duckdb",
            },
            "CHARTMOGUL__EU_WEST__API_KEY and CHARTMOGUL__EU-WEST__API_KEY: the accounts would share schema",
        ),
        (
            {f"CHARTMOGUL__{'LONG' * 20}__API_KEY": "key", "WAREHOUSE__ENGINE": "duckdb"},
            f"schema chartmogul_{'long' * 20} has a longer name than 63 letters",
        ),
        (
            {f"CHARTMOGUL__{'A' * 201}__API_KEY": "key"},
            f"CHARTMOGUL__{'A' * 20}…__API_KEY: the account's name has 201 characters, and 200 are the most",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_without_its_value(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = refused("runs")
    assert sentence in said
    assert "b/d" not in said


def test_a_settings_file_in_another_encoding_is_named(folder: Path) -> None:
    (folder / ".env").write_bytes("SLACK__BOT_TOKEN=größe".encode("latin-1"))
    assert ".env is not UTF-8" in refused("runs")


@pytest.mark.parametrize("level", ["info", "Info", "INFO"])
def test_the_log_level_may_be_in_any_case(folder: Path, monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    assert Settings().log_level == "INFO"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--env", "my.env", "runs", "--limit", "0"],
        ["runs", "--env", "my.env", "--limit", "0"],
        ["runs", "--limit", "0", "--env=my.env"],
    ],
)
def test_the_file_of_settings_may_be_named_anywhere(folder: Path, arguments: list[str]) -> None:
    assert "There is no file my.env" in refused(*arguments)


def test_what_is_behind_two_dashes_stays_where_it_is() -> None:
    assert env_first(["send", "--", "--env", "x"]) == ["send", "--", "--env", "x"]
    assert env_first(["runs", "--env"]) == ["--env", "runs"]


def test_it_says_its_version(folder: Path) -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output.startswith("mogulflow 0.")) == (0, True)


@pytest.mark.parametrize("arguments", [["--help"], ["runs", "--help"]])
def test_help_waits_for_no_library_that_it_does_not_need(folder: Path, arguments: list[str]) -> None:
    then = "sys.stderr.write(' '.join(sys.modules))"
    show = f"import sys\nfrom cli import app\ntry: app({arguments})\nfinally: {then}"
    done = subprocess.run([sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"temporalio", "settings", "aiohttp"} & set(done.stderr.split())


def test_who_leaves_a_question_is_not_told_of_temporal(capsys: pytest.CaptureFixture[str]) -> None:
    def leave() -> None:
        raise typer.Abort

    with pytest.raises(typer.Abort):
        terminal.told(leave)
    assert capsys.readouterr() == ("", "")
