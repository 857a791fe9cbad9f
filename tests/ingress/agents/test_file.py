"""The file as it is now: what a person changes in it counts at once."""

import logging
from pathlib import Path

import pytest

from configuration.files import BadConfig
from models.tokens import digest_of
from operations.agents.file import AgentsFile
from tests.ingress.agents.conftest import Served


async def test_a_removed_token_is_refused_at_once(agents: Served) -> None:
    reader = agents.agent("reader")
    assert (await reader.post("tools/list")).status_code == 200
    principals = {name: each for name, each in agents.content["principals"].items() if name != "reader"}
    agents.write(principals=principals)
    try:
        assert (await reader.post("tools/list")).status_code == 401
    finally:
        agents.write()
    assert (await reader.post("tools/list")).status_code == 200


async def test_a_new_scope_counts_within_a_session(agents: Served) -> None:
    reader = agents.agent("reader")
    principals = agents.content["principals"]
    agents.write(principals=principals | {"reader": principals["reader"] | {"scopes": ["customers.write"]}})
    try:
        assert set(await reader.tools()) == {"change_tags", "get_run"}
    finally:
        agents.write()


def principals(file: Path, text: str) -> None:
    file.write_text(f"principals:\n  bot: {text}\n")


def test_what_cannot_be_read_changes_nothing_and_tells_no_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "agents.yaml"
    token = "mflow_" + "x" * 43
    principals(file, f"{{token_sha256: [{digest_of(token)}]}}")
    agents = AgentsFile(file)
    for mistake in (
        f"{{token_sha256: [{token}]}}",
        f"{{token_sha256: {token}}}",
        f"{{tokens: {token}}}",
        "{",
    ):
        principals(file, mistake)
        assert agents.holder_of(digest_of(token))
    assert "cannot be used" in caplog.text
    assert "xxx" not in caplog.text


@pytest.mark.parametrize("mistake", ["[{}]", "{}", "\n      token_sha256: [{}]", '"{}"'])
def test_no_message_repeats_a_token(tmp_path: Path, mistake: str) -> None:
    file = tmp_path / "agents.yaml"
    principals(file, f"{{token_sha256: {mistake.replace('{}', 'mflow_' + 'x' * 43)}}}")
    with pytest.raises(BadConfig) as refused:
        AgentsFile(file)
    assert "xxx" not in str(refused.value)


def test_a_file_that_is_gone_lets_nobody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "agents.yaml"
    principals(file, f"{{token_sha256: [{digest_of('mflow_x')}]}}")
    agents = AgentsFile(file)
    assert agents.holder_of(digest_of("mflow_x"))
    file.unlink()
    with caplog.at_level(logging.INFO):
        assert not agents.holder_of(digest_of("mflow_x"))
