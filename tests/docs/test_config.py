"""What a user edits is a user's: nothing else rests on it, and what we ship to begin with is good."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from configuration.files import load_crm_mapping, load_mapping, load_routes
from local.stack import EXAMPLE_CONFIG, ROOT

USED = {"routes": load_routes, "warehouse": load_mapping, "crm": load_crm_mapping}


def test_no_test_benchmark_or_demo_reads_what_a_user_edits() -> None:
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    files += [file for each in ("local", "commands", "operations") for file in (ROOT / each).rglob("*.py")]
    read = re.compile(r'ROOT\s*/\s*"config[/"](?!.*schema)|(?:Path|load\w*)\(\s*"config/(?!.*schema)')
    assert [file.name for file in files if file != Path(__file__) and read.search(file.read_text())] == []


@pytest.mark.parametrize("name", list(USED))
def test_the_examples_are_good(name: str) -> None:
    USED[name](EXAMPLE_CONFIG / f"{name}.yaml")
    fits(EXAMPLE_CONFIG / f"{name}.yaml", name)


def test_the_demos_route_is_good() -> None:
    file = ROOT / "examples/demo/routes.yaml"
    load_routes(file)
    fits(file, "routes")


def fits(file: Path, name: str) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    schema = ROOT / f"config/{name}.schema.json"
    subprocess.run([checker, "--schemafile", schema, file], check=True, capture_output=True)
