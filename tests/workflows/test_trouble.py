"""A run says what it waits for, to the list and to who reads it, and ceases when it goes on."""

from collections.abc import Iterable
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from models.runs import RunResult
from simulators.kit.control import Control
from temporal import PROBLEMS, WAITS, WAITS_FOR
from tests.waiting import until_equal
from tests.workflows.conftest import Start, cancelled, details
from workflows.engine.patches import AT_ITS_START

Run = WorkflowHandle[Any, RunResult]
UPSERT = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
SCHEDULED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED


async def waits_for(run: Run) -> list[str]:
    return list((await run.describe()).typed_search_attributes.get(WAITS_FOR) or ())


async def until_it_waits_for(run: Run, *systems: str) -> None:
    await until_equal(lambda: waits_for(run), list(systems))


async def tasks_with(run: Run, kind: EventType.ValueType, name: str) -> list[int]:
    """The workflow tasks that gave these commands, the named search attribute or activity."""
    found = []
    for event in (await run.fetch_history()).events:
        if event.event_type != kind:
            continue
        upsert = event.upsert_workflow_search_attributes_event_attributes
        activity = event.activity_task_scheduled_event_attributes
        if name in upsert.search_attributes.indexed_fields or name == activity.activity_type.name:
            found.append(upsert.workflow_task_completed_event_id or activity.workflow_task_completed_event_id)
    return found


def ids(events: Iterable[Any], kind: EventType.ValueType) -> list[int]:
    return [event.event_id for event in events if event.event_type == kind]


async def test_a_run_says_what_it_waits_for_as_long_as_it_does(simulators: Control, start: Start) -> None:
    fault = simulators.fault("salesforce", "status", method="PATCH", status=503, times=None)
    run = await start(cancelled(simulators), alert_waits_seconds=0.2)
    await until_it_waits_for(run, "salesforce")
    said = await details(run)
    assert "Waiting for salesforce: Salesforce did not answer whether the task was saved" in said
    assert "HTTP 503" in said
    memo = (await (await run.describe()).memo())[WAITS]
    assert "HTTP 503" in memo["salesforce"]["why"]
    simulators.remove_fault(fault.id)
    await run.result()
    assert await waits_for(run) == []
    assert "Waiting" not in await details(run)


async def test_saying_it_takes_no_workflow_task_of_its_own(simulators: Control, start: Start) -> None:
    simulators.fault("salesforce", "status", method="PATCH", status=503)
    run = await start(cancelled(simulators))
    await run.result()
    begins, ends = await tasks_with(run, UPSERT, WAITS_FOR.name)
    [scheduled] = await tasks_with(run, SCHEDULED, "salesforce.create_save_task")
    assert begins == scheduled
    events = (await run.fetch_history()).events
    done = ids(events, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)[0]
    assert ends == min(
        task for task in ids(events, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) if task > done
    )


async def test_steps_that_wait_for_one_system_say_so_once(simulators: Control, start: Start) -> None:
    simulators.fault("chartmogul", "status", path="/customers/", status=503, times=2)
    run = await start(cancelled(simulators))
    await run.result()
    assert len(await tasks_with(run, UPSERT, WAITS_FOR.name)) == 2


async def test_a_run_may_wait_for_two_systems(simulators: Control, start: Start) -> None:
    simulators.fault("slack", "status", path="chat.postMessage", status=429, retry_after=3)
    simulators.fault("salesforce", "status", method="PATCH", status=503, times=4)
    run = await start(cancelled(simulators), alert_waits_seconds=0)
    await until_it_waits_for(run, "salesforce", "slack")
    said = await details(run)
    assert ("Waiting for salesforce: " in said, "Waiting for slack: " in said) == (True, True)
    await run.result()
    assert await waits_for(run) == []


async def test_a_run_on_the_usual_way_says_nothing(simulators: Control, start: Start) -> None:
    run = await start(cancelled(simulators))
    await run.result()
    kinds = {event.event_type for event in (await run.fetch_history()).events}
    assert EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED not in kinds
    changes = (await run.describe()).search_attributes["TemporalChangeVersion"]
    assert changes == [AT_ITS_START]


async def test_what_failed_for_good_is_in_the_memo(simulators: Control, start: Start) -> None:
    run = await start(cancelled(simulators), channel="#nowhere")
    result = await run.result()
    [said] = (await (await run.describe()).memo())[PROBLEMS]
    assert (said["step"], said["kind"]) == ("slack.post_message", "NotFound")
    assert result.problems[0].message.startswith(said["message"])
