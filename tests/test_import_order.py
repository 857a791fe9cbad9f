"""Imports go one way through all rooms. import-linter takes packages alone, no modules of the top level."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.product import ROOT

ORDER = (
    "temporal", "models", "clients", "domains", "settings", "configuration", "dispatch", "activities",
    "workflows", "systems", "schedules", "namespace", "operations", "ingress", "worker", "commands",
    "generate", "simulators", "local", "cli", "benchmarks",
)  # fmt: skip
"""From what all may import to what none does. (Who may import `simulators` is in the contract.)"""

MOST_ROOMS, MOST_ARROWS = 24, 90


def rooms() -> list[str]:
    modules = {path.stem for path in ROOT.glob("*.py")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return sorted((modules | packages) - {"tests"})


def files_of(room: str) -> list[Path]:
    return [ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else [*(ROOT / room).rglob("*.py")]


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)


@functools.cache
def arrows() -> set[tuple[str, str]]:
    known = rooms()
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
    assert {other for here, other in arrows() if here == room} <= set(ORDER[: ORDER.index(room)])


def test_rooms_and_arrows_are_few() -> None:
    assert len(rooms()) <= MOST_ROOMS
    assert len(arrows()) < MOST_ARROWS


OF_STRIPE = ("stripe", "clients.stripe.library", "clients.stripe.errors")


def test_stripes_library_is_imported_only_when_it_is_used() -> None:
    """It takes longer than all else that takes in a webhook, and few have Stripe."""
    its_own = {ROOT / "clients/stripe/library.py", ROOT / "clients/stripe/errors.py"}
    files = {file for room in rooms() for file in files_of(room)} - its_own
    at_once = [node for file in files for node in ast.parse(file.read_text(encoding="utf-8")).body]
    named = [node.module or "" for node in at_once if isinstance(node, ast.ImportFrom)]
    named += [each.name for node in at_once if isinstance(node, ast.Import) for each in node.names]
    assert not {name for name in named if name in OF_STRIPE or name.startswith("stripe.")}


def test_the_protocol_of_agents_is_imported_only_where_they_are_served() -> None:
    """It takes half a second, and few installations have agents."""
    its_own = {*(ROOT / "ingress/agents").rglob("*.py")}
    files = {file for room in rooms() if room != "benchmarks" for file in files_of(room)} - its_own
    free = {ROOT / "ingress/agents/declaration.py"}
    assert not {
        file
        for file in files | free
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        if name.partition(".")[0] in ("mcp", "joserfc") or name == "ingress.agents.mount"
    }
