"""Runs of every kind are undone, and a tenth of what they wrote was edited by people in between."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterable
from random import Random
from typing import Any, TypeVar, cast

import pytest
from temporalio.client import Client

import worker
from activities.pauses import Pauses
from clients.hubspot.records import key_property
from clients.kit.cooldown import Cooldowns
from models.undo import UndoState
from settings import Settings
from simulators.kit.control import Control
from systems import HUBSPOT, Connections
from tests.workflows.mixed_runs import KINDS, Run, World

T = TypeVar("T")

FULL = os.environ.get("FIRE") == "full"
SIZE = 1_000 if FULL else 64
ROUNDS = -(-SIZE // len(KINDS))
EDITED = frozenset(Random(38).sample(range(SIZE), SIZE // 10))
AT_ONCE = 8

QUICK: dict[str, dict[str, Any]] = {
    "hubspot": {"requests_per_10_seconds": 1_000_000},
    "zendesk": {"requests_per_minute": 1_000_000},
}


@pytest.fixture
async def connections(settings: Settings) -> AsyncIterator[Connections]:
    """At once, however many calls there are."""
    quick = {name: getattr(settings, name).model_copy(update=more) for name, more in QUICK.items()}
    account = settings.chartmogul["default"].model_copy(update={"requests_per_second": 10_000})
    found = Connections.of(settings.model_copy(update=quick | {"chartmogul": {"default": account}}))
    yield found
    await found.aclose()


@pytest.fixture
async def world(
    simulators: Control,
    connections: Connections,
    settings: Settings,
    client: Client,
    workers: None,
    seed: int,
) -> World:
    hubspot = connections.to(HUBSPOT)
    assert hubspot
    simulators.reset(seed=seed, customers=max(200, 3 * SIZE))
    for each in ("deals", "tasks"):
        await hubspot.prepare(each, [key_property("mogulflow_key")], dry_run=False)
    steps = worker.steps(connections, settings, cast(Any, None), Pauses(Cooldowns(), {}))
    customers = simulators.customers(limit=SIZE + 3 * ROUNDS)
    taken, known = {each.uuid for each in customers}, simulators.customers(limit=3 * SIZE, case="account")
    users = {
        system: simulators.ask("GET", f"{system}/customers", query={"case": case, "limit": ROUNDS})
        for system, case in (("intercom", "user"), ("zendesk", "known"))
    }
    return World(
        simulators=simulators,
        client=client,
        steps={each.definition.name: each for each in steps},
        customers=customers[:SIZE],
        merged=customers[SIZE:],
        with_account=[each for each in known if each.mrr and each.uuid not in taken],
        accounts=[str(each["Id"]) for each in simulators.records("Account")[:2]],
        users={system: [each["external_id"] for each in rows] for system, rows in users.items()},
    )


async def some_at_once(jobs: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    room = asyncio.Semaphore(AT_ONCE)

    async def within(job: Coroutine[Any, Any, T]) -> T:
        async with room:
            return await job

    return await asyncio.gather(*map(within, jobs))


@pytest.mark.timeout(1800 if FULL else 300)
async def test_nothing_that_people_edited_is_overwritten_and_all_else_is_as_before(world: World) -> None:
    runs = [KINDS[n % len(KINDS)](world, n, n // len(KINDS)) for n in range(SIZE)]
    before = [run.now() for run in runs]
    await some_at_once(run.do() for run in runs)
    assert [n for n, run in enumerate(runs) if run.now() == before[n]] == []
    edited = {n: await runs[n].edit() for n in sorted(EDITED)}
    left = [run.now() for run in runs]
    told = await some_at_once(run.undo() for run in reversed(runs))
    for n, (run, said) in enumerate(zip(runs, reversed(told), strict=True)):
        assert (n, run.now()) == (n, run.wanted(before[n], left[n], edited.get(n)))
        assert (n, *_worst(said)) == (n, *_expected(run, is_edited=n in edited))


def _worst(said: list[tuple[UndoState, Any]]) -> tuple[set[UndoState], bool]:
    """States of its effects, and whether fields were left."""
    return {state for state, _ in said}, any(left for _, left in said)


def _expected(run: Run, *, is_edited: bool) -> tuple[set[UndoState], bool]:
    if not is_edited or run.told_of_edited is UndoState.UNDONE:
        return {UndoState.UNDONE}, False
    others = {UndoState.UNDONE} if len(run.effects) > 1 else set()
    return {UndoState.CHANGED_SINCE, *others}, True
