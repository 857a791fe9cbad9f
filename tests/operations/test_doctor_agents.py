"""`doctor` on the file of agents."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from clients.chartmogul.settings import ChartMogulAccount
from models.findings import State
from operations.doctor.agents import agent_findings
from settings import Settings

TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


async def found(file: Path) -> list[tuple[str, State, str]]:
    account = ChartMogulAccount(api_key=SecretStr("key"))
    settings = Settings(agents_file=str(file), chartmogul={"default": account})
    return [(each.what, each.state, each.detail) async for each in agent_findings(settings)]


async def test_without_a_file_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert await found(tmp_path / "agents.yaml") == []


@pytest.mark.parametrize(
    ("text", "what", "state", "says"),
    [
        ("principals: {}", "agents", State.WARNING, "no principal: nobody is let in"),
        ("principle: {}", "agents", State.FAULT, "did you mean principals?"),
        ("principals: {a: {token_sha256: [DIGEST]}}", "agents", State.OK, "principals: 1"),
        ("principals: {a: {}}", "agent a", State.WARNING, "has no token"),
        (
            "principals: {a: {token_sha256: [DIGEST], accounts: [eu]}}",
            "agent a",
            State.FAULT,
            "no account eu",
        ),
        (
            "principals: {a: {token_sha256: [DIGEST], expires: 2026-01-01}}",
            "agent a",
            State.WARNING,
            "expired on",
        ),
        ("principals: {a: {token_sha256: [DIGEST], expires: DAY}}", "agent a", State.WARNING, "expires on"),
    ],
)
async def test_each_trouble_is_told_with_its_place(
    tmp_path: Path, text: str, what: str, state: State, says: str
) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text(text.replace("DIGEST", "a" * 64).replace("DAY", str(TOMORROW)))
    [(of, how, detail)] = await found(file)
    assert (of, how) == (what, state)
    assert says in detail
