"""A customer who comes back ends the open run at once; what was held up is read again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle

import temporal
import worker
from dispatch import returns
from dispatch.dispatcher import Dispatcher
from models.routes import Routes
from models.runs import Outcome, RunResult
from models.templates.churn_save import ChurnSaveInput
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.conftest import SECOND, Poll, Start, options, starter, until_effects
from tests.workflows.leaving import (
    acted_on,
    back_and_read_again,
    event_of,
    left,
    readings,
    said,
    tried,
    until_open,
    until_read,
    uuid_of,
)

Run = WorkflowHandle[Any, RunResult]


@pytest.fixture
def dispatcher(client: Client) -> Dispatcher:
    """No route takes anything."""
    return Dispatcher(client, Routes(routes=[]), "http://127.0.0.1:8233")


@pytest.fixture
async def unsandboxed(client: Client, settings: Settings) -> AsyncIterator[Start]:
    """Workers whose workflows see what a test has changed."""
    own = await in_a_namespace_of_its_own(client)
    async with worker.running(own, settings.model_copy(update={"workflow_sandbox": False})):
        yield starter(own)


async def test_a_webhook_of_a_return_ends_the_run_at_once_whatever_the_routes_say(
    simulators: Control, client: Client, start: Start, dispatcher: Dispatcher
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 7, 30)
    await until_open(client, body)
    back = simulators.reactivate(uuid_of(body), send=False)
    await dispatcher.tell_of_return(event_of(back))
    assert (await handle.result()).outcome is Outcome.SAVED
    assert simulators.records("Task")[0]["IsClosed"]
    assert simulators.messages()[-1]["text"].startswith("Saved: ")


@pytest.mark.parametrize("kind", ["reactivation", "new_biz", "expansion"])
async def test_the_poll_tells_of_a_return_whose_webhook_was_lost(
    simulators: Control, client: Client, start: Start, poll: Poll, kind: Any
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 7, 30)
    await until_open(client, body)
    simulators.reactivate(uuid_of(body), send=False)
    simulators.restate(uuid_of(body), type=kind)
    await poll()
    assert (await handle.result()).outcome is Outcome.SAVED


async def test_a_return_that_does_not_show_leaves_the_run_waiting_and_is_told_once(
    simulators: Control, client: Client, start: Start, dispatcher: Dispatcher
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 12 * SECOND)
    await until_open(client, body)
    back = event_of(body | {"movement_type": "reactivation", "date": datetime.now(UTC).isoformat()})
    for _ in range(3):
        await handle.signal("came_back", back)
        await dispatcher.tell_of_return(back)
    assert (await handle.result()).outcome is Outcome.LOST
    assert (await (await handle.describe()).memo())["returns"] == [back.event_id]
    assert readings(simulators, body) <= 5  # at first, three after the signal, and the check-back


async def test_a_return_that_chartmogul_shows_late_is_waited_for(
    simulators: Control, client: Client, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 7)
    back = simulators.reactivate(uuid_of(body), send=False, known_after_seconds=0.1)
    await handle.signal("came_back", event_of(back))
    assert (await handle.result()).outcome is Outcome.SAVED


async def test_a_movement_before_the_cancellation_is_no_return(
    simulators: Control, client: Client, start: Start, dispatcher: Dispatcher
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 10 * SECOND)
    await until_open(client, body)
    earlier = datetime.fromisoformat(body["date"]) - timedelta(seconds=1)
    await dispatcher.tell_of_return(
        event_of(body | {"movement_type": "reactivation", "date": earlier.isoformat()})
    )
    assert (await handle.result()).outcome is Outcome.LOST
    assert "returns" not in await (await handle.describe()).memo()


async def test_telling_never_breaks_a_delivery(
    simulators: Control, client: Client, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer: the real client, and nobody there."""
    body = left(simulators)
    back = event_of(body | {"movement_type": "reactivation"})
    away = await Client.connect("127.0.0.1:1", lazy=True)
    await Dispatcher(away, Routes(routes=[]), "").tell_of_return(back)
    await returns.tell(client, "default", [back.model_copy(update={"customer_uuid": "o'brien' OR ''='"})])


@pytest.mark.parametrize(
    ("kind", "amount", "after", "brings"),
    [
        ("reactivation", 500, 500, True),
        ("new_biz", 500, 500, True),
        ("expansion", 500, 500, True),
        ("expansion", 500, 900, False),
        ("expansion", 500, None, False),
        ("contraction", -500, 0, False),
        ("churn", -500, 0, False),
    ],
)
def test_who_paid_nothing_and_pays_now_is_back(
    kind: str, amount: int, after: int | None, brings: bool
) -> None:
    event = event_of(
        {
            "type": "mrr_movement",
            "date": "2026-05-20T07:02:18.000Z",
            "movement_type": kind,
            "account_currency": "USD",
            "mrr_movement_in_account_currency": amount,
            "customer": {"uuid": "cus_1", "current_mrr": after},
        }
    )
    assert event.brings_back is brings


async def test_an_alert_that_slack_held_up_does_not_say_cancelled_of_somebody_who_is_back(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    handle = await start(body, check_back_days=[7], reread_after_seconds=1)
    await until_effects(handle, 1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    await back_and_read_again(simulators, body)
    simulators.remove_fault(fault.id)
    result = await handle.result()
    assert result.outcome is Outcome.SAVED
    assert simulators.messages() == []
    [task] = simulators.records("Task")
    assert "Outcome: saved" in task["Description"]
    assert task["IsClosed"]


async def test_a_task_that_salesforce_held_up_is_not_made_for_somebody_who_is_back(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    fault = simulators.fault("salesforce", "status", method="PATCH", status=503, times=None)
    handle = await start(body, check_back_days=[7], reread_after_seconds=1, alert_waits_seconds=0.1)
    await until_effects(handle, 1)
    await until(lambda: tried(simulators, "salesforce", "Task"))
    await back_and_read_again(simulators, body)
    simulators.remove_fault(fault.id)
    assert (await handle.result()).outcome is Outcome.SAVED
    assert simulators.records("Task") == []
    alert, reply = simulators.messages()
    assert reply["thread_ts"] == alert["ts"]
    assert reply["text"].startswith("Saved: ")


async def test_where_both_were_away_somebody_who_is_back_gets_one_line(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    faults = [
        simulators.fault("salesforce", "status", method="PATCH", status=503, times=None),
        simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None),
    ]
    handle = await start(body, check_back_days=[7], reread_after_seconds=1, alert_waits_seconds=0.1)
    await until(lambda: tried(simulators, "salesforce", "Task"))
    await until(lambda: tried(simulators, "slack", "chat.postMessage"))
    await back_and_read_again(simulators, body, times=2)
    for fault in faults:
        simulators.remove_fault(fault.id)
    assert (await handle.result()).outcome is Outcome.ALREADY_SAVED
    assert simulators.records("Task") == []
    [message] = simulators.messages()
    assert "already back" in message["text"]


async def test_what_was_held_up_and_still_is_so_goes_out_once(simulators: Control, start: Start) -> None:
    body = left(simulators)
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    handle = await start(body, reread_after_seconds=1)
    await until_read(simulators, body, 2)
    simulators.remove_fault(fault.id)
    result = await handle.result()
    assert result.outcome is Outcome.ACTED
    assert (len(simulators.records("Task")), len(simulators.messages())) == (1, 1)


async def test_what_was_held_up_for_longer_than_patience_is_tried_once_more(
    simulators: Control, unsandboxed: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may pause a system for days: after that the alert goes out, with a new reading."""
    monkeypatch.setattr("workflows.churn_save.workflow.GIVE_UP_AFTER", timedelta(0))
    body = left(simulators)
    slack = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    handle = await unsandboxed(body, reread_after_seconds=3)
    await until_effects(handle, 1)
    path = f"/customers/{uuid_of(body)}"
    chartmogul = simulators.fault("chartmogul", "status", path=path, status=503, times=None)
    await until_read(simulators, body, readings(simulators, body) + 1)
    simulators.remove_fault(slack.id)
    simulators.remove_fault(chartmogul.id)
    assert (await handle.result()).outcome is Outcome.ACTED
    assert (len(simulators.records("Task")), len(simulators.messages())) == (1, 1)


async def test_a_route_that_trusts_no_reading_for_any_time_still_acts(
    simulators: Control, start: Start
) -> None:
    handle = await start(left(simulators), reread_after_seconds=0)
    assert (await handle.result()).outcome is Outcome.ACTED
    assert (len(simulators.records("Task")), len(simulators.messages())) == (1, 1)


async def test_a_run_that_began_earlier_is_told_of_a_return_once(
    simulators: Control, client: Client, workers: None
) -> None:
    """It waits for its check-back, and its history must not grow with every poll."""
    event = event_of(left(simulators))
    earlier = ChurnSaveInput(
        event=event, route="test", options=options(check_back_days=[7]), received_at=datetime.now(UTC)
    )
    name = f"churn_save/{event.event_id}"
    handle = await client.start_workflow("churn_save", earlier, id=name, task_queue=temporal.WORKFLOWS)
    await handle.signal("came_back", event)

    async def is_known() -> bool:
        return (await (await handle.describe()).memo()).get("returns") == [event.event_id]

    try:
        await until(is_known)
    finally:
        await handle.terminate()


async def test_a_verdict_that_slack_held_up_is_the_verdict_of_then(simulators: Control, start: Start) -> None:
    body = left(simulators)
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None, skip=1)
    handle = await acted_on(start, body, 2 * SECOND, reread_after_seconds=1)
    await until(lambda: tried(simulators, "slack", "chat.postMessage", 2))
    await back_and_read_again(simulators, body)
    simulators.remove_fault(fault.id)
    assert (await handle.result()).outcome is Outcome.SAVED
    assert "Lost" not in said(simulators)
    assert "Outcome: saved" in said(simulators)


async def test_a_verdict_that_slack_holds_up_says_what_it_waits_for(
    simulators: Control, start: Start
) -> None:
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None, skip=1)
    handle = await acted_on(start, left(simulators), 2 * SECOND)

    async def says_so() -> bool:
        return (await handle.describe()).search_attributes.get("WaitsFor") == ["slack"]

    await until(says_so)
    simulators.remove_fault(fault.id)
    assert (await handle.result()).outcome is Outcome.LOST
    assert len([each for each in simulators.messages() if each["text"].startswith("Lost")]) == 1
    assert (await handle.describe()).search_attributes.get("WaitsFor", []) == []


async def saved(simulators: Control, start: Start, **task: Any) -> dict[str, Any]:
    """The task of a customer who has come back."""
    body = left(simulators)
    handle = await acted_on(start, body, task=task)
    simulators.reactivate(uuid_of(body), send=False)
    assert (await handle.result()).outcome is Outcome.SAVED
    [found] = simulators.records("Task")
    return found


async def test_a_saved_task_is_closed_with_the_status_that_the_org_has(
    simulators: Control, start: Start
) -> None:
    for status in simulators.records("TaskStatus"):
        simulators.change_record("TaskStatus", status["Id"], IsClosed=status["ApiName"] == "Deferred")
    task = await saved(simulators, start)
    assert (task["Status"], task["IsClosed"]) == ("Deferred", True)


async def test_fields_of_the_route_win(simulators: Control, start: Start) -> None:
    task = await saved(simulators, start, fields_when_saved={"Status": "In Progress"})
    assert (task["Status"], task["IsClosed"]) == ("In Progress", False)


async def test_a_route_may_leave_the_task_open(simulators: Control, start: Start) -> None:
    task = await saved(simulators, start, close_when_saved=False)
    assert (task["Status"], task["IsClosed"]) == ("Not Started", False)


async def test_an_org_without_a_closed_status_keeps_the_task_open_and_the_effect_says_so(
    simulators: Control, start: Start
) -> None:
    for status in simulators.records("TaskStatus"):
        simulators.change_record("TaskStatus", status["Id"], IsClosed=False)
    body = left(simulators)
    handle = await acted_on(start, body)
    simulators.reactivate(uuid_of(body), send=False)
    result = await handle.result()
    assert (result.outcome, result.effects[-1].note) == (
        Outcome.SAVED, "left open: the org has no closed status",
    )  # fmt: skip
    assert "Outcome: saved" in simulators.records("Task")[0]["Description"]


async def test_a_task_that_its_owner_closed_keeps_their_status(simulators: Control, start: Start) -> None:
    deferred = next(each for each in simulators.records("TaskStatus") if each["ApiName"] == "Deferred")
    simulators.change_record("TaskStatus", deferred["Id"], IsClosed=True)
    body = left(simulators)
    handle = await acted_on(start, body)
    [task] = simulators.records("Task")
    simulators.change_record("Task", task["Id"], Status="Deferred")
    simulators.reactivate(uuid_of(body), send=False)
    assert (await handle.result()).outcome is Outcome.SAVED
    assert simulators.records("Task")[0]["Status"] == "Deferred"


async def test_a_return_that_is_undone_before_it_could_be_said_is_waited_for_again(
    simulators: Control, client: Client, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body, 7, reread_after_seconds=1)
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    back = simulators.reactivate(uuid_of(body), send=False)
    await handle.signal("came_back", event_of(back))
    posts = len([each for each in simulators.calls("slack") if "chat.postMessage" in each.path])
    await until(lambda: tried(simulators, "slack", "chat.postMessage", posts + 1))
    simulators.cancel(uuid_of(body), send=False)
    await until_read(simulators, body, readings(simulators, body) + 1)
    simulators.remove_fault(fault.id)
    again = simulators.reactivate(uuid_of(body), send=False)
    await handle.signal("came_back", event_of(again | {"date": datetime.now(UTC).isoformat()}))
    assert (await handle.result()).outcome is Outcome.SAVED
    assert len(simulators.messages()) == 2
