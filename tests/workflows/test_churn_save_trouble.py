"""Churn save when systems fail, and when a person runs it again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError

from models.effects import Action
from models.runs import Outcome
from simulators.kit.control import Control
from tests.workflows.conftest import (
    SECOND,
    RunAgain,
    Start,
    by_object,
    cancelled,
    outcome_attribute,
    owner_of,
    until_effects,
)
from tests.workflows.leaving import LONG_ENOUGH


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "malformed"])
async def test_a_step_that_fails_for_now_is_tried_again_and_done_once(
    simulators: Control, start: Start, kind: Any
) -> None:
    simulators.fault("salesforce", kind, method="PATCH")
    simulators.fault("slack", kind, path="chat.postMessage")
    result = await (await start(cancelled(simulators))).result()
    assert result.outcome is Outcome.ACTED
    assert [(each.action, each.tries) for each in result.effects] == [(Action.CREATED, 2)] * 2
    assert (len(simulators.records("Task")), len(simulators.messages())) == (1, 1)


async def test_a_message_cut_off_at_the_local_limit_is_looked_for_and_not_posted_again(
    simulators: Control, start: Start
) -> None:
    simulators.slack(history_lag_seconds=2)
    simulators.fault("slack", "slow", path="chat.postMessage", delay_seconds=4)
    result = await (await start(cancelled(simulators))).result()
    assert by_object(result.effects)["message"].action is Action.CREATED
    posts = [call for call in simulators.calls("slack") if "postMessage" in call.path]
    assert (len(posts), len(simulators.messages())) == (1, 1)


async def test_slack_asking_to_wait_is_heard_and_the_task_does_not_wait(
    simulators: Control, start: Start
) -> None:
    simulators.fault("slack", "status", path="chat.postMessage", status=429, retry_after=1, times=1)
    handle = await start(cancelled(simulators))
    [task] = await until_effects(handle, 1)
    assert task.object_type == "Task"
    result = await handle.result()
    assert by_object(result.effects)["message"].tries == 2
    assert len(simulators.messages()) == 1
    posts = [call for call in simulators.calls("slack") if "postMessage" in call.path]
    assert len(posts) == 2
    assert posts[1].at - posts[0].at >= timedelta(seconds=1)


async def test_an_alert_does_not_wait_for_ever_for_a_slow_salesforce(
    simulators: Control, start: Start
) -> None:
    simulators.fault("salesforce", "status", method="PATCH", status=503, times=3)
    handle = await start(cancelled(simulators), alert_waits_seconds=0.3)
    effects = await until_effects(handle, 1)
    assert effects[0].object_type == "message"
    result = await handle.result()
    assert [each.object_type for each in result.effects] == ["message", "Task", "reply"]
    alert, late = simulators.messages()
    assert "Open the task" not in str(alert["blocks"])
    assert late["thread_ts"] == alert["ts"]
    assert simulators.records("Task")[0]["Id"] in late["text"]


async def test_a_step_that_fails_for_good_stops_only_what_needs_it(
    simulators: Control, start: Start, client: Client
) -> None:
    simulators.remove_field("Task", "Mogulflow_Key__c")
    body = cancelled(simulators)
    handle = await start(body)
    result = await handle.result()
    assert result.outcome is Outcome.PARTIAL
    assert [each.object_type for each in result.effects] == ["message"]
    [problem] = result.problems
    assert (problem.step, problem.kind) == ("salesforce.create_save_task", "NotFound")
    assert await outcome_attribute(handle) == "partial"


async def test_an_alert_that_fails_for_good_leaves_the_task(simulators: Control, start: Start) -> None:
    result = await (await start(cancelled(simulators), channel="#nowhere")).result()
    assert result.outcome is Outcome.PARTIAL
    assert [each.object_type for each in result.effects] == ["Task"]
    assert result.problems[0].step == "slack.post_message"


async def test_a_run_that_cannot_read_chartmogul_fails_and_says_so(simulators: Control, start: Start) -> None:
    handle = await start(cancelled(simulators), account="unknown")
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert "CHARTMOGUL__UNKNOWN__API_KEY" in str(failure.value.cause)
    assert await outcome_attribute(handle) == "failed"


@pytest.mark.parametrize("lag", [0.1, 0.3])
async def test_answers_lost_again_and_again_and_a_slow_history_leave_one_message(
    simulators: Control, start: Start, lag: float
) -> None:
    """The fixtures let the history settle for 0.4 s."""
    simulators.slack(history_lag_seconds=lag)
    simulators.fault("slack", "drop_after", path="chat.postMessage", times=3)
    result = await (await start(cancelled(simulators))).result()
    assert by_object(result.effects)["message"].action is Action.CREATED
    assert len(simulators.messages()) == 1


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_notes_that_cannot_be_read_cost_no_more_than_the_reason(
    simulators: Control, start: Start, status: int
) -> None:
    simulators.fault("chartmogul", "status", path="customer_notes", status=status, times=None)
    result = await (await start(cancelled(simulators), reason_attributes=["none"])).result()
    assert result.outcome is Outcome.ACTED
    assert "Reason: not given; the notes could not be read" in simulators.records("Task")[0]["Description"]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("what", ["subscriptions", "activities"])
async def test_a_list_that_is_refused_takes_neither_task_nor_alert_with_it(
    simulators: Control, start: Start, what: str, status: int
) -> None:
    path = f"/customers/[^/]+/{what}"
    simulators.fault("chartmogul", "status", path=path, status=status, times=None)
    result = await (await start(cancelled(simulators))).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert [each.object_type for each in result.effects] == ["Task", "message"]
    for effect in result.effects:
        assert (effect.note or "").startswith("made without the list of ")
    [task] = simulators.records("Task")
    unknown = "Lifetime value: unknown, ChartMogul's list of movements could not be read"
    assert (unknown in task["Description"]) is (what == "activities")


async def test_whether_a_payer_has_left_is_not_guessed_without_their_movements(
    simulators: Control, start: Start
) -> None:
    body = cancelled(simulators)
    simulators.reactivate(body["customer"]["uuid"], send=False)
    simulators.fault("chartmogul", "status", path="/customers/[^/]+/activities", status=403, times=None)
    with pytest.raises(WorkflowFailureError) as failure:
        await (await start(body)).result()
    assert "Nobody can tell whether the cancellation stands" in str(failure.value.cause)
    assert (simulators.records("Task"), simulators.messages()) == ([], [])


async def test_an_owner_who_cannot_be_looked_up_leaves_the_task_to_the_fallback_owner(
    simulators: Control, start: Start
) -> None:
    refusal = [{"errorCode": "API_DISABLED_FOR_ORG", "message": "Queries are not enabled", "fields": []}]
    simulators.fault("salesforce", "status", path="/query", status=403, body=refusal, times=2)
    result = await (await start(cancelled(simulators))).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    [task], [message] = simulators.records("Task"), simulators.messages()
    assert owner_of(simulators, task)["Email"] == "revops@mogulflow.example"
    for said in (task["Description"], str(message["blocks"]), by_object(result.effects)["Task"].note or ""):
        assert "Queries are not enabled" in said


async def test_without_a_fallback_owner_the_org_chooses_one(simulators: Control, start: Start) -> None:
    refusal = [{"errorCode": "API_DISABLED_FOR_ORG", "message": "Queries are not enabled", "fields": []}]
    simulators.fault("salesforce", "status", path="/query", status=403, body=refusal, times=2)
    result = await (await start(cancelled(simulators), task={"fallback_owner": None})).result()
    assert result.outcome is Outcome.ACTED
    [task] = simulators.records("Task")
    assert "Owner: " in task["Description"]
    assert "so the fallback owner has it" not in task["Description"]


async def test_a_slack_directory_that_is_down_costs_the_mention_alone(
    simulators: Control, start: Start
) -> None:
    simulators.fault("slack", "status", path="lookupByEmail", status=500, times=None)
    customer = simulators.customers(case="account")[0]
    owner = next(each for each in simulators.records("User") if each["Email"] == customer.owner_email)
    simulators.change_record("User", owner["Id"], Email="nobody-asked-for@mogulflow.example")
    result = await (await start(simulators.cancel(customer.uuid, send=False))).result()
    assert result.outcome is Outcome.ACTED
    [message] = simulators.messages()
    assert "<@" not in str(message["blocks"])


async def test_a_check_back_that_cannot_read_says_nothing(simulators: Control, start: Start) -> None:
    handle = await start(cancelled(simulators), check_back_days=[1.5 * SECOND])
    await until_effects(handle, 2)
    simulators.fault("chartmogul", "status", path="/customers/", status=403, times=None)
    result = await handle.result()
    assert result.outcome is Outcome.PARTIAL
    assert len(simulators.messages()) == 1
    assert "Outcome" not in simulators.records("Task")[0]["Description"]


async def test_long_and_hostile_texts_are_cut_and_not_refused(simulators: Control, start: Start) -> None:
    body = cancelled(simulators, reason="<&>" * 2000)
    result = await (await start(body, task={"subject": "{customer:>300} {mrr:>20}"})).result()
    assert result.outcome is Outcome.ACTED
    assert len(simulators.records("Task")[0]["Subject"]) <= 255


async def test_a_deleted_task_is_not_made_anew_by_its_outcome(simulators: Control, start: Start) -> None:
    handle = await start(cancelled(simulators), check_back_days=[1.5 * SECOND])
    await until_effects(handle, 2)
    [task] = simulators.records("Task")
    simulators.change_record("Task", task["Id"], Mogulflow_Key__c=None)
    result = await handle.result()
    assert result.outcome is Outcome.PARTIAL
    assert len(simulators.records("Task")) == 1


async def test_a_run_for_a_customer_who_came_back_is_finished_when_run_again(
    simulators: Control, start: Start, run_again: RunAgain
) -> None:
    customer = simulators.customers(case="account")[0]
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    body = simulators.cancel(customer.uuid, send=False, at=earlier)
    handle = await start(body, check_back_days=[LONG_ENOUGH])
    await until_effects(handle, 2)
    simulators.reactivate(customer.uuid, send=False)
    refusal = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No", "fields": []}]
    fault = simulators.fault("salesforce", "status", method="PATCH", status=400, body=refusal, times=None)
    assert (await handle.result()).outcome is Outcome.PARTIAL
    simulators.remove_fault(fault.id)
    again = await run_again(handle)
    assert again.outcome is Outcome.SAVED
    assert [each.action for each in again.effects] == [Action.UNCHANGED] * 3 + [Action.UPDATED]
    assert len(simulators.messages()) == 2
    assert "Outcome: saved" in simulators.records("Task")[0]["Description"]


async def test_a_run_that_had_made_nothing_makes_nothing_for_a_customer_who_is_back(
    simulators: Control, start: Start, run_again: RunAgain
) -> None:
    customer = simulators.customers(case="account")[0]
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    body = simulators.cancel(customer.uuid, send=False, at=earlier)
    simulators.fault("chartmogul", "status", path=f"/customers/{customer.uuid}$", status=403)
    handle = await start(body)
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    simulators.reactivate(customer.uuid, send=False)
    assert (await run_again(handle)).outcome is Outcome.ALREADY_SAVED
    assert simulators.records("Task") == []
    assert len(simulators.messages()) == 1


async def test_running_again_writes_the_outcome_once(
    simulators: Control, start: Start, run_again: RunAgain
) -> None:
    handle = await start(cancelled(simulators), check_back_days=[SECOND])
    assert (await handle.result()).outcome is Outcome.LOST
    again = await run_again(handle)
    assert again.outcome is Outcome.LOST
    assert {each.action for each in again.effects} == {Action.UNCHANGED}
    assert simulators.records("Task")[0]["Description"].count("Outcome: ") == 1
    assert len(simulators.messages()) == 2
