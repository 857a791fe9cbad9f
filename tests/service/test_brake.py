"""Many cancellations at once: the route's brake holds what is too much until a person decides, once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from activities.holds import held_by
from models.holds import brake_on
from models.runs import Outcome, RunResult
from simulators.control import Control
from stack import ANY_PORTS, Stack
from tests.conftest import SEEDS
from tests.service.conftest import Command, accepted, one_of_each, until
from tests.whole_system import ROUTES

OPS = "#revops-alerts"
ROUTE = "churn-save"
BRAKE = brake_on(ROUTE)
LIMIT = 50
"""Runs an hour, where a route does not say."""


@pytest.fixture(scope="module")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """With two doors on one Temporal: `serve`, and an ingress of its own."""
    state = tmp_path_factory.mktemp("brake")
    routes = state / "routes.yaml"
    routes.write_text(ROUTES.replace("    pause_above: 0\n", ""))
    environment = {
        "ROUTES_FILE": str(routes),
        "SLACK__SETTLE_SECONDS": "0.2",
        "SLACK__OPS_CHANNEL": OPS,
        "CHARTMOGUL__DEFAULT__POLL_HEAD_START_SECONDS": "0",
    }
    async with Stack(state, ANY_PORTS, customers=400, environment=environment) as stack:
        yield stack


@pytest.fixture
async def simulators(stack: Stack, client: Client) -> AsyncIterator[Control]:
    with Control(stack.simulators_url) as control:
        control.reset(customers=400, seed=next(SEEDS))
        control.webhook(url=stack.webhook_url, retry_base_seconds=0.2)
        yield control


async def held(client: Client, count: int) -> None:
    """Lists run a little behind."""
    async with asyncio.timeout(60):
        while (await client.count_workflows(held_by(BRAKE))).count != count:
            await asyncio.sleep(0.2)


async def begun(simulators: Control, client: Client, count: int) -> tuple[set[str], set[str]]:
    """The runs of so many cancellations, all promised: those that act, and those that are held."""
    await until(lambda: len(accepted(simulators)) >= count, 60)
    answers = [each.response for each in simulators.deliveries() if each.status_code in (200, 202)]
    runs = {run["workflow_id"]: run["held_by"] for answer in answers for run in answer["runs"] if run["new"]}
    waiting = {run for run, by in runs.items() if by}
    assert {runs[run] for run in waiting} <= {BRAKE}
    return set(runs) - waiting, waiting


async def outcomes(client: Client, runs: set[str]) -> set[Outcome]:
    handles = [client.get_workflow_handle(run, result_type=RunResult) for run in runs]
    async with asyncio.timeout(90):
        return {result.outcome for result in await asyncio.gather(*(each.result() for each in handles))}


async def test_a_flood_is_held_told_once_and_let_go_once(
    simulators: Control, client: Client, mogulflow: Command
) -> None:
    simulators.cancel_many(120, over_seconds=10)
    acting, waiting = await begun(simulators, client, 120)
    assert len(acting) >= LIMIT
    assert len(waiting) >= 30, "two looks are some seconds apart, and as many cancellations"
    assert await outcomes(client, acting) == {Outcome.ACTED}
    await held(client, len(waiting))
    assert one_of_each(simulators, len(acting))
    await until(lambda: len(simulators.messages(OPS)) == 1)
    [message] = simulators.messages(OPS)
    for part in (
        f"brake of route {ROUTE}",
        f'mogulflow release {ROUTE} "why"',
        f'mogulflow drop {ROUTE} "why"',
    ):
        assert part in message["text"]
    said = await mogulflow("release", ROUTE, "the migration is meant")
    assert said.code == 0, said.text
    assert f"{len(waiting)} runs go on now" in said.text
    assert await outcomes(client, waiting) == {Outcome.ACTED}
    assert one_of_each(simulators, 120)
    result = await client.get_workflow_handle(BRAKE).result()
    assert result["runs"] == len(waiting)
    await until(lambda: len(simulators.messages(OPS)) == 2)
    assert simulators.messages(OPS)[1]["thread_ts"] == message["ts"]
    assert "the migration is meant" in simulators.messages(OPS)[1]["text"]
