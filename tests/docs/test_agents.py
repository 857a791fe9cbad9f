"""The pages on agents: their files can be read, their output is what the command prints, and what they name
is there."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from configuration.files import load_agents
from tests.conftest import ROOT

PAGE = (ROOT / "docs/agents.md").read_text(encoding="utf-8")
TOOLS_PAGE = (ROOT / "docs/agents-tools.md").read_text(encoding="utf-8")
OF_PEOPLE = {"not_waiting"}
"""Said to who decides, who is no agent."""

FILES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
POLICIES = re.findall(r"```yaml\n(.*?)```", TOOLS_PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(FILES)))
def test_each_file_can_be_read(number: int, tmp_path: Path) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text(FILES[number])
    assert load_agents(file).principals


@pytest.mark.parametrize("number", range(len(POLICIES)))
def test_each_policy_of_the_cookbook_can_be_read(number: int, tmp_path: Path) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text(POLICIES[number])
    assert load_agents(file).policy


def test_each_code_of_an_error_stands_in_the_one_table() -> None:
    rows = [line for line in TOOLS_PAGE.splitlines() if re.match(r"\| `\w+`.* \| [^|]+ \|$", line)]
    told = {code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    files = [*(ROOT / "ingress/agents").rglob("*.py"), *(ROOT / "operations").rglob("*.py")]
    code = "\n".join(each.read_text(encoding="utf-8") for each in files)
    raised = set(re.findall(r"(?:ToolFailed|NotAnswered|NotPossible)\(\s*\"(\w+)\"", code))
    assert {"run_not_found", "unknown_argument", "not_undoable"} <= raised
    assert raised - told - OF_PEOPLE == set()
    assert "| code |" not in PAGE


def test_the_list_is_what_the_command_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text(FILES[0])
    monkeypatch.setenv("AGENTS_FILE", str(file))
    monkeypatch.setenv("COLUMNS", "125")
    result = CliRunner().invoke(app, ["agents"])
    [shown] = re.findall(r"```\n(┏.*?)```", PAGE, re.DOTALL)
    assert lines_of(result.output) == lines_of(shown)


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_each_risk_names_tests_that_there_are() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "`test_" in line]
    named = {name for row in rows for name in re.findall(r"`(test_\w+)`", row)}
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert len(rows) == 10
    assert [name for name in sorted(named) if f"def {name}(" not in code] == []
