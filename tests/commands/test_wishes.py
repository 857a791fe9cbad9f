"""Commands that are asked for what there is not: one sentence, and exit code 1."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app


@pytest.fixture(autouse=True)
def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To nothing that answers: what is wrong is found before."""
    monkeypatch.chdir(tmp_path)  # where no `.env` of a user's lies
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("CHARTMOGUL__DEFAULT__API_KEY", "key")
    monkeypatch.setenv("CHARTMOGUL__DEFAULT__BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("WAREHOUSE__ENGINE", "duckdb")
    monkeypatch.setenv("WAREHOUSE__PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr.strip()


@pytest.mark.parametrize("account", ["nosuch", "a'b; drop"])
@pytest.mark.parametrize("command", ["export status", "export history", "crm report hubspot"])
def test_account_that_there_is_not(command: str, account: str) -> None:
    said = refused(*command.split(), "--account", account)
    assert said.startswith(f"There is no account {account}; there are: default. ")


def test_stream_that_there_is_not() -> None:
    said = refused("preview", "warehouse", "--stream", "nosuch")
    assert said.startswith("There is no stream nosuch; there are: mrr_movements, customers, ")


@pytest.mark.parametrize(
    "command",
    [
        "dismiss churn_save/1 {}",
        "replay unreadable/1 --dismiss {}",
        "retry churn_save/1 --reason {}",
        "pause {}",
        "release churn-save {}",
        "drop churn-save {}",
    ],
)
def test_reason_that_is_too_long_to_be_kept(command: str) -> None:
    """Of 100 KB: it would go into memos and signals."""
    said = refused(*command.format("x" * 100_000).split())
    assert said.startswith("The reason has 100000 characters; ")
    assert said.endswith("00 are kept.")
