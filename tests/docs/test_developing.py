"""The worked examples, word for word, pass the checks and their own tests in a copy of the tree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generate import GENERATED
from tests.docs.worked_examples import Example, copy_of_the_tree, example, touched

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MOST_TOUCHED = 2
NEW = "contraction_alert"
HELD = ("tests/test_import_order.py", "tests/test_systems.py", "tests/workflows/test_templates.py")
"""What holds every template and system against the declarations."""


def run(tree: Path, *command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env={**environment, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def applied(name: str, to: Path) -> tuple[Path, Example]:
    tree, found = copy_of_the_tree(to), example(name)
    found.apply(tree)
    run(tree, "-m", "generate")
    return tree, found


def checked(tree: Path, found: Example) -> None:
    generated = {str(path) for path in GENERATED}
    assert touched(tree) - generated == set(found.changes)
    assert len(found.changes) <= MOST_TOUCHED
    new = [*found.new, *found.changes]
    run(tree, "-m", "ruff", "check", *new)
    run(tree, "-m", "ruff", "format", "--check", *new)
    run(tree, "-m", "mypy", *[path for path in new if not path.endswith("__init__.py")])
    run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *HELD, *found.tests)


def test_a_template_is_added_as_the_page_says(tmp_path: Path) -> None:
    tree, found = applied("Add a template", tmp_path)
    run(tree, "-m", "tests.histories.record")
    checked(tree, found)
    run(
        tree,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/histories",
        "-k",
        "contraction_alert or each",
    )


def test_a_system_is_added_as_the_page_says(tmp_path: Path) -> None:
    checked(*applied("Add a system", tmp_path))
