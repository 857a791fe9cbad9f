"""The page on the audit: commands say what they say there, and the tables and views are those there are."""

import json
import re
import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from temporalio.client import Client
from typer.testing import CliRunner

import commands.audit
from cli import app
from commands.history import show_history
from domains.audit.files import AuditFiles, line_of
from domains.warehouse.automation import AUTOMATION
from domains.warehouse.dialect import Dialect
from domains.warehouse.views import views
from local.devserver import DevServer
from settings import Settings
from tests.audited import CUSTOMER, story
from tests.conftest import ROOT, in_a_namespace_of_its_own

PAGE = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
WIDTH = 118


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def own(tmp_path: Path, settings: Settings) -> Settings:
    """With the story's rows in files, and no warehouse."""
    own = settings.model_copy(update={"audit_folder": tmp_path, "warehouse": None})
    with AuditFiles(tmp_path, "default").day(date(2026, 11, 30)) as day:
        day.add(story())
    return own


def shown(command: str) -> str:
    """What the page says that it says."""
    [found] = re.findall(
        rf"^\$ \./mogulflow {re.escape(command)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )
    return str(found)


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


def said(command: Any) -> str:
    output = StringIO()
    command(Console(file=output, width=WIDTH))
    return output.getvalue()


def test_verify_says_what_the_page_says(own: Settings, tmp_path: Path) -> None:
    [file] = AuditFiles(tmp_path, "default").all()
    assert words(said(lambda console: commands.audit.verify([file], "", console))) == words(
        shown("audit verify audit-2026-11-30.jsonl")
    )
    rows = [json.loads(line_of(link)) for link in story()]
    rows[1]["row"]["asked_by"] = "nobody"
    edited = tmp_path / "edited.jsonl"
    edited.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = said(lambda console: commands.audit.verify([edited], "", console))
    assert words(found) == words(shown("audit verify edited.jsonl"))


def test_the_command_asks_nobody_and_exits_1_where_a_row_is_not_whole(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    [file] = AuditFiles(tmp_path, "default").all()
    asked = partial(CliRunner().invoke, app)
    assert asked(["audit", "verify", str(file)]).exit_code == 0
    assert asked(["audit", "verify", str(file), "--head", story()[-1].hash]).exit_code == 0
    assert asked(["audit", "verify", str(file), "--head", "0" * 64]).exit_code == 1
    file.write_bytes(file.read_bytes().replace(b"saved", b"lost"))
    assert asked(["audit", "verify", str(file)]).exit_code == 1
    file.write_bytes(b"")
    assert asked(["audit", "verify", str(file)]).exit_code == 1


async def test_show_and_history_say_what_the_page_says(
    own: Settings,
    client: Client,
    temporal_server: DevServer,
    in_utc: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a Temporal that knows of nothing."""
    namespace = await in_a_namespace_of_its_own(client)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", namespace.namespace)
    console = Console(file=StringIO(), width=WIDTH)
    await commands.audit.show(own, "default", 20, console)
    assert words(console.file.getvalue()) == words(shown("audit show"))  # type: ignore[attr-defined]
    console = Console(file=StringIO(), width=WIDTH)
    await show_history(own, CUSTOMER, 200, console)
    assert words(console.file.getvalue()) == words(shown(f"history {CUSTOMER}"))  # type: ignore[attr-defined]


def test_the_tables_and_views_are_those_of_the_warehouse() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    tables = [each.target for each in AUTOMATION.streams]
    assert sorted(named) == sorted([*tables, *(view.name for view in views(AUTOMATION, Dialect()))])


def test_the_rule_of_the_hash_is_that_of_the_code() -> None:
    assert "`sha256(previous \\n number \\n row)`" in PAGE
