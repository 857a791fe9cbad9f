"""`agents`: a token that is shown once, with the line for the file, and who is in it."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app
from configuration.files import load_agents
from models.tokens import digest_of


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("AGENTS_FILE", "agents.yaml")
    return tmp_path / "agents.yaml"


def said(*arguments: str, exit_code: int = 0) -> str:
    result: Result = CliRunner().invoke(app, ["agents", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


def token_in(output: str) -> str:
    [token] = re.findall(r"mflow_\S+", output)
    return str(token)


def test_what_is_printed_is_what_the_file_needs(file: Path) -> None:
    output = said("token", "churn-bot")
    file.write_text("principals:\n" + output.partition("needs:\n\n")[2])
    bot = load_agents(file).principals["churn-bot"]
    assert bot.token_sha256 == [digest_of(token_in(output))]
    assert bot.scopes == ["metrics.read"]


def test_two_tokens_count_while_they_change(file: Path) -> None:
    file.write_text(f"principals:\n  bot: {{token_sha256: [{'a' * 64}, {'b' * 64}]}}\n")
    output = said("token", "bot")
    assert f"token_sha256: [{digest_of(token_in(output))}, {'a' * 64}]" in output
    assert "The oldest of its tokens no longer counts then" in output
    assert "b" * 64 not in output


def test_the_list_says_who_may_what_and_until_when(file: Path) -> None:
    file.write_text(
        f"principals:\n"
        f"  bot: {{token_sha256: [{'a' * 64}], scopes: [metrics.read], owner: ana@vendor.example}}\n"
        f"  old: {{token_sha256: [{'b' * 64}, {'c' * 64}], expires: 2026-01-01}}\n"
        f"  idle: {{scopes: [customers.read]}}\n"
        f'  "idp:*": {{scopes_from: scope, scopes: [customers.read]}}\n'
        f"identity_provider: {{issuer: https://a.example, jwks_url: https://a.example/k, audience: x}}\n"
    )
    output = said()
    assert output == said("list")
    for words in (
        "a token", "ana@vendor.example", "2 tokens", "since 2026-01-01", "nothing: it has no token",
        "as its token's `scope` says, of customers.read", "identity provider",
    ):  # fmt: skip
        assert words in output
    assert "aaa" not in output


def test_without_a_file_it_says_so(file: Path) -> None:
    assert "the MCP server is off" in said(exit_code=1)


def test_an_identity_provider_has_tokens_of_its_own(file: Path) -> None:
    assert "none of ours" in said("token", "idp:*", exit_code=1)


def test_no_token_is_made_for_a_name_that_the_file_refuses(file: Path) -> None:
    output = said("token", "bad name", exit_code=1)
    assert "take letters, digits, . _ and -" in output
    assert "mflow_" not in output
