"""What tests share stands in a conftest.py or in a module of helpers."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def test_nothing_is_imported_from_a_test_module() -> None:
    files = [file for folder in ("tests", "benchmarks") for file in (ROOT / folder).rglob("*.py")]
    test_modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files if file.match("test_*.py")
    }
    assert test_modules
    borrowed = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in imported(file)
        if name in test_modules or name.rpartition(".")[0] in test_modules
    }
    assert borrowed == set()
