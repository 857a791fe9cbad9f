"""Each event template is declared, and has a workflow of its name that takes its input."""

from typing import get_args, get_type_hints

import pytest
from temporalio import workflow

import worker
from models.events import AnyEvent
from models.templates.catalogue import TEMPLATES
from models.templates.template import EventInput
from systems import SYSTEMS
from workflows.engine.event_run import EventRun

RUNS = {each.__temporal_workflow_definition.name: each for each in worker.WORKFLOW_CLASSES}  # type: ignore[attr-defined]


def test_the_workflows_of_events_are_those_of_the_catalogue() -> None:
    runs = {name for name, each in RUNS.items() if issubclass(each, EventRun)}
    assert not set(TEMPLATES) - runs, "of the catalogue, and without a workflow in worker.py"
    assert not runs - set(TEMPLATES), "in worker.py, and not in models/templates/catalogue.py"


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_workflow_takes_what_the_template_gives(name: str) -> None:
    template = TEMPLATES[name]
    definition = workflow._Definition.must_from_class(RUNS[name])
    assert definition.arg_types == [template.input]
    assert template.input.model_fields["options"].annotation is template.options
    assert {"restated", "hold_ended"} <= definition.signals.keys()
    assert "effects" in definition.queries


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_names_systems_that_there_are(name: str) -> None:
    assert set(TEMPLATES[name].systems) <= {each.name for each in SYSTEMS}


def test_what_a_run_is_given_has_what_all_are_given() -> None:
    for template in TEMPLATES.values():
        assert EventInput.model_fields.keys() <= template.input.model_fields.keys()
        taken = get_type_hints(template.input)["event"]
        assert set(get_args(taken) or [taken]) <= set(get_args(AnyEvent))
