"""Systems are declared once: steps and queues fit together, and what is set up for a demo is for all."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

import worker
from activities.definition import step_activity, steps_of
from activities.pauses import Pauses
from clients.kit.cooldown import Cooldowns
from settings import Settings
from systems import QUEUES, SYSTEMS, Connections
from tests.product import ROOT


def steps() -> Sequence[Any]:
    settings = Settings.model_construct()
    nowhere: Any = None  # no step is run
    return worker.steps(Connections.of(settings), settings, nowhere, Pauses(Cooldowns(), {}))


class Doubles:
    @step_activity("slack.find_member")
    async def find_member(self, arg: str) -> str:
        return arg


class NoQueue:
    @step_activity("fax.send")
    async def send(self, arg: str) -> str:
        return arg


def test_every_step_is_on_the_queue_that_its_name_says() -> None:
    for queue, found in worker.by_queue(steps()).items():
        assert found
        assert {step.definition.system for step in found} == {queue.name}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (Doubles(), "two steps have the name slack.find_member"),
        (NoQueue(), "systems.py has no queue for fax.send"),
    ],
)
def test_a_doubled_or_misplaced_step_ends_the_start(more: object, said: str) -> None:
    with pytest.raises(worker.BadQueues, match=said):
        worker.by_queue([*steps(), *steps_of(more)])


def test_a_queue_without_a_step_ends_the_start() -> None:
    with pytest.raises(worker.BadQueues, match="no step is on the queue slack"):
        worker.by_queue([step for step in steps() if step.definition.system != "slack"])


def test_each_system_has_settings_and_a_queue_and_packages_of_its_name() -> None:
    for system in SYSTEMS:
        assert system.name in Settings.model_fields
        assert system.name in {queue.name for queue in QUEUES}
        for package in ("clients", "simulators"):
            assert (ROOT / package / system.name).is_dir()


def test_compose_connects_each_system_to_its_simulator() -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for system in (each for each in SYSTEMS if each.in_compose):
        for name, value in system.simulated.items():
            there = value.format(simulators="http://simulators:8090")
            assert re.search(rf"^  {name}: \$\{{{name}:-{re.escape(there)}\}}$", compose, re.MULTILINE), name


def test_each_address_is_a_setting() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for system in SYSTEMS:
        assert f"{system.address.replace('<ACCOUNT>', 'DEFAULT')}=" in example


def test_each_system_says_what_it_needs_there() -> None:
    """The README's table has it."""
    assert [system.name for system in SYSTEMS if not system.needs] == []
