"""What there is to call, and what a check finds of it."""

from pathlib import Path

import pytest

from clients.connector.settings import Connectors
from configuration.connectors import load_connectors
from configuration.files import BadConfig
from local.stack import EXAMPLE_CONFIG
from models.findings import State
from models.routes import Routes
from operations.connectors import checked, listed, tried
from operations.errors import Stopped
from settings import Settings

ONE = """
base_url: https://api.example.com
auth: {kind: bearer, token: ONE_TOKEN}
operations:
  get: {method: GET, path: /}
"""


def settings(folder: Path, allowed: str = "") -> Settings:
    return Settings(connector=Connectors(folder=folder, allowed_hosts=allowed))


def routes(*calls: str) -> Routes:
    route = {
        "name": "calls",
        "template": "call_api",
        "when": {"movements": ["churn"]},
        "options": {"calls": list(calls)},
    }
    return Routes.model_validate({"routes": [route] if calls else []})


def test_each_operation_says_how_it_is_done_once() -> None:
    found = {each.operation: each.guard for each in listed(settings(EXAMPLE_CONFIG / "connectors"))}
    assert found == {
        "find_account": "a read",
        "create_account": "our key in Idempotency-Key, and looked up by find_account first",
        "delete_account": "may be repeated",
        "grant_wiki": "at most once",
        "take_wiki": "may be repeated",
    }


@pytest.mark.parametrize(
    ("text", "allowed", "said"),
    [
        (ONE, "", (State.OK, "1 operations at api.example.com")),
        (ONE.replace("ONE_TOKEN", "TWO_TOKEN"), "", (State.FAULT, "not set: TWO_TOKEN")),
        (
            ONE.replace("api.example.com", "127.0.0.1:8090"),
            "",
            (State.FAULT, "is not on the public internet"),
        ),
        (ONE.replace("https", "http"), "", (State.FAULT, "would be reached without TLS")),
        (ONE.replace("https", "http"), "api.example.com", (State.OK, "1 operations")),
        (ONE.replace("GET", "FETCH"), "", (State.FAULT, "one.yaml:5")),
    ],
)
async def test_a_check_says_what_is_wrong_with_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, allowed: str, said: tuple[State, str]
) -> None:
    (tmp_path / "one.yaml").write_text(text)
    monkeypatch.setenv("ONE_TOKEN", "x")
    [finding] = await checked(settings(tmp_path, allowed), routes())
    assert finding.state is said[0]
    assert said[1] in finding.detail


async def test_what_a_route_calls_and_is_not_there_is_named_with_what_is_like_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.yaml").write_text(ONE.replace("  get:", "  get_all:"))
    monkeypatch.setenv("ONE_TOKEN", "x")
    _, finding = await checked(settings(tmp_path), routes("one.get_al", "one.get_all"))
    assert (finding.what, finding.state) == ("operation one.get_al", State.FAULT)
    assert "did you mean one.get_all?" in finding.detail


async def test_without_files_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert await checked(settings(tmp_path / "nowhere"), routes()) == []


@pytest.mark.parametrize(
    ("name", "operation", "said"),
    [("on", "get", "did you mean one?"), ("one", "gett", "did you mean get?")],
)
async def test_what_is_tried_and_is_not_there_is_named(
    tmp_path: Path, name: str, operation: str, said: str
) -> None:
    (tmp_path / "one.yaml").write_text(ONE)
    with pytest.raises(Stopped, match=said.replace("?", r"\?")):
        await tried(settings(tmp_path), name, operation, {}, key="try", send=False)


def test_a_file_has_a_name_that_routes_can_say(tmp_path: Path) -> None:
    (tmp_path / "My Product.yaml").write_text(ONE)
    with pytest.raises(BadConfig, match="small letters, digits and `_`"):
        load_connectors(tmp_path)
