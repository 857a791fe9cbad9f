"""What a user edits is a user's: nothing else rests on it, and what we ship to begin with is good."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from configuration.files import load, load_crm_mapping, load_mapping, load_routes
from local.stack import EXAMPLE_CONFIG, ROOT
from models.agents import Agents
from models.templates.catalogue import TEMPLATES

USED: dict[str, Callable[[Path], object]] = {
    "routes": load_routes,
    "warehouse": load_mapping,
    "crm": load_crm_mapping,
    "agents": lambda file: load(file, Agents, ""),
}


def test_no_test_benchmark_or_demo_reads_what_a_user_edits() -> None:
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    files += [file for each in ("local", "commands", "operations") for file in (ROOT / each).rglob("*.py")]
    read = re.compile(r'ROOT\s*/\s*"config[/"](?!.*schema)|(?:Path|load\w*)\(\s*"config/(?!.*schema)')
    assert [file.name for file in files if file != Path(__file__) and read.search(file.read_text())] == []


@pytest.mark.parametrize("name", list(USED))
def test_the_examples_are_good(name: str) -> None:
    USED[name](EXAMPLE_CONFIG / f"{name}.yaml")
    fits(EXAMPLE_CONFIG / f"{name}.yaml", name)


@pytest.mark.parametrize("name", ["routes", "crm"])
def test_the_demos_files_are_good(name: str) -> None:
    file = ROOT / f"examples/demo/{name}.yaml"
    USED[name](file)
    fits(file, name)


def test_the_demo_has_a_route_of_each_template_that_acts_on_an_event() -> None:
    routes = load_routes(ROOT / "examples/demo/routes.yaml").routes
    shown = {name for name in TEMPLATES if name != "customer_sync"}  # the CRM sync is shown by itself
    assert {each.template for each in routes} == shown


def fits(file: Path, name: str) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    schema = ROOT / f"config/{name}.schema.json"
    subprocess.run([checker, "--schemafile", schema, file], check=True, capture_output=True)
