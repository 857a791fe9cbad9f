"""`mogulflow retry`: again by the route as it is now, never twice what was done, and with a reason kept."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

import temporal
from dispatch.holds import Holds
from local.stack import Stack
from models.effects import Action
from models.routes import Routes
from models.runs import Outcome, RunResult
from models.templates.catalogue import TEMPLATES
from simulators.kit.control import Control
from tests import imported
from tests.emulators.lossy import lossy_line
from tests.service.cancellations import Run, begun, churn_route, given_to
from tests.service.conftest import Command, one_of_each
from tests.waiting import until, until_listed


def actions(result: RunResult) -> dict[str, Action]:
    return {each.object_type: each.action for each in result.effects}


async def test_a_corrected_channel_is_used_as_the_advice_says(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await begun(client, simulators, churn_route(channel="#revenue-saved"))
    before = await run.result()
    assert (before.outcome, actions(before)) == (Outcome.PARTIAL, {"Task": Action.CREATED})
    await until_listed(client, f"WorkflowId = '{run.id}' AND Outcome = 'partial' AND CloseTime IS NOT NULL")
    advice = (
        f"run `mogulflow retry {run.id}`; where its route was wrong and is corrected, add `--current-route`."
    )
    assert advice in (await mogulflow("attention")).text
    plain = await mogulflow("retry", run.id)
    assert plain.code == 0
    assert f"says otherwise now. To go by that: `mogulflow retry {run.id} --current-route`." in plain.text
    assert (await run.result()).outcome is Outcome.PARTIAL
    said = await mogulflow("retry", run.id, "--current-route", "--reason", "The channel was misspelt")
    assert (said.code, "Running again: http" in said.text) == (0, True), said.text
    again = await run.result()
    assert (again.outcome, actions(again)) == (
        Outcome.ACTED,
        {"Task": Action.UNCHANGED, "message": Action.CREATED},
    )
    assert one_of_each(simulators, 1)
    memo = (await (await run.describe()).memo())[temporal.RERUN]
    assert (memo["why"], memo["old_route"], memo["new_route"]) == (
        "The channel was misspelt",
        "by-mistake",
        "churn-save",
    )
    assert (await mogulflow("attention")).text.count(run.id) == 0


async def test_a_post_whose_answer_was_lost_is_looked_for_by_the_new_run(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    simulators.fault("slack", "drop_after", path="chat.postMessage", times=1)
    run = await begun(client, simulators, churn_route(task={"priority": "High"}))
    await until(lambda: len(simulators.messages()) == 1)
    simulators.fault("slack", "status", status=503, times=None)
    said = await mogulflow("retry", run.id, "--current-route", "--yes")
    assert said.code == 0, said.text
    simulators.clear_faults()
    again = await run.result()
    assert again.outcome is Outcome.ACTED
    assert one_of_each(simulators, 1)


async def test_an_open_run_without_trouble_is_begun_anew_only_where_that_is_meant(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await begun(client, simulators, churn_route(check_back_days=[7]))
    await until(lambda: one_of_each(simulators, 1))
    first = await run.describe()
    for arguments in ([], ["--current-route"]):
        said = await mogulflow("retry", run.id, *arguments)
        assert (said.code, "is open and nothing has failed. `--yes` ends it" in said.text) == (1, True)
    assert (await run.describe()).run_id == first.run_id
    for arguments in (["--yes"], ["--yes", "--current-route"]):
        before = await run.describe()
        said = await mogulflow("retry", run.id, *arguments, "--reason", "To try it")
        assert said.code == 0, said.text
        ended = client.get_workflow_handle(run.id, run_id=before.run_id)
        assert (await ended.describe()).status is WorkflowExecutionStatus.TERMINATED
        [*_, last] = (await ended.fetch_history()).events
        assert last.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED
        if arguments == ["--yes"]:
            why = last.workflow_execution_terminated_event_attributes.reason
            assert "Run again by " in why
            assert ": To try it. A new run of the same id goes on in its place." in why
        else:
            memo = (await (await run.describe()).memo())[temporal.RERUN]
            assert (memo["why"], memo["instead_of"]) == ("To try it", before.run_id)
    assert (await run.result()).outcome is Outcome.ACTED  # the route of now checks back on nobody
    assert one_of_each(simulators, 1)
    await until_listed(client, f"WorkflowId = '{run.id}' AND ExecutionStatus = 'Completed'")
    assert run.id not in (await mogulflow("attention")).text
    listed = await mogulflow("runs", "--query", f"WorkflowId = '{run.id}' AND ExecutionStatus = 'Terminated'")
    assert run.id not in listed.text


async def test_where_no_route_takes_the_event_any_more_it_says_so_and_ends_nothing(
    simulators: Control, mogulflow: Command, client: Client, tmp_path: Path
) -> None:
    run = await begun(client, simulators, churn_route(check_back_days=[7]))
    await until(lambda: one_of_each(simulators, 1))
    routes = tmp_path / "routes.yaml"
    routes.write_text("routes: []")
    said = await mogulflow("retry", run.id, "--current-route", "--yes", ROUTES_FILE=str(routes))
    assert said.code == 1
    assert f"No churn_save route in {routes} takes this churn movement" in said.text
    assert "route by-mistake did" in said.text
    assert (await run.describe()).status is WorkflowExecutionStatus.RUNNING
    await run.terminate()


async def test_a_customer_sync_goes_by_the_systems_of_the_route_now(
    simulators: Control, mogulflow: Command, client: Client, tmp_path: Path
) -> None:
    route = {
        "name": "sync",
        "template": "customer_sync",
        "when": {"movements": ["churn"]},
        "options": {"systems": ["hubspot"], "settling_seconds": 0.2},
    }
    simulators.fault("hubspot", "status", status=403, times=None, body={"message": "No", "category": "X"})
    run = await begun(client, simulators, route)
    routes = tmp_path / "routes.yaml"
    routes.write_text(
        "routes: [{name: sync, template: customer_sync, when: {movements: [churn]}, "
        "options: {systems: [salesforce], settling_seconds: 0.2}}]"
    )
    await run.result()
    said = await mogulflow("retry", run.id, "--current-route", ROUTES_FILE=str(routes))
    assert said.code == 0, said.text
    again = await run.result()
    assert {each.system for each in again.effects} == {"salesforce"}


async def test_what_has_no_route_is_told_apart(mogulflow: Command, client: Client) -> None:
    handle = await client.start_workflow("coverage", id="coverage/none", task_queue="nobody")
    said = await mogulflow("retry", handle.id, "--current-route")
    words = f"has no route: only runs of {', '.join(TEMPLATES)} do."
    assert (said.code, words in said.text) == (1, True)
    await handle.terminate()


@pytest.mark.parametrize("arguments", [[], ["--current-route"]])
async def test_an_unknown_run_is_named(mogulflow: Command, arguments: list[str]) -> None:
    said = await mogulflow("retry", "churn_save/nothing", *arguments)
    assert (said.code, "There is no run churn_save/nothing." in said.text) == (1, True)


async def is_another(run: Run, before: WorkflowExecutionDescription) -> bool:
    """It is not ended before there is another."""
    now = await run.describe()
    if now.run_id == before.run_id:
        assert now.status is before.status
        return False
    return True


@pytest.mark.parametrize("ends_first", [False, True])
async def test_a_command_that_is_killed_in_the_middle_leaves_a_run(
    simulators: Control, stack: Stack, client: Client, tmp_path: Path, ends_first: bool
) -> None:
    """Killed once its order has arrived and before it heard of it: the event has a run, which acts."""
    run = await begun(client, simulators, churn_route(check_back_days=[] if ends_first else [7]))
    await until(lambda: one_of_each(simulators, 1))
    if ends_first:
        await run.result()
    before = await run.describe()
    with lossy_line(int(stack.environment["TEMPORAL_ADDRESS"].rpartition(":")[2])) as line:
        line.lose("To be killed", hold=True)
        environment = stack.environment | {"TEMPORAL_ADDRESS": f"127.0.0.1:{line.port}"}
        wish = ("retry", run.id, "--current-route", "--yes", "--reason", "To be killed")
        async with imported.started(wish, environment, tmp_path):  # killed as the block ends
            await until(lambda: line.lost)
            await until(partial(is_another, run, before))
    memo = (await (await run.describe()).memo())[temporal.RERUN]
    assert (memo["why"], memo["instead_of"]) == ("To be killed", before.run_id)
    assert (await run.result()).outcome is Outcome.ACTED
    assert one_of_each(simulators, 1)


async def test_what_is_run_again_counts_for_no_brake(
    simulators: Control, mogulflow: Command, client: Client, tmp_path: Path
) -> None:
    """By a reset, which gives the run another start, or in its place: the brake counts what is new."""
    given = churn_route() | {"name": "flooded", "pause_above": 3}
    routes = tmp_path / "routes.yaml"
    routes.write_text(json.dumps({"routes": [given]}))
    runs = [await begun(client, simulators, given, number) for number in range(2)]
    for run in runs:
        await run.result()
        assert (await mogulflow("retry", run.id)).code == 0
        await run.result()
        assert (await mogulflow("retry", run.id, "--current-route", ROUTES_FILE=str(routes))).code == 0
        await run.result()
        assert (await mogulflow("retry", run.id)).code == 0
        await run.result()
    ids = ", ".join(f"'{run.id}'" for run in runs)
    query = f"WorkflowId IN ({ids}) AND Outcome = '{Outcome.ACTED}' AND ExecutionStatus = 'Completed'"
    await until_listed(client, query, 8)
    holds = Holds(client, Routes.model_validate({"routes": [given]}))
    await holds.look()
    route, event = holds.routes.routes[0], given_to(simulators, 2)
    assert holds.held_by(route, event) is None  # two of three
    holds.note_begun(route, event, "churn_save/the-third")
    assert holds.held_by(route, event) == "brake/flooded"


async def test_what_was_first_acted_on_before_the_hour_does_not_count(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    given = churn_route() | {"name": "decided", "pause_above": 1}
    run = await begun(client, simulators, given)
    await run.result()
    decided_at = datetime.now(UTC)
    assert (await mogulflow("retry", run.id)).code == 0
    await run.result()
    holds = Holds(client, Routes.model_validate({"routes": [given]}))
    [route] = holds.routes.routes
    await until_listed(client, f"WorkflowId = '{run.id}' AND StartTime > '{decided_at.isoformat()}'")
    assert await holds._count(route, decided_at) == (frozenset(), 0)
    assert await holds._count(route, decided_at - timedelta(hours=1)) == (frozenset({run.id}), 0)
