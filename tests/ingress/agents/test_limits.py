"""Stretches of time, and the small part of ChartMogul's limit that agents' reads take."""

import asyncio

from clients.kit.stretch import Stretch
from ingress.agents.chartmogul import sparing_clients
from ingress.agents.limits import MOST_PRINCIPALS, CallsPerMinute
from settings import Settings
from simulators.kit.control import Control


async def test_a_stretch_takes_what_it_may_and_no_more() -> None:
    stretch = Stretch(3, 1000)
    assert [stretch.take() for _ in range(3)] == [0, 0, 0]
    assert 0 < stretch.take() <= 1000


async def test_each_principal_has_its_own_and_a_new_limit_counts() -> None:
    calls = CallsPerMinute()
    assert calls.take("a", 1) == 0
    assert calls.take("a", 1) > 0
    assert calls.take("b", 1) == 0
    assert calls.take("a", 2) == 0


async def test_principals_are_not_kept_without_end() -> None:
    calls = CallsPerMinute()
    for number in range(MOST_PRINCIPALS + 10):
        calls.take(str(number), 1)
    assert len(calls._of) == MOST_PRINCIPALS


async def test_agents_reads_leave_the_limit_to_others(simulators: Control, settings: Settings) -> None:
    """So many at once would be there within a tenth of a second."""
    client, loop = sparing_clients(settings)["default"], asyncio.get_running_loop()
    began, calls = loop.time(), settings.chartmogul["default"].agent_calls_per_second
    try:
        await asyncio.gather(*(client.account() for _ in range(2 * calls + 1)))
    finally:
        await client.aclose()
    assert loop.time() - began >= 2
