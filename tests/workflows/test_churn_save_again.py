"""A run that is run again, or whose replies were held up, says what is so now in thread and task."""

from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from models.effects import Action
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from simulators.kit.shapes import FaultRule
from tests.waiting import until
from tests.workflows.conftest import SECOND, RunAgain, Start, until_effects
from tests.workflows.leaving import LONG_ENOUGH, left, readings, said, until_read, uuid_of

Run = WorkflowHandle[Any, RunResult]


def task_is_refused(simulators: Control) -> FaultRule:
    """After it was made."""
    refusal = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No", "fields": []}]
    return simulators.fault(
        "salesforce", "status", method="PATCH", status=400, body=refusal, times=None, skip=1
    )


def replies(simulators: Control) -> list[str]:
    return [each["text"].partition(":")[0] for each in simulators.messages() if each.get("thread_ts")]


def outcomes(simulators: Control) -> list[str]:
    lines = simulators.records("Task")[0]["Description"].splitlines()
    return [each.partition(",")[0] for each in lines if each.startswith("Outcome: ")]


async def partial(simulators: Control, start: Start, body: dict[str, Any]) -> Run:
    """The thread has the verdict, the task has none."""
    fault = task_is_refused(simulators)
    handle = await start(body, check_back_days=[SECOND])
    assert (await handle.result()).outcome is Outcome.PARTIAL
    simulators.remove_fault(fault.id)
    return handle


async def test_a_verdict_that_has_changed_reaches_thread_and_task(
    simulators: Control, start: Start, run_again: RunAgain
) -> None:
    body = left(simulators)
    handle = await partial(simulators, start, body)
    simulators.reactivate(uuid_of(body), send=False)
    again = await run_again(handle)
    assert again.outcome is Outcome.SAVED
    assert (replies(simulators), outcomes(simulators)) == (["Lost", "Saved"], ["Outcome: saved"])
    assert again.effects[-2].key.endswith(":verdict_2")

    once_more = await run_again(handle)  # nothing has changed: nothing is said
    assert {each.action for each in once_more.effects} == {Action.UNCHANGED}
    assert (replies(simulators), outcomes(simulators)) == (["Lost", "Saved"], ["Outcome: saved"])

    simulators.cancel(uuid_of(body), send=False)
    assert (await run_again(handle)).outcome is Outcome.LOST  # as the first one said
    assert replies(simulators) == ["Lost", "Saved", "Lost"]
    assert outcomes(simulators) == ["Outcome: saved", "Outcome: lost"]

    simulators.reactivate(uuid_of(body), send=False)
    assert (await run_again(handle)).outcome is Outcome.SAVED
    assert replies(simulators)[-1] == "Saved"
    assert outcomes(simulators) == ["Outcome: saved", "Outcome: lost", "Outcome: saved"]


async def test_who_was_partly_saved_and_pays_it_all_when_run_again_is_saved_in_both(
    simulators: Control, start: Start, run_again: RunAgain
) -> None:
    body = left(simulators)
    fault = task_is_refused(simulators)
    handle = await start(body, check_back_days=[SECOND])
    await until_effects(handle, 2)
    simulators.reactivate(uuid_of(body), send=False, cents=10_000)
    assert (await handle.result()).outcome is Outcome.PARTIAL
    before = replies(simulators)  # on a slow day they were lost first
    simulators.remove_fault(fault.id)
    simulators.expand(uuid_of(body), -body["mrr_movement_in_account_currency"], send=False)
    again = await run_again(handle)
    assert again.outcome is Outcome.SAVED
    assert replies(simulators) == [*before, "Saved"]
    assert outcomes(simulators) == ["Outcome: saved"]
    words = again.verdict.partition("the customer ")[2]
    assert said(simulators).count(words) == 2


async def test_what_an_earlier_run_has_said_is_shown_as_it_stands_there(
    simulators: Control, start: Start, run_again: RunAgain
) -> None:
    body = left(simulators)
    handle = await partial(simulators, start, body)
    simulators.restate(uuid_of(body), cents=12_345)
    again = await run_again(handle)
    alert = next(each for each in again.effects if each.key.endswith(":alert"))
    assert (alert.action, alert.after["text"]) == (Action.UNCHANGED, simulators.messages()[0]["text"])


async def until_tried(handle: Run, name: str) -> None:
    """That write, and in vain."""

    async def is_tried() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        return any(each.activity_id.endswith(f":{name}") and each.attempt > 1 for each in pending)

    await until(is_tried)


async def test_that_nobody_knows_is_not_said_where_chartmogul_knows_again(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    slack = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None, skip=1)
    handle = await start(body, check_back_days=[LONG_ENOUGH], reread_after_seconds=1)
    await until_effects(handle, 2)
    path = f"/customers/{uuid_of(body)}"
    gone = simulators.fault("chartmogul", "status", path=path, status=404, times=None)
    await until_tried(handle, "unknown")
    simulators.reactivate(uuid_of(body), send=False)
    simulators.remove_fault(gone.id)
    await until_read(simulators, body, readings(simulators, body) + 2)
    simulators.remove_fault(slack.id)
    result = await handle.result()
    assert (result.outcome, result.problems) == (Outcome.SAVED, [])
    assert replies(simulators) == ["Saved"]
    assert "Nobody knows" not in said(simulators)


async def test_that_nobody_knows_is_said_when_slack_is_back_where_that_is_still_so(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    slack = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None, skip=1)
    handle = await start(body, check_back_days=[LONG_ENOUGH], reread_after_seconds=1)
    await until_effects(handle, 2)
    simulators.delete_customer(uuid_of(body))
    await until_tried(handle, "unknown")
    await until_read(simulators, body, readings(simulators, body) + 1)
    simulators.remove_fault(slack.id)
    result = await handle.result()
    assert result.outcome is Outcome.PARTIAL
    assert [each.kind for each in result.problems] == ["NotFound"]
    assert said(simulators).count("Nobody knows") == 1


@pytest.mark.parametrize("returns", [True, False])
async def test_a_late_task_is_named_only_while_there_is_somebody_to_save(
    simulators: Control, start: Start, returns: bool
) -> None:
    body = left(simulators)
    salesforce = simulators.fault("salesforce", "status", method="PATCH", status=503, times=None)
    slack = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None, skip=1)
    handle = await start(body, check_back_days=[], reread_after_seconds=1, alert_waits_seconds=0.1)
    await until_effects(handle, 1)
    simulators.remove_fault(salesforce.id)
    await until_tried(handle, "late_task")
    if returns:
        simulators.reactivate(uuid_of(body), send=False)
    await until_read(simulators, body, readings(simulators, body) + 2)
    simulators.remove_fault(slack.id)
    result = await handle.result()
    assert result.outcome is (Outcome.SAVED if returns else Outcome.ACTED)
    assert ("has the save task now" in said(simulators)) is not returns
