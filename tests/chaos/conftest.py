"""The whole product as real processes, under fire; and a table of what was measured."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.stack import ANY_PORTS, Stack
from simulators.kit.control import Control
from tests import whole_system
from tests.imported import ImportedStack
from tests.whole_system import ROUTES

stack, client = whole_system.stack, whole_system.client

Figures = dict[str, Any]
"""What a scenario measured, by name, in the order in which it is told."""

KEY = "figures"


def stack_in(state: Path, *, apart: bool = False) -> Stack:
    routes = state / "routes.yaml"
    routes.write_text(ROUTES)
    environment = {"ROUTES_FILE": str(routes), "SLACK__SETTLE_SECONDS": "0.2"}
    return ImportedStack(state, ANY_PORTS, environment=environment, apart=apart)


@pytest.fixture(scope="package")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack_in(tmp_path_factory.mktemp("fire")) as stack:
        yield stack


@pytest.fixture
def simulators(stack: Stack, seed: int) -> Iterator[Control]:
    """Fresh, with customers that no other scenario has seen."""
    with Control(stack.simulators_url) as control:
        fresh(control, stack, seed)
        yield control


def fresh(control: Control, stack: Stack, seed: int) -> None:
    control.reset(seed=seed, customers=2000)
    control.webhook(url=stack.webhook_url, retry_base_seconds=0.2)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Filled by the scenario; told at the end, whether it holds or not."""
    found: Figures = {}
    request.node.user_properties.append((KEY, found))
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each scenario: verdict, name, figures."""
    lines = [
        f"{verdict:8}{report.nodeid.rpartition('::test_')[2].replace('_', ' ')}: {_told(report)}"
        for verdict, outcome in (("holds", "passed"), ("FAILS", "failed"))
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" and KEY in dict(report.user_properties)
    ]
    if lines:
        terminalreporter.write_sep("=", "under fire")
        for line in lines:
            terminalreporter.write_line(line)


def _told(report: pytest.TestReport) -> str:
    figures = dict(report.user_properties)[KEY]
    assert isinstance(figures, dict)
    return ", ".join(f"{name} {value}" for name, value in figures.items())
