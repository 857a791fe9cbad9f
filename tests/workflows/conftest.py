"""One installation for the workflow tests: a real server, real workers, simulators with state."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from temporalio.client import Client, WorkflowHandle

from dispatch.dispatcher import Door
from models.chartmogul import MovementWebhook
from models.effects import Effect, Mode
from models.events import movement_from_webhook
from models.routes import Filter, Route, Routes
from models.runs import RunResult
from models.templates.churn_save import ChurnSaveOptions, TaskOptions
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
    """Puts a webhook body through the door, with these options."""

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
        door = Door(client, Routes(routes=[route]), "http://127.0.0.1:8233", zones=zones)
        event = movement_from_webhook(MovementWebhook.model_validate(body), account)
        [run] = await door.dispatch(event, received_at=datetime.now(UTC), mode=mode)
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
