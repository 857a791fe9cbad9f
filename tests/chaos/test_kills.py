"""Ingress, worker and Temporal are killed in turn while cancellations arrive by webhook and poll."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from local.processes import Child
from local.stack import Stack
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import System
from tests.chaos.conftest import Figures, fresh
from tests.chaos.proofs import (
    acted_on,
    all_accounted,
    done_once,
    doubled,
    ended,
    next_second,
    outcomes,
    runs_since,
    sources,
)
from tests.chaos.sizes import SIZES, Kills
from tests.chaos.sweeps import coverage, polling
from tests.service.conftest import accepted
from tests.whole_system import stack_in

POLL_EVERY = timedelta(seconds=5)
FLAWED: tuple[System, ...] = ("salesforce", "slack")


@pytest.fixture
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Ingress and worker as two processes."""
    async with stack_in(tmp_path_factory.mktemp("apart"), apart=True) as stack:
        yield stack


@pytest.fixture
def simulators(stack: Stack, seed: int) -> Iterator[Control]:
    with Control(stack.simulators_url) as control:
        fresh(control, stack, seed)
        yield control


@pytest.mark.timeout(SIZES.limit_seconds)
async def test_kills_in_turn_lose_and_double_nothing(
    stack: Stack, simulators: Control, client: Client, figures: Figures
) -> None:
    size, began, started = SIZES.kills, await next_second(), time.monotonic()
    simulators.webhook(loss=0.3)
    for system in FLAWED:
        simulators.fault(system, "drop_after", times=None, probability=0.1)
        simulators.fault(system, "status", status=429, retry_after=1, times=None, probability=1 / 9)
    async with polling(client, POLL_EVERY):
        async with killing(stack, size) as kills:
            await cancel_evenly(simulators, size.movements, size.over_seconds)
        await ended(client, began, size.movements, SIZES.limit_seconds)
        seconds = time.monotonic() - started
    simulators.clear_faults()
    runs, report = await runs_since(client, began), await coverage(client, began, datetime.now(UTC))
    deliveries, promised = simulators.deliveries(), accepted(simulators)
    answers = Counter(each.status_code or each.error for each in deliveries)
    figures |= {
        "movements": size.movements,
        "seconds": round(seconds),
        "kills": dict(kills),
        "deliveries": len(deliveries),
        "lost by rule": answers["lost by rule"],
        "503s": answers[503],
        "without an answer": sum(each.status_code is None for each in deliveries) - answers["lost by rule"],
        "acknowledged events": len(promised),
        "of them lost": len(promised - set(runs)),
        "doubled": doubled(simulators),
        "accounted": sources(report),
    }
    assert promised <= set(runs)
    assert await outcomes(client, runs) == {Outcome.ACTED: size.movements}
    assert done_once(simulators, runs)
    assert all_accounted(report, size.movements)
    assert acted_on(report) == size.movements
    assert min(kills.values()) >= 1
    assert len(kills) == 3


async def cancel_evenly(simulators: Control, count: int, over_seconds: float) -> None:
    """As many a second as it takes; in bursts, since a movement's instant is a second."""
    start = time.monotonic()
    for share in shares(count, max(round(over_seconds), 1)):
        simulators.cancel_many(share, over_seconds=0.8)
        await asyncio.sleep(1 - (time.monotonic() - start) % 1)


def shares(count: int, parts: int) -> list[int]:
    edges = [count * number // parts for number in range(parts + 1)]
    return [last - first for first, last in itertools.pairwise(edges) if last > first]


@asynccontextmanager
async def killing(stack: Stack, size: Kills) -> AsyncIterator[Counter[str]]:
    """As long as the block lasts, and each so often as `size` says. One that cannot be started again ends
    the block; at its end all are up."""
    kills: Counter[str] = Counter()
    async with asyncio.TaskGroup() as group:
        killer = group.create_task(kill_in_turn(stack, size, kills))
        yield kills
        if size.rounds is None:
            killer.cancel()
    for child in (stack.temporal, *stack.services):
        await child.start()


async def kill_in_turn(stack: Stack, size: Kills, kills: Counter[str]) -> None:
    victims: tuple[Child, ...] = (stack.ingress, stack.worker, stack.temporal)
    rounds = itertools.repeat(victims) if size.rounds is None else itertools.repeat(victims, size.rounds)
    for victim in itertools.chain.from_iterable(rounds):
        await asyncio.sleep(size.kill_every_seconds)
        await victim.kill()
        kills[victim.name] += 1
        await victim.start()
