"""Holds on the real server, with durations of the tests: episodes, late ones, schedules, and patience."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleSpec,
    WorkflowHandle,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes

import temporal
import worker
from activities.slack import SlackActivities
from dispatch.dispatcher import Dispatcher
from dispatch.holdings import held_by, holding_now, holdings
from dispatch.holds import Holds, open_hold
from models.chartmogul import MovementWebhook
from models.effects import Effect
from models.events import MovementType, movement_from_webhook
from models.holds import Decision, HoldInput, HoldOn, HoldResult, Scope, Verdict
from models.routes import Filter, Route, Routes
from models.runs import Outcome, RunResult
from models.slack import Message
from operations.retry import Wish, retry
from schedules import OWNER
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.conftest import cancelled, details, options
from workflows.engine.steps import StepFailed, _regular

BRAKE = "brake/test"
SHORT = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@workflow.defn(name="impatient", sandboxed=False)
class Impatient:
    """One message, and a moment's patience for Slack. On a busy machine Slack's worker may need longer to be
    back after a pause: then the memo says that the patience was over, and the message has more time."""

    @workflow.run
    async def run(self, message: Message) -> Effect:
        try:
            return await self._post(message, timedelta(seconds=2))
        except StepFailed:
            workflow.upsert_memo({"gave_up": workflow.now()})
            return await self._post(message, HOUR)

    async def _post(self, message: Message, patience: timedelta) -> Effect:
        return await _regular(
            SlackActivities.post_message,
            message,
            start_to_close_timeout=timedelta(seconds=10),
            schedule_to_close_timeout=patience,
            retry_policy=temporal.DURABLE,
            outlasts_pauses=True,
        )


ROUTE = Route(
    name="test",
    template="churn_save",
    when=Filter(movements=[MovementType.CHURN]),
    options=options(),
)


@pytest.fixture
async def holds(client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Holds]:
    """A namespace and workers of its own, which look at what is open when they are told to."""
    own = await in_a_namespace_of_its_own(client)
    monkeypatch.setattr(worker, "WORKFLOW_CLASSES", [*worker.WORKFLOW_CLASSES, Impatient])
    holds = Holds(own, Routes(routes=[ROUTE]))
    await holds.look()
    async with worker.running(own, settings, holds=holds):
        yield holds


@pytest.fixture
def own(holds: Holds) -> Client:
    return holds._client


async def begin(client: Client, name: str, latest: datetime | None = None) -> WorkflowHandle[Any, HoldResult]:
    opened = HoldOn(why="a test", until=latest)
    given = HoldInput(name=name, open=opened, tell_after=HOUR, stale=SHORT, per_second=100)
    return await client.start_workflow(
        "hold",
        given,
        id=name,
        task_queue=temporal.WORKFLOWS,
        memo={temporal.HOLD: opened.as_memo()},
        search_attributes=TypedSearchAttributes([SearchAttributePair(temporal.OUTCOME, "open")]),
        result_type=HoldResult,
    )


async def held_run(
    holds: Holds, simulators: Control, hold: str, number: int
) -> WorkflowHandle[Any, RunResult]:
    """Held by what the dispatcher has last seen open, and listed."""
    client = holds._client
    before = (await client.count_workflows(held_by(hold))).count
    dispatcher = Dispatcher(client, holds.routes, "http://127.0.0.1:8233", holds=holds)
    event = movement_from_webhook(
        MovementWebhook.model_validate(cancelled(simulators, number=number)), "default"
    )
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    assert run.held_by == hold

    async def listed() -> bool:
        return (await client.count_workflows(held_by(hold))).count > before

    await until(listed)
    return client.get_workflow_handle(run.workflow_id, result_type=RunResult)


async def seen(holds: Holds, hold: str, *, is_open: bool) -> None:

    async def is_seen() -> bool:
        await holds.look()
        return (hold in holds.open) == is_open

    await until(is_seen)


async def decided(holds: Holds, hold: str, decision: Decision) -> None:
    await holds._client.get_workflow_handle(hold).signal("decide", decision)
    await seen(holds, hold, is_open=False)


RELEASE = Decision(verdict=Verdict.RELEASED, why="meant", by="ada")
DROP = Decision(verdict=Verdict.DROPPED, why="a mistake", by="ada")


async def until_open(client: Client, name: str, after: str) -> str:
    """The run id of the next episode."""

    async def other() -> str:
        found = [each.run_id for each in await holdings(client) if each.name == name and each.is_open]
        return found[0] if found and found[0] != after else ""

    return await until(other)


async def test_what_is_held_after_a_drop_was_decided_is_not_dropped(
    simulators: Control, own: Client, holds: Holds
) -> None:
    """Nobody has seen it: it is another episode, which is decided on again."""
    brake = await begin(own, BRAKE)
    await seen(holds, BRAKE, is_open=True)
    first = (await brake.describe()).run_id
    known = await held_run(holds, simulators, BRAKE, 0)
    await brake.signal("decide", DROP)
    assert (await known.result()).outcome is Outcome.DROPPED
    late = await held_run(holds, simulators, BRAKE, 1)
    await until_open(own, BRAKE, first)
    await decided(holds, BRAKE, RELEASE)
    assert (await late.result()).outcome is Outcome.ACTED


async def test_a_flood_during_a_release_is_an_episode_of_its_own(
    simulators: Control, own: Client, holds: Holds
) -> None:
    brake = await begin(own, BRAKE)
    first = (await brake.describe()).run_id
    await brake.signal("decide", RELEASE)
    await open_hold(own, BRAKE, HoldOn(why="again too many"))
    second = await until_open(own, BRAKE, first)
    [now] = [each for each in await holdings(own) if each.run_id == second]
    assert now.why == "again too many"
    await seen(holds, BRAKE, is_open=True)
    run = await held_run(holds, simulators, BRAKE, 0)
    await decided(holds, BRAKE, RELEASE)
    assert (await run.result()).outcome is Outcome.ACTED


async def test_a_held_run_that_is_run_again_begins_alone(
    simulators: Control, own: Client, holds: Holds, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect() -> Client:
        return own

    monkeypatch.setattr(temporal, "connect", connect)
    await begin(own, BRAKE)
    await seen(holds, BRAKE, is_open=True)
    one, other = [await held_run(holds, simulators, BRAKE, number) for number in (0, 1)]
    await retry(settings, one.id, Wish("this one is real"))
    assert (await one.result()).outcome is Outcome.ACTED
    await decided(holds, BRAKE, RELEASE)
    assert (await other.result()).outcome is Outcome.ACTED
    assert len(simulators.messages("#revenue-saves")) == 2


async def test_a_held_run_that_is_told_of_another_amount_says_still_what_holds_it(
    simulators: Control, own: Client, holds: Holds
) -> None:
    await begin(own, BRAKE)
    await seen(holds, BRAKE, is_open=True)
    run = await held_run(holds, simulators, BRAKE, 0)
    body = cancelled(simulators, number=1)
    await run.signal("restated", movement_from_webhook(MovementWebhook.model_validate(body), "default"))

    async def restated() -> str:
        said = await details(run)
        return said if "has restated" in said else ""

    said = await until(restated)
    assert f"Held by {BRAKE}." in said
    await decided(holds, BRAKE, RELEASE)
    await run.result()


async def test_what_a_hold_left_that_was_ended_by_force_is_shown_and_can_be_decided_on(
    simulators: Control, own: Client, holds: Holds
) -> None:
    brake = await begin(own, BRAKE)
    await seen(holds, BRAKE, is_open=True)
    run = await held_run(holds, simulators, BRAKE, 0)
    await brake.terminate()

    async def has_ended() -> bool:
        return not any(each.running for each in await holding_now(own))

    await until(has_ended)
    [left] = await holding_now(own)
    assert (left.name, left.count, left.running) == (BRAKE, 1, False)
    await open_hold(own, BRAKE, HoldOn(why="ended by force before"), RELEASE)
    assert (await run.result()).outcome is Outcome.ACTED


async def scheduled(client: Client, schedule: str) -> None:
    action = ScheduleActionStartWorkflow("movement_poll", id=schedule, task_queue=temporal.WORKFLOWS)
    await client.create_schedule(schedule, Schedule(action=action, spec=ScheduleSpec()), memo=OWNER)


async def note(client: Client, schedule: str) -> tuple[bool, str]:
    state = (await client.get_schedule_handle(schedule).describe()).schedule.state
    return state.paused, state.note or ""


async def until_noted(client: Client, schedule: str, wanted: tuple[bool, str]) -> None:

    async def noted() -> bool:
        return await note(client, schedule) == wanted

    await until(noted)


async def test_a_schedule_that_two_pauses_concern_waits_for_both(own: Client) -> None:
    for each in ("poll/default", "poll/europe"):
        await scheduled(own, each)

    async def listed() -> bool:
        return len([each async for each in await own.list_schedules()]) == 2

    await until(listed)
    later = datetime.now(UTC) + HOUR
    everything = await begin(own, Scope().hold, later)
    await until_noted(own, "poll/default", (True, "mogulflow pause/all: a test"))
    await until_noted(own, "poll/europe", (True, "mogulflow pause/all: a test"))
    account = await begin(own, Scope(account="default").hold, later)
    await until_open(own, Scope(account="default").hold, "")
    await everything.signal("decide", RELEASE)
    await everything.result()
    assert await note(own, "poll/default") == (True, "mogulflow pause/account/default: a test")
    assert await note(own, "poll/europe") == (False, "")
    await account.signal("decide", RELEASE)
    await account.result()
    assert await note(own, "poll/default") == (False, "")


async def test_a_pause_that_begins_again_while_it_ends_holds_on(
    simulators: Control, own: Client, holds: Holds
) -> None:
    name = Scope(template="churn_save").hold
    later = datetime.now(UTC) + HOUR
    pause = await begin(own, name, later)
    first = (await pause.describe()).run_id
    await pause.signal("decide", RELEASE)
    await open_hold(own, name, HoldOn(why="once more", until=later))
    await until_open(own, name, first)
    await seen(holds, name, is_open=True)
    run = await held_run(holds, simulators, name, 0)
    await decided(holds, name, RELEASE)
    assert (await run.result()).outcome is Outcome.ACTED


@pytest.mark.parametrize("scope", [Scope(system="slack"), Scope(template="impatient"), Scope()])
async def test_time_that_a_pause_takes_is_no_patience_lost(
    simulators: Control, own: Client, holds: Holds, scope: Scope
) -> None:
    """Whether the step rests in its queue or is refused."""
    await begin(own, scope.hold, datetime.now(UTC) + HOUR)
    await seen(holds, scope.hold, is_open=True)
    message = Message(key=str(uuid.uuid4()), channel="#revops", text="x", not_before=datetime.now(UTC))
    run = await own.start_workflow(
        "impatient",
        message,
        id=f"impatient/{uuid.uuid4()}",
        task_queue=temporal.WORKFLOWS,
        result_type=Effect,
    )

    async def again() -> bool:
        return await times_scheduled(run) >= 2

    await until(again)
    assert simulators.messages("#revops") == []
    assert "gave_up" not in await (await run.describe()).memo()
    await decided(holds, scope.hold, RELEASE)
    await run.result()
    assert len(simulators.messages("#revops")) == 1


async def times_scheduled(run: WorkflowHandle[Any, Any]) -> int:
    events = (await run.fetch_history()).events
    return sum(each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED for each in events)
