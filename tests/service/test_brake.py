"""Many cancellations at once: the route's brake holds what is too much until a person decides, once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

import temporal
from dispatch.holdings import held_by, holdings
from local.processes import free_ports
from local.stack import ROOT, Ports, Stack
from models.holds import HoldOn, HoldResult, Verdict, brake_on
from models.movements import Found, PollInput, PollState
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from tests.imported import ImportedStack
from tests.service.conftest import TASK_KEY, Command, accepted
from tests.service.holds import opened_for_a_moment
from tests.waiting import until, until_equal, until_listed

OPS = "#revops-alerts"
UNSAID = 50
"""Runs an hour, where a route does not say."""


@dataclass(frozen=True)
class Account:
    """One for each test, of the same ChartMogul: so each has a route, a count and a brake of its own, and
    none waits until the brake of the test before has ended."""

    name: str
    limit: int = 8

    @property
    def route(self) -> str:
        return f"churn-{self.name}"

    @property
    def brake(self) -> str:
        return brake_on(self.route)

    @property
    def secret(self) -> str:
        return f"the-secret-of-{self.name}"

    @property
    def declared(self) -> str:
        says = f"    pause_above: {self.limit}\n" if self.limit != UNSAID else ""
        return f"""
  - name: {self.route}
    template: churn_save
    when: {{movements: [churn], accounts: [{self.name}]}}
{says}    options:
      channel: "#revenue-saves"
      task: {{fallback_owner: revops@mogulflow.example}}
      check_back_days: []
      settling_seconds: 0.2
"""

    def environment(self, chartmogul: str) -> dict[str, str]:
        settings = {
            "API_KEY": "cm-demo-key",
            "WEBHOOK_SECRETS": self.secret,
            "BASE_URL": chartmogul,
            "POLL_HEAD_START_SECONDS": "0",
        }
        return {f"CHARTMOGUL__{self.name.upper()}__{name}": value for name, value in settings.items()}


FLOODED, DROPPED, RESTARTED, DOORS = (
    Account("flooded", limit=UNSAID),
    Account("dropped"),
    Account("restarted"),
    Account("doors"),
)
ACCOUNTS = (FLOODED, DROPPED, RESTARTED, DOORS)


@pytest.fixture(scope="module")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state = tmp_path_factory.mktemp("brake")
    routes = state / "routes.yaml"
    routes.write_text("routes:" + "".join(each.declared for each in ACCOUNTS))
    (port,) = free_ports(0)
    environment = {
        "ROUTES_FILE": str(routes),
        "SLACK__SETTLE_SECONDS": "0.2",
        "SLACK__OPS_CHANNEL": OPS,
    }
    for each in ACCOUNTS:
        environment |= each.environment(f"http://127.0.0.1:{port}/chartmogul/v1")
    ports = Ports(temporal=0, web_ui=None, ingress=0, simulators=port)
    async with ImportedStack(state, ports, environment=environment) as stack:
        yield stack


@pytest.fixture
def simulators(stack: Stack, account: Account, seed: int) -> Iterator[Control]:
    with Control(stack.simulators_url) as control:
        control.reset(seed=seed)
        url = f"{stack.ingress_url}/webhooks/chartmogul/{account.secret}"
        control.webhook(url=url, retry_base_seconds=0.2)
        yield control


def of(account: Account) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("account", [account], ids=[account.name])


async def begun(
    simulators: Control, client: Client, account: Account, count: int
) -> tuple[set[str], set[str]]:
    """The runs of so many cancellations, all promised: those that act, and those that are held."""
    await until(lambda: len(accepted(simulators)) >= count)
    answers = [each.response for each in simulators.deliveries() if each.status_code in (200, 202)]
    held_by = {run["held_by"] for answer in answers for run in answer["runs"] if run["new"]}
    assert held_by <= {account.brake, None}
    runs = accepted(simulators)
    waiting = {run for run in runs if await is_held(client, account, run)}
    return runs - waiting, waiting


async def is_held(client: Client, account: Account, run: str) -> bool:
    """By the run itself: where an answer came too late, the next one says only that it is known."""
    described = await client.get_workflow_handle(run).describe()
    return account.brake in (described.typed_search_attributes.get(temporal.WAITS_FOR) or ())


TOO_MANY = 20


async def flooded(simulators: Control, client: Client, account: Account) -> tuple[set[str], set[str]]:
    """As many cancellations as the route takes within an hour, and 20 that are too many."""
    simulators.cancel_many(account.limit)
    await begun(simulators, client, account, account.limit)
    simulators.cancel_many(TOO_MANY)
    acting, waiting = await begun(simulators, client, account, account.limit + TOO_MANY)
    assert (len(acting), len(waiting)) == (account.limit, TOO_MANY)
    await until_listed(client, held_by(account.brake), len(waiting))
    assert await outcomes(client, acting) == {Outcome.ACTED}
    assert one_of_each(simulators, account.limit)
    return acting, waiting


def one_of_each(simulators: Control, count: int) -> bool:
    """That many tasks and alerts, and no two for one event."""
    tasks = [task[TASK_KEY] for task in simulators.records("Task")]
    alerts = [each["metadata"]["event_payload"]["key"] for each in simulators.messages("#revenue-saves")]
    return all(len(keys) == len(set(keys)) == count for keys in (tasks, alerts))


def told(simulators: Control, account: Account) -> list[dict[str, Any]]:
    """What the ops channel heard of this brake: of another one's end it may hear in the middle of a test."""
    every = simulators.messages(OPS)
    first = [each for each in every if f"brake of route {account.route} " in each["text"]]
    return first + [each for each in every if each.get("thread_ts") in {one["ts"] for one in first}]


async def outcomes(client: Client, runs: set[str]) -> set[Outcome]:
    handles = [client.get_workflow_handle(run, result_type=RunResult) for run in runs]
    return {result.outcome for result in await asyncio.gather(*(each.result() for each in handles))}


async def ended(client: Client, brake: str) -> HoldResult:
    """The brake's own run, once no process can be holding any more."""
    result: HoldResult = await client.get_workflow_handle(brake, result_type=HoldResult).result()
    return result


@of(FLOODED)
async def test_a_flood_is_held_told_once_and_let_go_once(
    account: Account, simulators: Control, client: Client, mogulflow: Command
) -> None:
    route = account.route
    _, waiting = await flooded(simulators, client, account)
    await until(lambda: len(told(simulators, account)) == 1)
    [message] = told(simulators, account)
    for part in (
        f"brake of route {route}",
        "20 runs wait",
        f'mogulflow release {route} "why"',
        f'mogulflow drop {route} "why"',
    ):
        assert part in message["text"]
    shown = await mogulflow("attention", "--check")
    assert shown.code == 1
    for part in (f"Brake of route {route} since", ": 20 runs held", f'mogulflow release {route} "why"'):
        assert part in shown.text
    said = await mogulflow("release", route, "the migration is meant")
    assert said.code == 0, said.text
    assert "What it holds goes on now, oldest first: 20 runs." in said.text
    assert await outcomes(client, waiting) == {Outcome.ACTED}
    assert one_of_each(simulators, UNSAID + TOO_MANY)
    result = await ended(client, account.brake)
    assert (result.outcome, result.why, result.runs) == (Outcome.RELEASED, "the migration is meant", 20)
    first, last = told(simulators, account)
    assert last["thread_ts"] == first["ts"]
    assert "the migration is meant. 20 runs went on." in last["text"]


@of(DROPPED)
async def test_dropped_runs_act_on_nothing_and_coverage_has_them_all(
    account: Account, simulators: Control, client: Client, mogulflow: Command
) -> None:
    """Also those that the poll has found: a flood whose webhooks are lost is one, too."""
    _, waiting = await flooded(simulators, client, account)
    simulators.cancel_many(3, send=False)
    given = PollInput(account=account.name, head_start=timedelta(0), look_back=timedelta(minutes=30))
    poll = await client.execute_workflow(
        "movement_poll", given, id="poll/brake", task_queue=temporal.WORKFLOWS, result_type=PollState
    )
    assert poll.tally.of(Found.HELD) == 3
    await until_listed(client, held_by(account.brake), len(waiting) + 3)
    said = await mogulflow("drop", account.route, "customers of the old plan, all moved")
    assert "What it holds ends now, without any effect: 23 runs." in said.text
    assert await outcomes(client, waiting) == {Outcome.DROPPED}
    await until_listed(client, held_by(account.brake), 0)
    assert one_of_each(simulators, account.limit)
    result = await client.get_workflow_handle(min(waiting), result_type=RunResult).result()
    assert result.dropped
    assert "customers of the old plan, all moved" in result.dropped
    covered = await mogulflow("coverage", "--account", account.name)
    assert covered.code == 0, covered.text
    assert f"all {account.limit} 0 0 23 0 {account.limit + 23}" in covered.text
    retried = await mogulflow("retry", min(waiting))
    assert retried.code == 0, retried.text
    assert await outcomes(client, {min(waiting)}) == {Outcome.ACTED}
    assert one_of_each(simulators, account.limit + 1)
    assert (await ended(client, account.brake)).outcome is Outcome.DROPPED


@of(RESTARTED)
async def test_a_restart_forgets_no_count_and_a_kill_no_release(
    account: Account, simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    simulators.cancel_many(account.limit)
    acting, waiting = await begun(simulators, client, account, account.limit)
    assert (len(acting), len(waiting)) == (account.limit, 0)
    assert await outcomes(client, acting) == {Outcome.ACTED}
    await listed(client, account)
    await stack.serve.kill()
    await stack.serve.start()
    simulators.cancel_many(10)
    _, waiting = await begun(simulators, client, account, account.limit + 10)
    assert len(waiting) == 10
    await until_listed(client, held_by(account.brake), 10)
    assert (await mogulflow("release", account.route, "all meant")).code == 0
    await stack.serve.kill()
    await stack.serve.start()
    assert await outcomes(client, waiting) == {Outcome.ACTED}
    assert one_of_each(simulators, account.limit + 10)


@pytest.mark.parametrize("word", [Verdict.RELEASED, Verdict.DROPPED])
async def test_a_brake_that_holds_nothing_is_shown_and_can_be_taken_off(
    client: Client, mogulflow: Command, word: Verdict
) -> None:
    """A process put it on, and was killed before the run that it is for began."""
    route = f"nothing-{word}"
    brake = brake_on(route)
    await opened_for_a_moment(client, brake, HoldOn(why="more than 50 runs began within an hour"))

    async def is_open() -> bool:
        return brake in {each.name for each in await holdings(client) if each.is_open}

    await until(is_open)
    shown = await mogulflow("attention", "--check")
    assert shown.code == 1
    for part in (f"Brake of route {route} since", ": 0 runs held", f'mogulflow release {route} "why"'):
        assert part in shown.text
    command = "release" if word is Verdict.RELEASED else "drop"
    said = await mogulflow(command, route, "nothing waits")
    assert said.code == 0, said.text
    assert "The brake is off" in said.text
    result = await ended(client, brake)
    assert (result.outcome, result.why, result.runs) == (word.outcome, "nothing waits", 0)

    async def is_listed() -> bool:
        return brake in {each.name for each in await holdings(client)}

    await until_equal(is_listed, False)
    again = await mogulflow(command, route, "nothing waits")
    assert (again.code, f"No brake is on for a route {route}." in again.text) == (1, True)


@of(DOORS)
async def test_two_doors_have_one_brake(
    account: Account, simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    other = free_ports(0)[0]
    url = f"http://127.0.0.1:{other}"
    dispatcher = stack._python(
        "ingress2", [str(ROOT / "cli.py"), "ingress"], f"{url}/ready", {"INGRESS_PORT": str(other)}
    )
    await dispatcher.start()
    try:
        simulators.cancel_many(account.limit)
        acting, _ = await begun(simulators, client, account, account.limit)
        await listed(client, account)
        bodies = simulators.cancel_many(50, send=False)
        started, waiting = await through(f"{url}/webhooks/chartmogul/{account.secret}", bodies)
        simulators.cancel_many(1)
        _, first = await begun(simulators, client, account, account.limit + 1)
        assert len(first) == 1
        await until_listed(client, held_by(account.brake), 2)
        assert waiting
        await until(lambda: len(told(simulators, account)) == 1)
        assert (await mogulflow("release", account.route, "all meant")).code == 0
        every = acting | started | waiting | first
        assert await outcomes(client, every) == {Outcome.ACTED}
        assert one_of_each(simulators, len(every))
        await ended(client, account.brake)
        assert len(told(simulators, account)) == 2
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


async def listed(client: Client, account: Account) -> None:
    """What a dispatcher counts."""
    acted = f"WorkflowType = 'churn_save' AND Outcome = '{Outcome.ACTED}' AND ExecutionStatus = 'Completed'"
    await until_listed(client, f"{acted} AND {temporal.ACCOUNT.name} = '{account.name}'", account.limit)
