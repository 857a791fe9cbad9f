"""`mogulflow dismiss`: what a person has decided about a run is kept, and it waits for nobody any more."""

import uuid
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes

import temporal
from models.runs import Outcome
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.service.cancellations import begun, churn_route, partial
from tests.service.conftest import Command, until_shown
from tests.waiting import until_event, until_listed

Run = WorkflowHandle[Any, Any]


async def dismissed_listed(client: Client, run: Run) -> None:
    run_id = (await client.get_workflow_handle(run.id).describe()).run_id
    await until_listed(client, f"WorkflowId = 'dismissal/{run_id}'")


async def test_a_dismissed_run_is_in_no_list_of_trouble_and_says_why(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await partial(client, simulators)
    assert run.id in (await mogulflow("attention")).text
    said = await mogulflow("dismiss", run.id, "Told them [by] phone")
    assert (said.code, said.text) == (0, f"{run.id}: dismissed")
    await dismissed_listed(client, run)
    assert run.id not in (await mogulflow("attention")).text
    listed = await mogulflow("runs", "--query", f"WorkflowId = '{run.id}'")
    assert "dismissed by " in listed.text
    assert ": Told them [by] phone" in listed.text
    again = await mogulflow("dismiss", run.id, "Another word")
    assert (again.code, f"{run.id} was dismissed before, by " in again.text) == (0, True)
    assert again.text.endswith(": Told them [by] phone")


async def test_one_that_is_run_again_and_fails_again_counts_again(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await partial(client, simulators)
    assert (await mogulflow("dismiss", run.id, "Not now")).code == 0
    await dismissed_listed(client, run)
    before = (await run.describe()).run_id
    assert (await mogulflow("retry", run.id)).code == 0
    assert (await run.result()).outcome is Outcome.PARTIAL
    newest = (await client.get_workflow_handle(run.id).describe()).run_id
    assert newest != before
    await until_shown(mogulflow, run.id, "attention")


async def test_all_that_failed_alike_are_dismissed_at_once(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    runs = [await partial(client, simulators, number) for number in range(2)]
    said = await mogulflow("dismiss", runs[0].id, "A channel of last year", "--all-like")
    assert said.code == 0, said.text
    for run in runs:
        assert f"{run.id}: dismissed" in said.text
        await dismissed_listed(client, run)
    listed = (await mogulflow("attention")).text
    assert all(run.id not in listed for run in runs)


async def test_a_partial_run_that_goes_on_stays_dismissed(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await begun(client, simulators, churn_route(channel="#nowhere", check_back_days=[7]))
    await until_listed(client, f"WorkflowId = '{run.id}' AND Outcome = 'partial'")
    assert (await mogulflow("dismiss", run.id, "They know")).code == 0
    await dismissed_listed(client, run)
    assert run.id not in (await mogulflow("attention")).text
    run_id = (await run.describe()).run_id
    status = (await client.get_workflow_handle(f"dismissal/{run_id}").describe()).status
    assert status is not None
    assert status.name == "RUNNING"
    await run.terminate()


async def test_what_needs_no_decision_is_told_apart(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await begun(client, simulators, churn_route())
    await run.result()
    said = await mogulflow("dismiss", run.id, "why")
    assert (said.code, "has ended as acted: there is nothing to dismiss" in said.text) == (1, True)
    assert "There is no run churn_save/x." in (await mogulflow("dismiss", "churn_save/x", "why")).text
    assert "Say why" in (await mogulflow("dismiss", run.id, " ")).text
    assert "is not among what waits" in (await mogulflow("dismiss", run.id, "why", "--all-like")).text


async def test_check_is_content_again(mogulflow: Command, client: Client) -> None:
    own = await in_a_namespace_of_its_own(client)
    labels = [
        SearchAttributePair(temporal.HEADLINE, "Churn −$1.00 MRR"),
        SearchAttributePair(temporal.OUTCOME, Outcome.OPEN.value),
    ]
    handle = await own.start_workflow(
        "churn_save",
        id=f"churn_save/{uuid.uuid4()}",
        task_queue=temporal.WORKFLOWS,
        search_attributes=TypedSearchAttributes(labels),
    )
    await handle.terminate()
    await until_listed(own, "ExecutionStatus = 'Terminated'")
    namespace = {"TEMPORAL_NAMESPACE": own.namespace}
    assert (await mogulflow("attention", "--check", **namespace)).code == 1
    assert (await mogulflow("dismiss", handle.id, "A try", **namespace)).code == 0
    await until_listed(own, "WorkflowType = 'dismissal'")
    assert (await mogulflow("attention", "--check", **namespace)).code == 0


@pytest.mark.parametrize("how", ["cancel", "terminate"])
async def test_a_run_that_somebody_ended_is_told_with_what_was_dropped(
    simulators: Control, mogulflow: Command, client: Client, how: str
) -> None:
    run = await begun(client, simulators, churn_route(check_back_days=[7]))
    await until_event(run, "timer_started_event_attributes")
    await getattr(run, how)()
    await until_listed(client, f"WorkflowId = '{run.id}' AND CloseTime IS NOT NULL")
    said = await mogulflow("attention")
    assert run.id in said.text
    told = said.text[said.text.index(run.id) :]
    assert told.startswith(f"{run.id} Dropped: check back 7 days after the cancellation, due ")
    by = {"cancel": "Somebody cancelled it.", "terminate": "Somebody ended it."}[how]
    assert f"{by} To do it after all, run `mogulflow retry {run.id}`" in told
    assert "1 of" not in said.text
    assert (await mogulflow("retry", run.id)).code == 0
    await until_event(run, "timer_started_event_attributes")  # else it posts its alert in the next test
    await run.terminate()
