"""Callers of tools, as the server makes them of a token."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from clients.chartmogul.client import ChartMogulClient
from ingress.agents.declaration import Caller
from models.agents import Agents, Scope
from settings import Settings
from simulators.kit.control import NO_CERTIFICATES, Control
from simulators.kit.shapes import CHARTMOGUL_KEY

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


@pytest.fixture
def chartmogul(simulators: Control) -> Iterator[httpx.Client]:
    """As any caller of its API."""
    key, url = (CHARTMOGUL_KEY, ""), simulators.chartmogul_url
    with httpx.Client(base_url=url, auth=key, trust_env=False, timeout=60, verify=NO_CERTIFICATES) as client:
        yield client
