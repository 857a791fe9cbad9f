"""Operations are for any face: none of them prints, or knows of a terminal."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FILES = sorted((ROOT / "operations").rglob("*.py"))
OF_A_TERMINAL = {"rich", "typer", "click", "terminal", "commands", "cli"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def called(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_operation_prints(file: Path) -> None:
    assert not OF_A_TERMINAL & set(imported(file))
    assert not {"print", "input", "sys.stdout.write", "sys.stderr.write"} & set(called(file))


@pytest.mark.slow
def test_what_they_import_brings_no_terminal_of_ours() -> None:
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in FILES]
    program = "; ".join([*(f"import {name}" for name in names), "import sys; print(*sys.modules)"])
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert not {"typer", "terminal", "commands", "cli", "ingress"} & set(loaded)
