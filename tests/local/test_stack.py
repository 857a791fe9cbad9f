import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.stack import ANY_PORTS, Stack
from simulators.kit.control import Control
from tests.waiting import until


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """For somebody whose own connections stand in the environment. What ends it is the last test."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLACK__BASE_URL", "http://127.0.0.1:9/")
        environment.setenv("CHARTMOGUL__ACME__API_KEY", "a real one")
        environment.setenv("TEMPORAL_API_KEY", "a real one")
        async with Stack(tmp_path_factory.mktemp("stack"), ANY_PORTS) as stack:
            yield stack


async def cancel(stack: Stack, number: int) -> None:
    """The customer of that number cancels, and the alert arrives."""
    with Control(stack.simulators_url) as control:
        before = len(control.messages())
        control.webhook(url=stack.webhook_url)
        control.cancel(control.customers()[number].uuid)
        await until(lambda: len(control.messages()) > before)


async def test_it_serves_after_the_loss_of_each_child(stack: Stack) -> None:
    await cancel(stack, 0)
    for number, child in enumerate((stack.serve, stack.temporal, stack.simulators), start=1):
        await child.kill()
        assert not child.running
        await child.start()
        await cancel(stack, number)


async def test_schedules_are_applied_where_asked_for(stack: Stack, tmp_path: Path) -> None:
    assert await schedules(stack) == set()
    async with Stack(tmp_path / "polling", ANY_PORTS, schedules=True) as polling:
        await until(lambda: schedules(polling))  # the list runs a little behind
        assert (await (await polling.client()).get_schedule_handle("poll/default").describe()).id


async def schedules(stack: Stack) -> set[str]:
    return {each.id async for each in await (await stack.client()).list_schedules()}


async def test_a_persons_own_connections_stay_out(stack: Stack) -> None:
    assert "CHARTMOGUL__ACME__API_KEY" not in stack.environment
    assert "TEMPORAL_API_KEY" not in stack.environment
    assert stack.environment["SLACK__BASE_URL"].startswith(stack.simulators_url)


async def test_it_leaves_nothing_behind(stack: Stack) -> None:
    children = [stack.simulators.pid, stack.temporal.pid, stack.serve.pid]
    await stack.stop()
    for pid in children:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
