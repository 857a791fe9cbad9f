"""What people are told is true when it is written, in the thread and in the task alike, also where it was
held up; and an early hint of a return is not lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from simulators.kit.shapes import FaultRule
from tests.waiting import until
from tests.workflows.conftest import SECOND, Start, outcome_attribute, until_effects
from tests.workflows.leaving import (
    acted_on,
    back_and_read_again,
    event_of,
    left,
    readings,
    said,
    tried,
    until_read,
    uuid_of,
)

Run = WorkflowHandle[Any, RunResult]


def slack_is_away(simulators: Control, *, after: int = 0) -> FaultRule:
    """From the post on that comes after so many."""
    return simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None, skip=after)


def salesforce_takes_no_change(simulators: Control, *, after: int = 0) -> FaultRule:
    """The first makes the task."""
    return simulators.fault("salesforce", "status", method="PATCH", status=503, times=None, skip=after)


def chartmogul_knows_nothing(simulators: Control, body: dict[str, Any]) -> FaultRule:
    path = f"/customers/{uuid_of(body)}"
    return simulators.fault("chartmogul", "status", path=path, status=403, times=None)


def posts(simulators: Control) -> int:
    return len([each for each in simulators.calls("slack") if "chat.postMessage" in each.path])


def changes(simulators: Control) -> int:
    calls = simulators.calls("salesforce")
    return len([each for each in calls if each.method == "PATCH" and "Task" in each.path])


async def test_who_left_again_before_it_could_be_said_is_not_called_back(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    simulators.reactivate(uuid_of(body), send=False)
    slack = slack_is_away(simulators)
    handle = await start(body, reread_after_seconds=1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    simulators.cancel(uuid_of(body), send=False)
    await until_read(simulators, body, readings(simulators, body) + 1)
    simulators.remove_fault(slack.id)
    assert (await handle.result()).outcome is Outcome.ACTED
    [alert] = simulators.messages()
    assert "cancelled: " in alert["text"]
    assert len(simulators.records("Task")) == 1


async def test_where_nobody_can_tell_whether_they_are_back_it_is_not_said(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    simulators.reactivate(uuid_of(body), send=False)
    slack_is_away(simulators)
    handle = await start(body, reread_after_seconds=1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    chartmogul_knows_nothing(simulators, body)
    result = await handle.result()
    assert (result.outcome, result.verdict) == (Outcome.PARTIAL, "")
    assert [each.step for each in result.problems] == ["chartmogul.read_back"]
    assert said(simulators) == ""


async def test_a_verdict_that_the_task_waited_for_is_the_verdict_of_then_in_both(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    salesforce = salesforce_takes_no_change(simulators, after=1)
    handle = await acted_on(start, body, 2 * SECOND, reread_after_seconds=1)
    await until(lambda: changes(simulators) >= 2)
    await back_and_read_again(simulators, body)
    simulators.remove_fault(salesforce.id)
    result = await handle.result()
    assert result.outcome is Outcome.SAVED
    [task] = simulators.records("Task")
    assert "Outcome: saved" in task["Description"]
    assert "Outcome: lost" not in task["Description"]
    assert task["IsClosed"]
    _, lost, saved = simulators.messages()
    assert [each["text"].partition(":")[0] for each in (lost, saved)] == ["Lost", "Saved"]
    assert saved["thread_ts"] == lost["thread_ts"]


async def test_a_return_that_the_task_waited_for_and_that_is_undone_is_said_nowhere_as_the_end(
    simulators: Control, start: Start
) -> None:
    """Slack was told while they paid; when Salesforce is there again they have left."""
    body = left(simulators)
    handle = await acted_on(start, body, 7, reread_after_seconds=1)
    before = changes(simulators)
    salesforce = salesforce_takes_no_change(simulators)
    back = simulators.reactivate(uuid_of(body), send=False)
    await handle.signal("came_back", event_of(back))
    await until(lambda: tried(simulators, "salesforce", "Task", before + 1))
    simulators.cancel(uuid_of(body), send=False)
    await until_read(simulators, body, readings(simulators, body) + 1)
    simulators.remove_fault(salesforce.id)
    again = simulators.reactivate(uuid_of(body), send=False)
    await handle.signal("came_back", event_of(again | {"date": datetime.now(UTC).isoformat()}))
    assert (await handle.result()).outcome is Outcome.SAVED
    assert "Outcome: saved" in said(simulators)
    assert "ost: " not in said(simulators).replace("MRR lost: ", "")


@pytest.mark.parametrize("system", ["slack", "salesforce"])
async def test_a_verdict_that_nobody_can_read_again_is_not_written(
    simulators: Control, start: Start, system: Any
) -> None:
    body = left(simulators)
    if system == "slack":
        slack_is_away(simulators, after=1)
    else:
        salesforce_takes_no_change(simulators, after=1)
    handle = await acted_on(start, body, 2 * SECOND, reread_after_seconds=1)
    await until(lambda: posts(simulators) >= 2 if system == "slack" else changes(simulators) >= 2)
    chartmogul_knows_nothing(simulators, body)
    result = await handle.result()
    assert (result.outcome, result.verdict) == (Outcome.PARTIAL, "")
    assert [each.step for each in result.problems] == ["chartmogul.read_back"]
    [task] = simulators.records("Task")
    assert "Outcome" not in task["Description"]
    assert len(simulators.messages()) == (1 if system == "slack" else 2)


async def test_a_thread_that_is_gone_keeps_no_verdict_from_the_task(
    simulators: Control, start: Start
) -> None:
    """The channel refuses for good: the reading is good, and the task is told."""
    body = left(simulators)
    refusal, path = {"ok": False, "error": "is_archived"}, "chat.postMessage"
    simulators.fault("slack", "status", path=path, status=200, times=None, body=refusal, skip=1)
    handle = await acted_on(start, body, 2 * SECOND)
    result = await handle.result()
    assert result.outcome is Outcome.PARTIAL
    assert [each.step for each in result.problems] == ["slack.post_message"]
    assert "Outcome: lost" in simulators.records("Task")[0]["Description"]


@pytest.mark.parametrize("days", [[7], []])
async def test_a_hint_before_the_first_reading_is_looked_after_when_the_return_shows(
    simulators: Control, start: Start, days: list[float]
) -> None:
    """ChartMogul shows it after the run has read, and acted."""
    body = left(simulators)
    path = f"/customers/{uuid_of(body)}"
    reading = simulators.fault("chartmogul", "status", path=path, status=503, times=None)
    slack = slack_is_away(simulators)
    handle = await start(body, check_back_days=days)
    hint = event_of(body | {"movement_type": "reactivation", "date": datetime.now(UTC).isoformat()})
    await handle.signal("came_back", hint)
    await until(lambda: _knows(handle, hint.event_id))
    simulators.remove_fault(reading.id)
    await until_effects(handle, 1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    simulators.reactivate(uuid_of(body), send=False)
    simulators.remove_fault(slack.id)
    result = await handle.result()
    assert result.outcome is Outcome.SAVED
    assert simulators.records("Task")[0]["IsClosed"]


async def test_a_hint_that_comes_to_a_run_before_its_day_is_looked_after(
    simulators: Control, start: Start
) -> None:
    body = left(simulators, at=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5))
    slack = slack_is_away(simulators)
    handle = await start(body, check_back_days=[7], scheduled="wait")
    await handle.signal("came_back", event_of(body | {"movement_type": "reactivation"}))
    await until_effects(handle, 1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    simulators.reactivate(uuid_of(body), send=False)
    simulators.remove_fault(slack.id)
    assert (await handle.result()).outcome is Outcome.SAVED


async def test_an_early_hint_that_nothing_follows_costs_some_readings_no_more(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    path = f"/customers/{uuid_of(body)}"
    reading = simulators.fault("chartmogul", "status", path=path, status=503, times=None)
    handle = await start(body)
    hint = event_of(body | {"movement_type": "reactivation", "date": datetime.now(UTC).isoformat()})
    await handle.signal("came_back", hint)
    await until(lambda: _knows(handle, hint.event_id))
    failed = readings(simulators, body)
    simulators.remove_fault(reading.id)
    assert (await handle.result()).outcome is Outcome.ACTED
    assert (len(simulators.records("Task")), len(simulators.messages())) == (1, 1)
    assert readings(simulators, body) - failed <= 9


async def _knows(handle: Run, event_id: str) -> bool:
    return (await (await handle.describe()).memo()).get("returns") == [event_id]


async def test_of_a_customer_who_is_deleted_before_the_alert_a_person_is_told_at_once(
    simulators: Control, start: Start
) -> None:
    """And not when the route checks back, a week later."""
    body = left(simulators)
    slack_is_away(simulators)
    handle = await start(body, check_back_days=[7], reread_after_seconds=1)
    await until_effects(handle, 1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    simulators.delete_customer(uuid_of(body))

    async def is_told() -> bool:
        return await outcome_attribute(handle) == "partial"

    await until(is_told)
    assert said(simulators).count("cancelled") == 1  # in the task
    await handle.terminate()


async def test_a_customer_merged_before_the_alert_is_called_by_both_names(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    slack = slack_is_away(simulators)
    handle = await start(body, reread_after_seconds=1)
    await until_effects(handle, 1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    gone = uuid_of(body)
    other = next(each for each in simulators.customers(limit=200) if not each.mrr and each.uuid != gone)
    simulators.merge(gone, other.uuid)
    await until_read(simulators, body, readings(simulators, body) + 1)
    simulators.remove_fault(slack.id)
    await handle.result()
    [alert] = simulators.messages()
    assert f"{body['customer']['company']} (merged into " in alert["text"].replace("&amp;", "&")


async def test_a_reason_is_said_once(simulators: Control, start: Start) -> None:
    simulators.salesforce(hidden=["Account"])
    result = await (await start(left(simulators))).result()
    note = result.effects[0].note or ""
    assert note.count("look up accounts by") == 1
