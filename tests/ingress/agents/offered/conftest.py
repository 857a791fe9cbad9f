"""Callers of tools, as the server makes them of a token."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from clients.chartmogul.client import ChartMogulClient
from ingress.agents.declaration import Caller
from models.agents import Agents, Scope
from settings import Settings
from simulators.kit.control import Control

ALL: tuple[Scope, ...] = (
    "metrics.read",
    "customers.read",
    "customers.write",
    "subscriptions.write",
    "customers.admin",
    "alerts.write",
)
TODAY = datetime.now(UTC).date()

CallerOf = Callable[..., Caller]


@pytest.fixture
async def caller_of(simulators: Control, settings: Settings) -> AsyncIterator[CallerOf]:
    account = settings.chartmogul["default"]
    client = ChartMogulClient(account)

    def caller(name: str = "churn-bot", agents: Agents = Agents(), **more: Any) -> Caller:
        given: dict[str, Any] = {
            "name": name,
            "scopes": frozenset(ALL),
            "owner": "ana@vendor.example",
            "accounts": ("default",),
            "settings": settings,
            "agents": agents,
            "chartmogul": {"default": client},
        }
        return Caller(**(given | more))

    yield caller
    await client.aclose()


@pytest.fixture
def caller(caller_of: CallerOf) -> Caller:
    return caller_of()
