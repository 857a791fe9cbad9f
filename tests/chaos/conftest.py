"""The whole product as real processes, under fire; and a table of what was measured."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Stack
from simulators.kit.control import Control
from tests import whole_system

shared_stack, stack, client = whole_system.shared_stack, whole_system.stack, whole_system.client

Figures = dict[str, Any]
"""What a scenario measured, by name, in the order in which it is told."""

KEY = "figures"


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
