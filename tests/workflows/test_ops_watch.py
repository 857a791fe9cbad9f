"""The watch tells the ops channel what waits for a person: once, grouped, and with an end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionResult,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleSpec,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes

import temporal
import worker
from activities.runs import steps as runs
from activities.runs.steps import OURS, WAITING, find_trouble, waiting_for
from local.devserver import DevServer
from models.attention import AttentionQuery, Kind, Trouble, WatchInput, WatchState
from models.deliveries import UnreadableDelivery
from models.runs import Outcome, RunResult
from operations.retry import Wish, retry
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until, until_event, until_listed
from tests.workflows.conftest import SECOND, Start, cancelled, starter

OPS = "#revops"
NOW = timedelta(0)
OUT_OF_ORDER = {"status": 503, "times": None}


@workflow.defn(name="broken", sandboxed=False)
class Broken:
    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("Acme Ltd is not expected here")


@pytest.fixture
async def client(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """A namespace and workers of its own: a watch sees every run there is."""
    own = await in_a_namespace_of_its_own(client)
    monkeypatch.setattr(worker, "WORKFLOW_CLASSES", [*worker.WORKFLOW_CLASSES, Broken])
    async with worker.running(own, settings):
        yield own


@pytest.fixture
def start(client: Client) -> Start:
    return starter(client)


@dataclass(frozen=True)
class Watch:
    """Its schedule, which sweeps when it is told to."""

    schedule: ScheduleHandle

    async def begin(self) -> WorkflowHandle[Any, WatchState]:
        before = len(await self._actions())
        await self.schedule.trigger()

        async def new() -> Sequence[ScheduleActionResult]:
            return (await self._actions())[before:]

        begun = (await until(new))[-1].action
        assert isinstance(begun, ScheduleActionExecutionStartWorkflow)
        client = self.schedule._client
        return client.get_workflow_handle(begun.workflow_id, result_type=WatchState)

    async def _actions(self) -> Sequence[ScheduleActionResult]:
        return (await self.schedule.describe()).info.recent_actions

    async def sweep(self) -> WatchState:
        return await (await self.begin()).result()


async def watching(client: Client, **changes: Any) -> Watch:
    given = WatchInput(
        ops_channel=OPS,
        web_ui_url="http://127.0.0.1:8233",
        **({"grace": NOW, "patience": timedelta(seconds=10)} | changes),
    )
    action = ScheduleActionStartWorkflow("ops_watch", given, id="ops_watch", task_queue=temporal.WORKFLOWS)
    return Watch(await client.create_schedule("ops_watch", Schedule(action=action, spec=ScheduleSpec())))


async def until_ours(client: Client, query: str, count: int) -> None:
    await until_listed(client, f"{OURS} AND {query}", count)


async def ended(client: Client, run: WorkflowHandle[Any, RunResult], outcome: Outcome) -> None:
    """And listed so."""
    assert (await run.result()).outcome is outcome
    status = f"WorkflowId = '{run.id}' AND Outcome = '{outcome}' AND ExecutionStatus = 'Completed'"
    await until_ours(client, status, 1)


async def waiting_runs(
    simulators: Control, start: Start, client: Client, system: str, *numbers: int
) -> list[WorkflowHandle[Any, RunResult]]:
    """Cancellations of these customers, whose runs wait for the system."""
    before = (await client.count_workflows(f"{OURS} AND {waiting_for(system)}")).count
    runs = [await start(cancelled(simulators, number=n), alert_waits_seconds=0) for n in numbers]
    await until_ours(client, waiting_for(system), before + len(runs))
    return runs


def told(simulators: Control) -> list[dict[str, Any]]:
    return simulators.messages(OPS)


async def test_an_outage_is_one_message_with_a_count_an_update_and_an_end(
    simulators: Control, start: Start, client: Client
) -> None:
    watch = await watching(client, update_every=NOW)
    fault = simulators.fault("salesforce", "status", method="PATCH", **OUT_OF_ORDER)
    runs = await waiting_runs(simulators, start, client, "salesforce", 0, 1)
    await watch.sweep()
    await watch.sweep()
    [message] = told(simulators)
    assert "*2 runs wait for salesforce*" in message["text"]
    assert "workflows?query=ExecutionStatus%20%3D%20%27Running%27%20AND%20WaitsFor" in message["text"]
    runs += await waiting_runs(simulators, start, client, "salesforce", 2)
    await watch.sweep()
    assert told(simulators)[1]["text"] == "3 runs now, 2 before."
    simulators.remove_fault(fault.id)
    await asyncio.gather(*(run.result() for run in runs))
    await until_ours(client, WAITING, 0)
    assert (await watch.sweep()).outages == []
    await watch.sweep()
    _, update, end = told(simulators)
    assert "Recovered: no run waits for salesforce any more, 3 runs did, from " in end["text"]
    assert update["thread_ts"] == end["thread_ts"] == message["ts"]


async def test_a_sweep_that_finds_nothing_takes_one_workflow_task(client: Client) -> None:
    sweep = await (await watching(client)).begin()
    assert await sweep.result() == WatchState()
    kinds = [event.event_type for event in (await sweep.fetch_history()).events]
    assert kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 1
    assert EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED not in kinds


async def test_a_short_wait_is_no_news(simulators: Control, start: Start, client: Client) -> None:
    watch = await watching(client, grace=timedelta(minutes=2))
    simulators.fault("salesforce", "status", method="PATCH", status=503, times=3)
    [run] = await waiting_runs(simulators, start, client, "salesforce", 0)
    assert [each.system for each in (await watch.sweep()).outages] == ["salesforce"]
    await run.result()
    await until_ours(client, WAITING, 0)
    assert await watch.sweep() == WatchState()
    assert told(simulators) == []


@pytest.mark.parametrize(("worth_telling", "count"), [(NOW, 1), (timedelta(hours=1), 0)])
async def test_an_outage_of_slack_is_told_afterwards_where_it_was_long(
    simulators: Control, start: Start, client: Client, worth_telling: timedelta, count: int
) -> None:
    watch = await watching(client, worth_telling=worth_telling, patience=timedelta(seconds=1))
    fault = simulators.fault("slack", "status", **OUT_OF_ORDER)
    [run] = await waiting_runs(simulators, start, client, "slack", 0)
    assert [each.told_at for each in (await watch.sweep()).outages] == [None]  # it ends, with Slack away
    simulators.remove_fault(fault.id)
    await run.result()
    await until_ours(client, WAITING, 0)
    assert (await watch.sweep()).outages == []
    await watch.sweep()
    messages = told(simulators)
    assert len(messages) == count
    assert all("slack itself was back before that." in message["text"] for message in messages)
    assert all("None does any more." in message["text"] for message in messages)


async def test_runs_with_one_trouble_are_one_message(
    simulators: Control, start: Start, client: Client
) -> None:
    watch = await watching(client)
    for number in range(2):
        run = await start(cancelled(simulators, number=number), channel="#nowhere")
        await ended(client, run, Outcome.PARTIAL)
    await watch.sweep()
    await watch.sweep()
    [message] = told(simulators)
    assert "*2 runs partial: slack.post_message (NotFound)*" in message["text"]
    assert "Invite the bot to the channel" in message["text"]
    assert "`mogulflow retry churn_save/" in message["text"]
    assert "query=Outcome%20%3D%20%27partial%27" in message["text"]


async def test_reasons_that_differ_are_all_said_in_one_form(
    simulators: Control, start: Start, client: Client
) -> None:
    watch = await watching(client)
    for number, channel in enumerate(("#nowhere", "#elsewhere")):
        await ended(
            client, await start(cancelled(simulators, number=number), channel=channel), Outcome.PARTIAL
        )
    await watch.sweep()
    [message] = told(simulators)
    reasons = [line for line in message["text"].splitlines() if line.startswith("• ")]
    assert len(reasons) == 2
    assert all("Invite the bot to the channel" in line and "/user-metadata|" in line for line in reasons)
    assert "--current-route" in message["text"]


async def test_a_cancelled_run_is_told_of_once_with_what_was_dropped(
    simulators: Control, start: Start, client: Client
) -> None:
    watch = await watching(client)
    run = await start(cancelled(simulators), check_back_days=[7])
    await until_event(run, "timer_started_event_attributes")
    await run.cancel()
    await until_ours(client, "ExecutionStatus = 'Canceled'", 1)
    await watch.sweep()
    await watch.sweep()
    [message] = told(simulators)
    assert "*1 run cancelled: churn_save*." in message["text"]
    assert "• Dropped: check back 7 days after the cancellation, due " in message["text"]
    assert "Somebody cancelled it. To do it after all, run `mogulflow retry " in message["text"]


@pytest.mark.parametrize(("quiet", "count"), [(NOW, 2), (timedelta(hours=1), 1)])
async def test_more_of_a_known_trouble_is_told_after_a_quiet_time(
    simulators: Control, start: Start, client: Client, quiet: timedelta, count: int
) -> None:
    watch = await watching(client, quiet=quiet)
    for number in range(2):
        run = await start(cancelled(simulators, number=number), channel="#nowhere")
        await ended(client, run, Outcome.PARTIAL)
        await watch.sweep()
    await watch.sweep()
    messages = told(simulators)
    assert len(messages) == count
    if count == 2:
        assert "*1 run partial: slack.post_message (NotFound)*, beside 1 known." in messages[1]["text"]


async def test_a_partial_run_that_goes_on_to_check_back_is_told_of_at_once(
    simulators: Control, start: Start, client: Client
) -> None:
    watch = await watching(client)
    await start(cancelled(simulators), channel="#nowhere", check_back_days=[60 * SECOND])
    await until_ours(client, "Outcome = 'partial' AND ExecutionStatus = 'Running'", 1)
    await watch.sweep()
    [message] = told(simulators)
    assert "*1 run partial: slack.post_message (NotFound)*" in message["text"]


async def test_a_failed_run_is_told_of_and_one_that_was_run_again_is_forgotten(
    simulators: Control,
    start: Start,
    client: Client,
    temporal_server: DevServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = await watching(client)
    simulators.fault("chartmogul", "status", path="/v1/customers/[^/]+$", status=403)
    run = await start(cancelled(simulators))
    with pytest.raises(WorkflowFailureError):
        await run.result()
    await until_ours(client, "Outcome = 'failed' AND ExecutionStatus = 'Failed'", 1)
    [group] = (await watch.sweep()).groups
    assert (group.kind, group.about) == (Kind.FAILED, "chartmogul.read_back Unauthorized")
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)
    await retry(settings, run.id, Wish("mended", sure=True))
    await ended(client, run, Outcome.ACTED)
    [group] = (await watch.sweep()).groups
    assert group.members == []
    assert len(told(simulators)) == 1


async def test_a_failed_run_of_a_schedule_is_healed_by_the_next(simulators: Control, client: Client) -> None:
    """A poll reads what the one before has not."""
    given = {"account": "unknown"}
    action = ScheduleActionStartWorkflow("movement_poll", given, id="poll", task_queue=temporal.WORKFLOWS)
    polls = Watch(await client.create_schedule("poll", Schedule(action=action, spec=ScheduleSpec())))
    for count in (1, 2):
        with pytest.raises(WorkflowFailureError):
            await polls.sweep()
        await until_ours(client, "ExecutionStatus = 'Failed'", count)
    [run] = (await find_trouble(client, AttentionQuery(), datetime.now(UTC))).runs
    assert (run.kind, run.about, run.scheduled) == (Kind.FAILED, "movement_poll Unauthorized", True)
    assert "CHARTMOGUL__UNKNOWN__API_KEY" in run.message


async def test_a_sweep_that_told_and_died_is_repeated_without_telling_twice(
    simulators: Control, start: Start, client: Client
) -> None:
    """Slack has the message and holds its answer back; the sweep is ended meanwhile."""
    watch = await watching(client)
    await ended(client, await start(cancelled(simulators), channel="#nowhere"), Outcome.PARTIAL)
    simulators.fault("slack", "slow", path="chat.postMessage", delay_seconds=5)
    sweep = await watch.begin()
    await until(lambda: told(simulators))
    await sweep.terminate()
    [group] = (await watch.sweep()).groups
    assert (len(group.members), len(told(simulators))) == (1, 1)
    await watch.sweep()
    assert len(told(simulators)) == 1


async def unreadable(client: Client, number: int) -> None:
    attributes = TypedSearchAttributes([SearchAttributePair(temporal.OUTCOME, "unreadable")])
    await client.start_workflow(
        "unreadable_delivery",
        UnreadableDelivery(
            account="default", body="?", size=1, exact=True, reason="No JSON.", received_at=datetime.now(UTC)
        ),
        id=f"unreadable/{number}",
        task_queue=temporal.WORKFLOWS,
        search_attributes=attributes,
    )
    await until_ours(client, "Outcome = 'unreadable'", number)


async def test_unreadable_deliveries_are_told_of(simulators: Control, client: Client) -> None:
    watch = await watching(client)
    await unreadable(client, 1)
    await watch.sweep()
    [message] = told(simulators)
    assert "*1 run unreadable: nothing was done about what came in*" in message["text"]


async def test_more_than_can_be_listed_are_counted_and_not_kept_one_by_one(
    simulators: Control, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if two of a kind were listed instead of 500, and three kept of a group."""
    monkeypatch.setattr(runs, "LISTED", 2)
    watch = await watching(client, quiet=NOW, most_members=3)
    known = 0
    for count in (2, 4, 6, 8):
        await unreadable(client, count - 1)
        await unreadable(client, count)
        [group] = (await watch.sweep()).groups
        assert (len(group.members), group.count) == (min(count, 3), count)
        text = told(simulators)[-1]["text"]
        assert (
            f"*2 runs unreadable: nothing was done about what came in*{', beside ' if known else '.'}" in text
        )
        assert f"beside {known} known" in text or not known
        known = count
    [group] = (await watch.sweep()).groups
    assert (group.count, len(told(simulators))) == (8, 4)
    for number in range(1, 8):
        await client.get_workflow_handle(f"unreadable/{number}").terminate()
    monkeypatch.setattr(runs, "LISTED", 500)
    await until_ours(client, "Outcome = 'unreadable' AND ExecutionStatus = 'Running'", 1)
    groups = {group.kind: group for group in (await watch.sweep()).groups}
    assert groups[Kind.UNREADABLE].count == 1


@pytest.mark.timeout(300)
async def test_a_run_whose_code_fails_over_and_over_is_told_of(simulators: Control, client: Client) -> None:
    watch = await watching(client)
    run = await client.start_workflow(
        "broken", id="broken/1", task_queue=temporal.WORKFLOWS, task_timeout=temporal.TASK_TIMEOUT
    )

    async def found() -> Sequence[Trouble]:
        return (await find_trouble(client, AttentionQuery(), datetime.now(UTC))).runs

    [stuck] = await until(found)
    assert (stuck.kind, stuck.workflow_id, stuck.error) == (Kind.STUCK, run.id, "RuntimeError")
    [failed] = [
        event.event_time.ToDatetime(UTC)
        for event in (await run.fetch_history()).events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    ]
    assert stuck.since == failed
    await watch.sweep()
    [message] = told(simulators)
    assert "*1 run stuck: the code of broken fails over and over (RuntimeError)*" in message["text"]
    assert "Acme" not in message["text"]
    await run.terminate()
