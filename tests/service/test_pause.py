"""`mogulflow pause` and `resume`: nothing is written meanwhile, and nothing is lost."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client

from commands.terminal import NOT_ASKED
from dispatch.holds import open_hold
from local.processes import free_ports
from local.stack import Ports, Stack
from models.holds import HoldOn
from models.runs import Outcome, RunResult
from operations.holds import is_listed
from simulators.kit.control import Control
from tests.emulators.lossy import lossy_line
from tests.imported import ImportedStack
from tests.service.conftest import Command, accepted, one_of_each
from tests.waiting import until, until_equal, until_listed
from tests.whole_system import ROUTES

ALL = "pause/all"
OF_TEMPLATE = "pause/template/churn_save"
EUROPES_SECRET = "europes-own-secret-in-the-url"


@pytest.fixture(scope="module")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Two accounts on one ChartMogul, and schedules."""
    state = tmp_path_factory.mktemp("pause")
    routes = state / "routes.yaml"
    routes.write_text(ROUTES)
    simulators = free_ports(0)[0]
    environment = {
        "ROUTES_FILE": str(routes),
        "SLACK__SETTLE_SECONDS": "0.2",
        "CHARTMOGUL__DEFAULT__POLL_MINUTES": "600",
        "CHARTMOGUL__EUROPE__API_KEY": "cm-demo-key",
        "CHARTMOGUL__EUROPE__WEBHOOK_SECRETS": EUROPES_SECRET,
        "CHARTMOGUL__EUROPE__BASE_URL": f"http://127.0.0.1:{simulators}/chartmogul/v1",
        "CHARTMOGUL__EUROPE__POLL_MINUTES": "600",
    }
    ports = Ports(temporal=0, web_ui=None, ingress=0, simulators=simulators)
    async with ImportedStack(state, ports, environment=environment, schedules=True) as stack:
        yield stack


async def open_holds(stack: Stack) -> set[str]:
    """As the process knows them that takes deliveries and runs steps."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        text = (await http.get(f"{stack.ingress_url}/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("mogulflow_hold_open{")]
    return {line.split('"')[1] for line in lines}


async def known(stack: Stack, *holds: str) -> None:
    await until_equal(lambda: open_holds(stack), set(holds))


@pytest.fixture(autouse=True)
async def nothing_is_paused(stack: Stack, mogulflow: Command) -> AsyncIterator[None]:
    yield
    for hold in await open_holds(stack):
        scope = hold.split("/")[1:]
        await mogulflow("resume", *([] if scope == ["all"] else [f"--{scope[0]}", scope[1]]))
    await known(stack)


async def of_one(simulators: Control, client: Client, number: int = 0) -> str:
    """The run of a cancellation, promised by the ingress."""
    before = accepted(simulators)
    simulators.cancel(simulators.customers(case="account")[number].uuid)
    await until(lambda: len(accepted(simulators)) > len(before))
    [run] = accepted(simulators) - before
    return run


async def outcome(client: Client, run: str) -> Outcome:
    result: RunResult = await client.get_workflow_handle(run, result_type=RunResult).result()
    return result.outcome


def acts(simulators: Control) -> list[str]:
    """What was written anywhere, in order."""
    calls = [*simulators.calls("salesforce"), *simulators.calls("slack")]
    return [each.path for each in calls if each.method == "PATCH" or each.path.endswith("chat.postMessage")]


async def attribute(client: Client, run: str, name: str) -> object:
    described = await client.get_workflow_handle(run).describe()
    return {each.key.name: each.value for each in described.typed_search_attributes}.get(name)


async def note_of(client: Client, schedule: str) -> tuple[bool, str]:
    state = (await client.get_schedule_handle(schedule).describe()).schedule.state
    return state.paused, state.note or ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pause", "why", "--for", "31d"], "at most 30 days"),
        (["pause", "why", "--for", "0s"], "must be at least 2 min, for more than one may pass"),
        (["pause", "why", "--for", "119s"], "must be at least 2 min"),
        (["pause", "why", "--for", "soon"], "write 30m, 1h, 1h30m or 2d"),
        (["pause", " "], "Say why"),
        (["pause", "why", "--template", "churn"], "There is churn_save, churn_risk"),
        (["pause", "why", "--system", "salesfarce"], "There is chartmogul, stripe"),
        (["pause", "why", "--account", "nobody"], "There is default, europe"),
        (["pause", "why", "--account", "default", "--system", "slack"], "Name one of"),
        (["resume"], "Nothing is paused."),
        (["release", "churn-save", "why"], "There is none for any route."),
        (["drop", "nobody", "why"], "No brake is on for a route nobody."),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_words(
    client: Client, mogulflow: Command, arguments: list[str], words: str
) -> None:
    """They come first: after another test one would wait until its hold has told the runs of its end."""
    await until_listed(client, "WorkflowType = 'hold' AND ExecutionStatus = 'Running'", 0)
    said = await mogulflow(*arguments)
    assert said.code == 1
    assert words in said.text


async def test_everything_is_paused_and_goes_on_afterwards(
    simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    """A run that waits for Salesforce writes nothing in the pause, though Salesforce is back."""
    await client.get_schedule_handle("coverage/default").pause(note="mine")
    fault = simulators.fault("salesforce", "status", method="PATCH", status=503, times=None)
    under_way = await of_one(simulators, client)
    await until(lambda: any("PATCH" in each.method for each in simulators.calls("salesforce")))
    said = await mogulflow("pause", "Salesforce is being migrated", "--for", "1h")
    assert said.code == 0, said.text
    assert "Pausing everything: each process that reaches Temporal holds it within 13 seconds." in said.text
    assert re.search(r"Paused since \d\d:\d\d, until \d\d \w{3} \d\d:\d\d \S+: everything\. ", said.text)
    assert "Each process that reaches Temporal holds it now. New runs are held" in said.text
    assert "a worker pauses the schedules. What was sent before is finished" in said.text
    assert "No worker" not in said.text
    assert await open_holds(stack) == {ALL}
    simulators.remove_fault(fault.id)
    waiting = await of_one(simulators, client, 1)
    before = acts(simulators)
    assert await attribute(client, waiting, "Outcome") == Outcome.HELD
    await until_equal(
        lambda: note_of(client, "poll/default"),
        (True, "mogulflow pause/all: Salesforce is being migrated"),
    )
    assert await note_of(client, "coverage/default") == (True, "mine")
    assert await note_of(client, "ops_watch") == (False, "")
    shown = await mogulflow("attention")
    for part in (
        "Pause of everything since",
        "1 run held: Salesforce is being migrated",
        "`mogulflow resume`",
    ):
        assert part in shown.text
    assert "Pause of everything" in (await mogulflow("runs")).text
    assert acts(simulators) == before
    said = await mogulflow("resume", "it was quick")
    assert (
        "Resumed: everything. Each process goes on within 13 seconds, once a worker has taken this up."
        in said.text
    )
    assert "What it holds goes on by itself, oldest first: 1 run." in said.text
    assert await outcome(client, under_way) is await outcome(client, waiting) is Outcome.ACTED
    assert one_of_each(simulators, 2)
    await until_equal(lambda: note_of(client, "poll/default"), (False, ""))
    assert await note_of(client, "coverage/default") == (True, "mine")
    await client.get_schedule_handle("coverage/default").unpause()


async def test_a_paused_template_holds_its_runs_until_its_time_is_over(
    simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    said = await mogulflow("pause", "texts are wrong", "--template", "churn_save")
    assert said.code == 0, said.text
    run = await of_one(simulators, client)
    assert await attribute(client, run, "WaitsFor") == [OF_TEMPLATE]
    at_once = HoldOn(why="texts are wrong", until=datetime.now(UTC))
    await open_hold(client, OF_TEMPLATE, at_once)
    assert await outcome(client, run) is Outcome.ACTED
    assert await attribute(client, run, "WaitsFor") is None
    assert one_of_each(simulators, 1)


async def test_a_paused_system_is_waited_for_and_a_paused_account_leaves_the_others_alone(
    simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    await asyncio.gather(
        mogulflow("pause", "wrong channel", "--system", "slack"),
        mogulflow("pause", "import into ChartMogul", "--account", "europe"),
    )
    run = await of_one(simulators, client)
    await until(lambda: len(simulators.records("Task")) == 1)
    await until_equal(lambda: attribute(client, run, "WaitsFor"), ["slack"])
    assert simulators.messages() == []
    memo = await (await client.get_workflow_handle(run).describe()).memo()
    assert memo["waits"]["slack"]["why"].startswith("Paused: system slack until ")
    said = await mogulflow("resume", "--system", "slack")
    assert said.code == 0, said.text
    assert await outcome(client, run) is Outcome.ACTED
    assert one_of_each(simulators, 1)
    held = await held_of_europe(simulators, stack)

    async def is_paused() -> bool:
        return (await note_of(client, "poll/europe"))[0]

    await until(is_paused)
    assert (await note_of(client, "poll/default")) == (False, "")
    assert (await mogulflow("resume", "--account", "europe")).code == 0
    assert await outcome(client, held) is Outcome.ACTED


async def held_of_europe(simulators: Control, stack: Stack) -> str:
    """The run of a cancellation there."""
    body = simulators.cancel(simulators.customers(case="account")[1].uuid, send=False)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        url = f"{stack.ingress_url}/webhooks/chartmogul/{EUROPES_SECRET}"
        answer = await http.post(url, json=body)
    assert (answer.status_code, answer.json()["result"]) == (202, "held")
    [held] = answer.json()["runs"]
    assert held["held_by"] == "pause/account/europe"
    return str(held["workflow_id"])


async def test_a_service_that_is_killed_while_it_lets_go_goes_on_and_does_nothing_twice(
    simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    hour = datetime.now(UTC) + timedelta(hours=1)
    await open_hold(client, OF_TEMPLATE, HoldOn(why="a test", until=hour))
    await known(stack, OF_TEMPLATE)
    simulators.cancel_many(12)
    await until(lambda: len(accepted(simulators)) == 12)
    said = await mogulflow("resume", "--template", "churn_save")
    assert said.code == 0, said.text
    await stack.serve.kill()
    await stack.serve.start()
    for run in accepted(simulators):
        assert await outcome(client, run) is Outcome.ACTED
    assert one_of_each(simulators, 12)


async def test_a_service_that_begins_in_a_pause_knows_of_it_before_it_takes_anything(
    simulators: Control, stack: Stack, client: Client, mogulflow: Command
) -> None:
    await stack.serve.stop()
    said = await mogulflow("pause", "a test")
    assert said.code == 0, said.text
    assert "once a worker is there it pauses the schedules" in said.text
    assert "No worker is there now: start `mogulflow serve`." in said.text
    await stack.serve.start()
    run = await of_one(simulators, client)
    assert await attribute(client, run, "Outcome") == Outcome.HELD
    assert acts(simulators) == []
    await mogulflow("resume")
    assert await outcome(client, run) is Outcome.ACTED


async def test_where_temporal_goes_away_it_says_that_the_pause_is_on(
    stack: Stack, client: Client, mogulflow: Command
) -> None:
    with lossy_line(int(stack.environment["TEMPORAL_ADDRESS"].rpartition(":")[2])) as line:
        line.lose("WorkflowType = 'hold'", last=True)
        said = await mogulflow("pause", "a test", TEMPORAL_ADDRESS=f"127.0.0.1:{line.port}")
    assert (said.code, line.lost) == (NOT_ASKED, 1), said.text
    assert "The pause is on, until " in said.text
    assert "each process holds it once it has read of it in Temporal. Temporal: " in said.text
    await known(stack, ALL)


async def test_where_temporal_goes_away_before_it_answers_it_says_that_nobody_knows(
    stack: Stack, mogulflow: Command
) -> None:
    with lossy_line(int(stack.environment["TEMPORAL_ADDRESS"].rpartition(":")[2])) as line:
        line.lose("a pause of the tests", last=True)
        arguments = ("pause", "a pause of the tests", "--system", "slack")
        said = await mogulflow(*arguments, TEMPORAL_ADDRESS=f"127.0.0.1:{line.port}")
    assert (said.code, line.lost) == (NOT_ASKED, 1), said.text
    assert "Temporal did not say whether the pause is on: `mogulflow attention` tells" in said.text
    await known(stack, "pause/system/slack")


async def test_a_pause_before_it_that_is_listed_still_is_not_taken_for_it(
    stack: Stack, client: Client
) -> None:
    """With an end of its own in the list it is there, though its run is the one before it, or another."""
    hour = datetime.now(UTC) + timedelta(hours=1)
    before = await open_hold(client, ALL, HoldOn(why="a test", until=hour))
    await known(stack, ALL)
    assert await is_listed(client, before)
    later = before.model_copy(update={"run_id": "another", "until": hour + timedelta(hours=1)})
    assert not await is_listed(client, later)
    assert await is_listed(client, before.model_copy(update={"run_id": "another"}))
