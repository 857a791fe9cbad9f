"""The page on templates has a section for each, with a route that can be read; so have the examples that are
comments."""

import json
import re

import pytest
from ruamel.yaml import YAML

from local.stack import EXAMPLE_CONFIG
from models.routes import Route, Routes
from models.runs import Outcome
from models.templates.catalogue import TEMPLATES
from tests.conftest import ROOT

PAGE = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
SHIPPED = EXAMPLE_CONFIG / "routes.yaml"

THEIRS = {"in_app", "mogulflow_key", "create_with", "grant_wiki", "failed_payment"}
"""Names of other files and systems that the page has."""


def routes_in(text: str) -> list[Route]:
    return Routes.model_validate(YAML(typ="safe").load(text)).routes


def test_each_template_has_a_section() -> None:
    assert sorted(SECTIONS) == sorted(TEMPLATES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_worked_routes_are_good(template: str) -> None:
    found = re.findall(r"```yaml\n(.*?)```", SECTIONS[template], re.DOTALL)
    assert found
    assert {route.template for text in found for route in routes_in(text)} == {template}


def test_the_commented_examples_are_good_and_there_is_one_of_each_template() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    uncommented = re.sub(r"^  # (?=- name: |  )", "  ", text, flags=re.MULTILINE)
    assert sorted(route.template for route in routes_in(uncommented)) == sorted(TEMPLATES)


def test_options_and_outcomes_that_the_page_names_exist() -> None:
    schemas = " ".join(json.dumps(each.options.model_json_schema()) for each in TEMPLATES.values())
    known = {*re.findall(r'"([a-z_]+)": \{', schemas), *Route.model_fields, *TEMPLATES, *Outcome, *THEIRS}
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE)) - known == set()
