"""One installation for the workflow tests: a real server, real workers, simulators with state."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionResult,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleSpec,
    ScheduleState,
    WorkflowHandle,
)

import temporal
from dispatch.dispatcher import Dispatcher
from local.devserver import DevServer
from models.chartmogul import MovementWebhook
from models.effects import Effect, Mode
from models.events import movement_from_webhook
from models.movements import PollInput, PollState
from models.routes import Filter, Route, Routes
from models.runs import RunResult
from models.templates.churn_save import ChurnSaveOptions, TaskOptions
from models.templates.template import Installation
from operations.retry import Wish, retry
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import terminate
from tests.waiting import until

Start = Callable[..., Awaitable[WorkflowHandle[Any, RunResult]]]

RunAgain = Callable[[WorkflowHandle[Any, RunResult]], Awaitable[RunResult]]

SECOND = 1 / 86400


def options(**changes: Any) -> ChurnSaveOptions:
    defaults: dict[str, Any] = {
        "channel": "#revenue-saves",
        "task": TaskOptions(fallback_owner="revops@mogulflow.example"),
        "check_back_days": [],
        "settling_seconds": 0.2,
    }
    return ChurnSaveOptions.model_validate(defaults | changes)


@pytest.fixture(autouse=True)
async def no_run_is_left(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Neither one that waits for days, nor one of a test that failed: it would act in the next test."""
    yield
    if "workers" in request.fixturenames:
        client: Client = request.getfixturevalue("client")
        await terminate(client, "ExecutionStatus = 'Running'")


@pytest.fixture
def start(client: Client, workers: None) -> Start:
    return starter(client)


def starter(client: Client) -> Start:
    """Puts a webhook body through the dispatcher, with these options."""

    async def put(
        body: dict[str, Any],
        *,
        mode: Mode = Mode.LIVE,
        account: str = "default",
        scheduled: Literal["act", "wait"] = "act",
        time_zone: str = "UTC",
        **changes: Any,
    ) -> WorkflowHandle[Any, RunResult]:
        when = Filter.model_validate({"movements": ["churn"]})
        route = Route(
            name="test", template="churn_save", when=when, scheduled=scheduled, options=options(**changes)
        )
        zones = {account: time_zone}
        dispatcher = Dispatcher(
            client, Routes(routes=[route]), "http://127.0.0.1:8233", Installation(zones=zones)
        )
        event = movement_from_webhook(MovementWebhook.model_validate(body), account)
        [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=mode)
        return client.get_workflow_handle(run.workflow_id, result_type=RunResult)

    return put


def cancelled(simulators: Control, case: Any = "account", number: int = 0, **wish: Any) -> dict[str, Any]:
    """The body of the webhook of a cancellation, without sending it."""
    customer = simulators.customers(case=case)[number]
    return simulators.cancel(customer.uuid, send=False, **wish)


def by_object(effects: list[Effect]) -> dict[str, Effect]:
    return {effect.object_type: effect for effect in effects}


def owner_of(simulators: Control, task: dict[str, Any]) -> dict[str, Any]:
    return next(user for user in simulators.records("User") if user["Id"] == task["OwnerId"])


async def until_effects(handle: WorkflowHandle[Any, Any], count: int) -> list[Effect]:
    async def effects() -> list[Effect] | None:
        found: list[Effect] = await handle.query("effects", result_type=list[Effect])
        return found if len(found) >= count else None

    return await until(effects)


async def outcome_attribute(handle: WorkflowHandle[Any, Any]) -> str:
    found = {pair.key.name: pair.value for pair in (await handle.describe()).typed_search_attributes}
    return str(found["Outcome"])


async def details(run: WorkflowHandle[Any, Any]) -> str:
    metadata = await run.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(metadata.current_details)


@pytest.fixture
def run_again(temporal_server: DevServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> RunAgain:
    """`mogulflow retry`."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)

    async def run(handle: WorkflowHandle[Any, RunResult]) -> RunResult:
        await retry(settings, handle.id, Wish("mended", sure=True))
        return await handle.result()

    return run


NUMBERS = itertools.count(1)

Poll = Callable[[], Awaitable[PollState]]


@pytest.fixture
async def schedule(client: Client, workers: None) -> AsyncIterator[ScheduleHandle]:
    """As the declared one, but it runs when told."""
    name = f"poll-{next(NUMBERS)}"
    given = PollInput(account="default", head_start=timedelta(0))
    action = ScheduleActionStartWorkflow(
        "movement_poll", given, id=name, task_queue=temporal.WORKFLOWS, task_timeout=temporal.TASK_TIMEOUT
    )
    handle = await client.create_schedule(
        name, Schedule(action=action, spec=ScheduleSpec(), state=ScheduleState())
    )
    yield handle
    await handle.delete()


@pytest.fixture
def poll(client: Client, schedule: ScheduleHandle) -> Poll:
    return lambda: polled(client, schedule)


async def polled(client: Client, schedule: ScheduleHandle) -> PollState:
    """Trigger the schedule and wait for what its run came to."""
    before = (await schedule.describe()).info.num_actions
    await asyncio.sleep(1 - time.time() % 1)  # its runs are named by the second
    await schedule.trigger()

    async def actions() -> Sequence[ScheduleActionResult] | None:
        info = (await schedule.describe()).info
        return info.recent_actions if info.num_actions > before and not info.running_actions else None

    action = (await until(actions))[-1].action
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    handle = client.get_workflow_handle(
        action.workflow_id, run_id=action.first_execution_run_id, result_type=PollState
    )
    state: PollState = await handle.result()
    return state
