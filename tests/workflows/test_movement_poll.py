"""What the webhook did not bring, the poll does; what it brought starts nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleSpec,
    WorkflowExecution,
    WorkflowHandle,
)

import temporal
from configuration.files import load_routes
from dispatch.dispatcher import Dispatcher
from models.chartmogul import MovementWebhook
from models.effects import Effect
from models.events import movement_from_webhook
from models.movements import Found, PollInput, PollState, Tally
from models.runs import RunResult
from settings import Settings
from simulators.kit.control import Control
from tests.waiting import until
from tests.workflows.conftest import NUMBERS, Poll, polled, until_effects


def of_churn(state: PollState) -> dict[Found, int]:
    """Of the movements that a route takes, which of them were what."""
    return {found: kinds["churn"] for found, kinds in state.tally.counts.items() if "churn" in kinds}


@pytest.fixture
def dispatcher(client: Client, settings: Settings) -> Dispatcher:
    return Dispatcher(client, load_routes(settings.routes_file), settings.web_ui_url)


async def by_webhook(dispatcher: Dispatcher, body: dict[str, Any]) -> WorkflowHandle[Any, RunResult]:
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    assert run.new
    return dispatcher.client.get_workflow_handle(run.workflow_id, result_type=RunResult)


async def listed(client: Client, body: dict[str, Any]) -> WorkflowHandle[Any, RunResult]:
    """The one run there is for that customer, once Temporal's list has it."""
    query = f"Customer = '{body['customer']['uuid']}' AND `Mode` = 'live'"

    async def runs() -> list[WorkflowExecution]:
        return [run async for run in client.list_workflows(query)]

    [run] = await until(runs)
    return client.get_workflow_handle(run.id, result_type=RunResult)


def cancelled(simulators: Control, number: int = 0, **wish: Any) -> dict[str, Any]:
    paying = [each for each in simulators.customers(limit=100, case="account") if each.mrr]
    return simulators.cancel(paying[number].uuid, send=False, **wish)


async def test_a_cancellation_whose_webhook_was_lost_is_acted_on(
    simulators: Control, client: Client, poll: Poll
) -> None:
    body = cancelled(simulators)
    assert of_churn(await poll()) == {Found.STARTED: 1}
    run = await listed(client, body)
    assert len(await until_effects(run, 2)) == 2
    attributes = {pair.key.name: pair.value for pair in (await run.describe()).typed_search_attributes}
    assert attributes["EventSource"] == "poll"
    assert of_churn(await poll()) == {Found.KNOWN: 1}


async def test_what_came_by_webhook_starts_nothing(
    simulators: Control, dispatcher: Dispatcher, poll: Poll
) -> None:
    run = await by_webhook(dispatcher, cancelled(simulators))
    await until_effects(run, 2)
    assert of_churn(await poll()) == {Found.KNOWN: 1}
    assert len(simulators.messages()) == len(simulators.records("Task")) == 1


async def test_a_quiet_poll_costs_one_request(simulators: Control, poll: Poll) -> None:
    await poll()
    before = len(simulators.calls())
    state = await poll()
    assert len(simulators.calls()) == before + 1
    assert state.tally == Tally(requests=1)


async def test_after_a_gap_the_window_begins_where_the_last_complete_one_ended(
    simulators: Control, poll: Poll
) -> None:
    first = await poll()
    simulators.fault("chartmogul", "status", path="/activities", status=401)
    with pytest.raises(Exception, match="failed"):
        await poll()
    before = len(simulators.calls("chartmogul"))
    await poll()
    [call] = simulators.calls("chartmogul")[before:]
    start = first.complete_until - timedelta(hours=1, seconds=1)
    assert f"start-date={start:%Y-%m-%dT%H:%M:%SZ}" in unquote(call.query)


async def test_a_cancellation_that_lies_ahead_is_acted_on_at_once(
    simulators: Control, client: Client, poll: Poll, dispatcher: Dispatcher
) -> None:
    day = datetime.now(UTC) + timedelta(days=20)
    body = cancelled(simulators, at=day)
    assert of_churn(await poll()) == {Found.STARTED: 1}
    await until_effects(await listed(client, body), 2)
    [task], [message] = simulators.records("Task"), simulators.messages()
    named = f"{day.day} {day:%B %Y}"
    assert f"leaves on {named}" in task["Description"]
    assert task["Subject"].endswith(f", leaves {named}")
    assert f"leaves on {named}" in message["text"]
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    [again] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    assert not again.new


async def test_a_restated_movement_is_told_to_its_run_and_not_acted_on_again(
    simulators: Control, dispatcher: Dispatcher, poll: Poll
) -> None:
    body = cancelled(simulators)
    run = await by_webhook(dispatcher, body)
    await until_effects(run, 2)
    simulators.restate(body["customer"]["uuid"], cents=777)
    assert of_churn(await poll()) == {Found.RESTATED: 1}

    async def stated_again() -> list[str] | None:
        stated: list[str] = (await (await run.describe()).memo())["stated"]
        return stated if len(stated) == 2 else None

    assert (await until(stated_again))[1:] == ["churn 777 USD"]
    assert of_churn(await poll()) == {Found.KNOWN: 1}
    assert len(simulators.messages()) == len(simulators.records("Task")) == 1


async def test_a_movement_of_another_type_now_is_told_to_the_run_that_acted(
    simulators: Control, dispatcher: Dispatcher, poll: Poll
) -> None:
    body = cancelled(simulators)
    run = await by_webhook(dispatcher, body)
    await until_effects(run, 2)
    simulators.restate(body["customer"]["uuid"], type="contraction")
    state = await poll()
    assert state.tally.counts == {Found.RESTATED: {"contraction": 1}}
    effects: list[Effect] = await run.query("effects", result_type=list[Effect])
    assert len(effects) == 2


async def test_a_merge_moves_a_movement_and_acts_on_nothing_again(
    simulators: Control, dispatcher: Dispatcher, poll: Poll
) -> None:
    body = cancelled(simulators)
    await until_effects(await by_webhook(dispatcher, body), 2)
    other = next(each for each in simulators.customers() if each.uuid != body["customer"]["uuid"])
    simulators.merge(body["customer"]["uuid"], other.uuid)
    assert of_churn(await poll()) == {Found.RESTATED: 1}
    assert len(simulators.messages()) == len(simulators.records("Task")) == 1


async def test_other_ids_of_the_same_movements_start_nothing(simulators: Control, poll: Poll) -> None:
    cancelled(simulators)
    await poll()
    simulators.reissue()
    assert of_churn(await poll()) == {Found.KNOWN: 1}


async def test_an_old_movement_is_counted_and_no_more(
    simulators: Control, client: Client, workers: None
) -> None:
    cancelled(simulators, at=datetime.now(UTC) - timedelta(minutes=30))
    cancelled(simulators, number=1, at=datetime.now(UTC) - timedelta(days=5))
    given = PollInput(account="default", head_start=timedelta(0), look_back=timedelta(days=6))
    state: PollState = await client.execute_workflow(
        "movement_poll", given, id="poll/old", task_queue=temporal.WORKFLOWS, result_type=PollState
    )
    assert of_churn(state) == {Found.STARTED: 1, Found.TOO_OLD: 1}


async def test_a_movement_of_a_kind_without_a_route_is_counted(simulators: Control, poll: Poll) -> None:
    customer = next(each for each in simulators.customers() if each.mrr)
    simulators.expand(customer.uuid, send=False)
    assert (await poll()).tally.counts == {Found.UNROUTED: {"expansion": 1}}


async def test_what_slack_could_not_be_told_the_next_poll_tells(
    simulators: Control, client: Client, workers: None
) -> None:
    given = PollInput(account="default", ops_channel="#revops-alerts")
    body = {"entries": [{"date": "2026-11-01T00:00:00+00:00"}], "has_more": False}
    simulators.fault("chartmogul", "status", status=200, body=body, path="/v1/activities")
    refusal = simulators.fault("slack", "status", path="conversations", status=401, times=None)
    name = f"poll-{next(NUMBERS)}"
    action = ScheduleActionStartWorkflow("movement_poll", given, id=name, task_queue=temporal.WORKFLOWS)
    handle = await client.create_schedule(name, Schedule(action=action, spec=ScheduleSpec()))
    [notice] = (await polled(client, handle)).untold
    assert "cannot be read" in notice.text
    simulators.remove_fault(refusal.id)
    assert not (await polled(client, handle)).untold
    [message] = simulators.messages("#revops-alerts")
    assert message["text"].startswith("Rows of ChartMogul's list (default) cannot be read")
    await handle.delete()
