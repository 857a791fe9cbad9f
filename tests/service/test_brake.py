"""Many cancellations at once: the route's brake holds what is too much until a person decides, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCError

import temporal
from dispatch.holdings import held_by, holdings
from dispatch.holds import open_hold
from local.processes import free_ports
from local.stack import ANY_PORTS, ROOT, Stack
from models.holds import Decision, HoldOn, HoldResult, Verdict, brake_on
from models.movements import Found, PollInput, PollState
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from tests.imported import ImportedStack
from tests.service.conftest import TASK_KEY, Command, accepted
from tests.waiting import until, until_listed
from tests.whole_system import ROUTES

OPS = "#revops-alerts"
ROUTE = "churn-save"
BRAKE = brake_on(ROUTE)
LIMIT = 50
"""Runs an hour, where a route does not say."""


@pytest.fixture(scope="module")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Where the route does not say how many it takes."""
    state = tmp_path_factory.mktemp("brake")
    routes = state / "routes.yaml"
    routes.write_text(ROUTES.replace("    pause_above: 0\n", ""))
    environment = {
        "ROUTES_FILE": str(routes),
        "SLACK__SETTLE_SECONDS": "0.2",
        "SLACK__OPS_CHANNEL": OPS,
        "CHARTMOGUL__DEFAULT__POLL_HEAD_START_SECONDS": "0",
    }
    async with ImportedStack(state, ANY_PORTS, customers=400, environment=environment) as stack:
        yield stack


@pytest.fixture
async def simulators(stack: Stack, client: Client, seed: int) -> AsyncIterator[Control]:
    with Control(stack.simulators_url) as control:
        control.reset(customers=400, seed=seed)
        control.webhook(url=stack.webhook_url, retry_base_seconds=0.2)
        yield control
    with suppress(RPCError):  # there is none, or it has ended
        await client.get_workflow_handle(BRAKE).signal("decide", Decision(verdict=Verdict.DROPPED))
        await ended(client)


async def begun(simulators: Control, client: Client, count: int) -> tuple[set[str], set[str]]:
    """The runs of so many cancellations, all promised: those that act, and those that are held."""
    await until(lambda: len(accepted(simulators)) >= count)
    answers = [each.response for each in simulators.deliveries() if each.status_code in (200, 202)]
    held_by = {run["held_by"] for answer in answers for run in answer["runs"] if run["new"]}
    assert held_by <= {BRAKE, None}
    runs = accepted(simulators)
    waiting = {run for run in runs if await is_held(client, run)}
    return runs - waiting, waiting


async def is_held(client: Client, run: str) -> bool:
    """By the run itself: where an answer came too late, the next one says only that it is known."""
    described = await client.get_workflow_handle(run).describe()
    return BRAKE in (described.typed_search_attributes.get(temporal.WAITS_FOR) or ())


async def flooded(simulators: Control, client: Client) -> tuple[set[str], set[str]]:
    """120 cancellations: as many as the route takes within an hour, and 70 that are too many."""
    simulators.cancel_many(LIMIT)
    await begun(simulators, client, LIMIT)
    simulators.cancel_many(120 - LIMIT)
    acting, waiting = await begun(simulators, client, 120)
    assert (len(acting), len(waiting)) == (LIMIT, 120 - LIMIT)
    await until_listed(client, held_by(BRAKE), len(waiting))
    assert await outcomes(client, acting) == {Outcome.ACTED}
    assert one_of_each(simulators, LIMIT)
    return acting, waiting


def one_of_each(simulators: Control, count: int) -> bool:
    """That many tasks and alerts, and no two for one event."""
    tasks = [task[TASK_KEY] for task in simulators.records("Task")]
    alerts = [each["metadata"]["event_payload"]["key"] for each in simulators.messages("#revenue-saves")]
    return all(len(keys) == len(set(keys)) == count for keys in (tasks, alerts))


async def outcomes(client: Client, runs: set[str]) -> set[Outcome]:
    handles = [client.get_workflow_handle(run, result_type=RunResult) for run in runs]
    return {result.outcome for result in await asyncio.gather(*(each.result() for each in handles))}


async def ended(client: Client) -> HoldResult:
    """The brake's own run, once no process can be holding any more."""
    result: HoldResult = await client.get_workflow_handle(BRAKE, result_type=HoldResult).result()
    return result


async def test_a_flood_is_held_told_once_and_let_go_once(
    simulators: Control, client: Client, mogulflow: Command
) -> None:
    _, waiting = await flooded(simulators, client)
    await until(lambda: len(simulators.messages(OPS)) == 1)
    [message] = simulators.messages(OPS)
    for part in (
        f"brake of route {ROUTE}",
        "70 runs wait",
        f'mogulflow release {ROUTE} "why"',
        f'mogulflow drop {ROUTE} "why"',
    ):
        assert part in message["text"]
    shown = await mogulflow("attention", "--check")
    assert shown.code == 1
    for part in (f"Brake of route {ROUTE} since", ": 70 runs held", f'mogulflow release {ROUTE} "why"'):
        assert part in shown.text
    said = await mogulflow("release", ROUTE, "the migration is meant")
    assert said.code == 0, said.text
    assert "What it holds goes on now, oldest first: 70 runs." in said.text
    assert await outcomes(client, waiting) == {Outcome.ACTED}
    assert one_of_each(simulators, 120)
    result = await ended(client)
    assert (result.outcome, result.why, result.runs) == (Outcome.RELEASED, "the migration is meant", 70)
    first, last = simulators.messages(OPS)
    assert last["thread_ts"] == first["ts"]
    assert "the migration is meant. 70 runs went on." in last["text"]


async def test_dropped_runs_act_on_nothing_and_coverage_has_them_all(
    simulators: Control, client: Client, mogulflow: Command
) -> None:
    """Also those that the poll has found: a flood whose webhooks are lost is one, too."""
    _, waiting = await flooded(simulators, client)
    simulators.cancel_many(3, send=False)
    given = PollInput(account="default", head_start=timedelta(0), look_back=timedelta(minutes=30))
    poll = await client.execute_workflow(
        "movement_poll", given, id="poll/brake", task_queue=temporal.WORKFLOWS, result_type=PollState
    )
    assert poll.tally.of(Found.HELD) == 3
    await until_listed(client, held_by(BRAKE), len(waiting) + 3)
    said = await mogulflow("drop", ROUTE, "customers of the old plan, all moved")
    assert "What it holds ends now, without any effect: 73 runs." in said.text
    assert await outcomes(client, waiting) == {Outcome.DROPPED}
    await until_listed(client, held_by(BRAKE), 0)
    assert one_of_each(simulators, LIMIT)
    result = await client.get_workflow_handle(min(waiting), result_type=RunResult).result()
    assert result.dropped
    assert "customers of the old plan, all moved" in result.dropped
    covered = await mogulflow("coverage")
    assert covered.code == 0, covered.text
    assert f"all {LIMIT} 0 0 73 0 123" in covered.text
    retried = await mogulflow("retry", min(waiting))
    assert retried.code == 0, retried.text
    assert await outcomes(client, {min(waiting)}) == {Outcome.ACTED}
    assert one_of_each(simulators, LIMIT + 1)
    assert (await ended(client)).outcome is Outcome.DROPPED


async def test_a_restart_forgets_no_count_and_a_kill_no_release(
    simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    simulators.cancel_many(LIMIT)
    acting, waiting = await begun(simulators, client, LIMIT)
    assert (len(acting), len(waiting)) == (LIMIT, 0)
    assert await outcomes(client, acting) == {Outcome.ACTED}
    await listed(client, LIMIT)
    await stack.serve.kill()
    await stack.serve.start()
    simulators.cancel_many(10)
    _, waiting = await begun(simulators, client, LIMIT + 10)
    assert len(waiting) == 10
    await until_listed(client, held_by(BRAKE), 10)
    assert (await mogulflow("release", ROUTE, "all meant")).code == 0
    await stack.serve.kill()
    await stack.serve.start()
    assert await outcomes(client, waiting) == {Outcome.ACTED}
    assert one_of_each(simulators, LIMIT + 10)
    await ended(client)


@pytest.mark.parametrize("word", [Verdict.RELEASED, Verdict.DROPPED])
async def test_a_brake_that_holds_nothing_is_shown_and_can_be_taken_off(
    simulators: Control, client: Client, mogulflow: Command, word: Verdict
) -> None:
    """A process put it on, and was killed before the run that it is for began."""
    await open_hold(client, BRAKE, HoldOn(why=f"more than {LIMIT} runs began within an hour"))

    async def is_open() -> bool:
        return BRAKE in {each.name for each in await holdings(client) if each.is_open}

    await until(is_open)
    shown = await mogulflow("attention", "--check")
    assert shown.code == 1
    for part in (f"Brake of route {ROUTE} since", ": 0 runs held", f'mogulflow release {ROUTE} "why"'):
        assert part in shown.text
    command = "release" if word is Verdict.RELEASED else "drop"
    said = await mogulflow(command, ROUTE, "nothing waits")
    assert said.code == 0, said.text
    assert "The brake is off" in said.text
    result = await ended(client)
    assert (result.outcome, result.why, result.runs) == (word.outcome, "nothing waits", 0)
    again = await mogulflow(command, ROUTE, "nothing waits")
    assert (again.code, f"No brake is on for a route {ROUTE}." in again.text) == (1, True)


async def test_two_doors_have_one_brake(
    simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    other = free_ports(0)[0]
    url = f"http://127.0.0.1:{other}"
    dispatcher = stack._python(
        "ingress2", [str(ROOT / "cli.py"), "ingress"], f"{url}/ready", {"INGRESS_PORT": str(other)}
    )
    await dispatcher.start()
    try:
        simulators.cancel_many(LIMIT)
        acting, _ = await begun(simulators, client, LIMIT)
        await listed(client, LIMIT)
        bodies = simulators.cancel_many(100, send=False)
        started, waiting = await through(f"{url}/webhooks/chartmogul/{stack.webhook_secret}", bodies)
        simulators.cancel_many(1)
        _, first = await begun(simulators, client, LIMIT + 1)
        assert len(first) == 1
        await until_listed(client, held_by(BRAKE), 2)
        assert waiting
        await until(lambda: len(simulators.messages(OPS)) == 1)
        assert (await mogulflow("release", ROUTE, "all meant")).code == 0
        every = acting | started | waiting | first
        assert await outcomes(client, every) == {Outcome.ACTED}
        assert one_of_each(simulators, len(every))
        await ended(client)
        assert len(simulators.messages(OPS)) == 2
    finally:
        await dispatcher.stop()


async def through(url: str, bodies: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """One after the other until one is held: the runs that were started, and that one."""
    started: set[str] = set()
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        for body in bodies:
            [run] = (await http.post(url, json=body)).raise_for_status().json()["runs"]
            if run["held_by"]:
                return started, {run["workflow_id"]}
            started.add(run["workflow_id"])
            await asyncio.sleep(0.5)
    raise AssertionError("none was held")


async def listed(client: Client, count: int) -> None:
    """What a dispatcher counts; of the tests before nothing is open or counts any more."""
    query = f"WorkflowType = 'churn_save' AND Outcome = '{Outcome.ACTED}' AND ExecutionStatus = 'Completed'"

    async def so_many() -> bool:
        return (await client.count_workflows(query)).count >= count

    await until(so_many)
