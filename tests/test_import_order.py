"""Imports go one way through all rooms. import-linter takes packages alone, no modules of the top level."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.product import ROOT

ORDER = (
    "temporal", "logs", "models", "clients", "domains", "settings", "configuration", "dispatch", "activities",
    "workflows", "systems", "schedules", "namespace", "ingress", "worker", "commands", "terminal", "cli_crm",
    "cli_export", "generate", "local", "cli",
)  # fmt: skip
"""From what all may import to what none does."""


def rooms() -> list[str]:
    modules = {path.stem for path in ROOT.glob("*.py")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return sorted((modules | packages) - {"tests", "benchmarks", "simulators"})


def files_of(room: str) -> list[Path]:
    return [ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else [*(ROOT / room).rglob("*.py")]


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)


def arrows() -> set[tuple[str, str]]:
    known = {*rooms(), "simulators"}
    return {
        (room, other)
        for room in rooms()
        for file in files_of(room)
        for other in imported(file)
        if other in known and other != room
    }


def test_every_room_has_its_place() -> None:
    assert rooms() == sorted(ORDER)


@pytest.mark.parametrize("room", ORDER)
def test_no_import_goes_upwards(room: str) -> None:
    left = {*ORDER[: ORDER.index(room)], *(["simulators"] if room == "local" else [])}
    assert {other for here, other in arrows() if here == room} <= left
