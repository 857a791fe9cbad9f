"""The steps of one system, run without a worker."""

from collections.abc import AsyncIterator

import pytest

from activities.chartmogul import ChartMogulActivities
from simulators.kit.control import Control
from tests.activities.chartmogul import Steps
from tests.contracts.chartmogul import client_of


@pytest.fixture
async def steps(simulators: Control) -> AsyncIterator[Steps]:
    """ChartMogul's."""
    client = client_of(simulators.chartmogul_url, timeout_seconds=5)
    yield Steps(ChartMogulActivities({"default": client}))
    await client.aclose()
