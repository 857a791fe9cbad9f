"""The whole system, and settings and connections of this process to it: operations are called, not typed."""

from collections.abc import Callable

import pytest

from local.stack import DIRECT, OURS, Stack
from settings import Settings
from simulators.kit.control import Control
from tests import whole_system

shared_stack, stack = whole_system.shared_stack, whole_system.stack
simulators, client = whole_system.simulators, whole_system.client

QUICK = {"HUBSPOT__REQUESTS_PER_10_SECONDS": "10000", "CHARTMOGUL__DEFAULT__REQUESTS_PER_SECOND": "1000"}

Body = Callable[[], dict[str, object]]


@pytest.fixture
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in (stack.environment | QUICK).items():
        if name.startswith(OURS) or name in DIRECT:
            monkeypatch.setenv(name, value)
    return Settings()


@pytest.fixture
def cancellation(simulators: Control) -> Body:
    """Bodies of webhooks, each of another customer, that nobody has sent."""
    customers = iter(simulators.customers(case="account"))
    return lambda: simulators.cancel(next(customers).uuid, send=False)
