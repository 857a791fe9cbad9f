"""The pages say what the code does: commands, tables, files and links."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

import generate
from cli import app
from clients.kit.errors import title
from models.events import MovementType
from models.routes import Routes
from models.runs import Outcome
from models.templates.catalogue import TEMPLATES
from models.templates.template import Names
from settings import Settings
from temporal import RETENTION, SEARCH_ATTRIBUTES
from tests.conftest import ROOT
from tests.docs.readme import README, table
from tests.product import files

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def names(header: str) -> list[str]:
    return [row[0].strip("`") for row in table(header)]


def commands_of(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def test_the_table_of_commands_is_the_command() -> None:
    commands = dict(commands_of(get_command(app)))
    words = [name.split()[1:] for name in names("command")]
    assert [" ".join(word for word in each if word.islower()) for each in words] == list(commands)
    for each, command in zip(words, commands.values(), strict=True):
        arguments = [
            parameter.name for parameter in command.params if parameter.param_type_name == "argument"
        ]
        assert [word.lower() for word in each if word.isupper()] == arguments


def test_the_table_of_templates_is_the_catalogue() -> None:
    every = tuple(MovementType)
    assert table("template") == [
        [
            f"`{each.name}`",
            "every movement" if each.takes == every else ", ".join(each.takes),
            each.sentence,
            ", ".join(map(title, each.systems)),
        ]
        for each in TEMPLATES.values()
    ]


def test_the_table_of_outcomes_is_the_code() -> None:
    assert names("outcome") == [outcome.value for outcome in Outcome]


def test_the_route_in_the_readme_is_valid() -> None:
    text = README.split("```yaml\n", 1)[1].split("```", 1)[0]
    assert Routes.model_validate(YAML(typ="safe").load(text)).named(Names.SLACK_CHANNEL) == {"#revenue-saves"}


def test_the_columns_and_the_retention_are_those_of_the_code() -> None:
    sentence = README.split("Add the columns ", 1)[1].split(" with the button", 1)[0]
    columns = re.split(r",\s+|\s+and\s+", sentence)
    assert sorted(columns) == sorted(key.name for key in SEARCH_ATTRIBUTES)
    assert f"{RETENTION.days} days of retention" in README


def test_the_settings_named_exist() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:SLACK|SALESFORCE|WORKER|INGRESS|ROUTES)_[A-Z_]+)`", README))
    assert named
    for name in named:
        assert f"{name}=" in example
    assert set(Settings.model_fields) >= {"chartmogul", "salesforce", "slack"}


def test_the_make_targets_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^    )make ([a-z]+)\b", README, re.MULTILINE))
    assert {"demo", "test", "check", "help"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


OF_USERS = (
    "config/agents.yaml",
    "config/reconciliation.yaml",
)
"""Files that do not ship: that there is one switches something on."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_files_named_exist(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (document.parent / link).exists(), link
    added = re.findall(r"^File `(.*)`:$", text, re.MULTILINE)  # by an example
    for name in re.findall(r"`([a-z][\w./-]*(?:/|\.(?:py|yaml|json|md|example)))`", text):
        assert name in added or name in OF_USERS or (ROOT / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_line_for_a_terminal_works_from_a_checkout(document: Path) -> None:
    """Neither command is on the path."""
    text = document.read_text(encoding="utf-8")
    assert re.findall(r"^(?:    |\$ )(?:mogulflow|temporal) .*", text, re.MULTILINE) == []
    assert re.findall(r"`temporal (?:schedule|workflow|operator) .*?`", text) == []


def test_every_command_of_temporal_s_that_the_product_names_is_reached_through_ours() -> None:
    bare = re.compile(r"`temporal (?:schedule|workflow|operator) ")
    assert [file.name for file in files() if bare.search(file.read_text(encoding="utf-8"))] == []


def test_the_generated_files_are_up_to_date() -> None:
    for path, make in generate.GENERATED.items():
        assert (ROOT / path).read_text(encoding="utf-8") == make(), f"run `make generate`: {path}"


def test_the_schema_beside_the_routes_is_json_schema() -> None:
    schema = json.loads((ROOT / "config/routes.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["routes"]["type"] == "array"
