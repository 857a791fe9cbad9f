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
HELD = ("tests/test_import_order.py", "tests/test_systems.py", "tests/workflows/test_templates.py")
"""What holds every template and system against the declarations."""

CHOSEN = "not histories or contraction_alert or each"
"""All but the histories of others."""


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


def test_a_template_and_a_system_are_added_as_the_page_says(tmp_path: Path) -> None:
    """Both in one copy of the tree, each in files of its own, so that what takes long is done once."""
    tree, examples = copy_of_the_tree(tmp_path), [example("Add a template"), example("Add a system")]
    for each in examples:
        applied(tree, each)
    run(tree, "-m", "generate")
    run(tree, "-m", "tests.histories.record")
    checked(tree, examples)


def applied(tree: Path, found: Example) -> None:
    before = touched(tree)
    assert not before & set(found.changes)
    found.apply(tree)
    assert touched(tree) - before == set(found.changes)
    assert 0 < len(found.changes) <= MOST_TOUCHED


def checked(tree: Path, examples: list[Example]) -> None:
    changed = {path for each in examples for path in each.changes}
    assert touched(tree) - {str(path) for path in GENERATED} == changed
    new = [*(path for each in examples for path in each.new), *changed]
    run(tree, "-m", "ruff", "check", *new)
    run(tree, "-m", "ruff", "format", "--check", *new)
    run(tree, "-m", "mypy", *[path for path in new if not path.endswith("__init__.py")])
    tests = [*HELD, *(path for each in examples for path in each.tests), "tests/histories"]
    run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", CHOSEN)
