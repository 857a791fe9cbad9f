"""Records a server with open runs and schedules of this version: `python -m tests.upgrade.record FILE`.

Run it in a checkout of the version that users upgrade from; test_upgrade.py lets the runs go on under the
present code. The file is the dev server's database, compressed. Slack is not connected: a thread of the
recording is none of the simulators that the test has. What waits, waits for a minute from the recording.
"""

import asyncio
import gzip
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow, ScheduleDescription
from temporalio.contrib.pydantic import pydantic_data_converter

import worker
from dispatch.dispatcher import Dispatcher
from local.devserver import DevServer
from local.processes import free_ports
from local.temporal_cli import find_cli
from models.chartmogul import MovementWebhook
from models.events import MrrMovement, movement_from_webhook
from models.routes import Filter, Route, Routes
from models.templates.churn_save import ChurnSaveOptions
from models.templates.customer_sync import CustomerSyncOptions
from models.templates.template import Installation
from schedules import OWNER, declarations
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import ROOT, running_simulators, settings_for
from tests.histories.studio import Studio
from tests.histories.unreadable_delivery import cases as unreadable_delivery
from tests.waiting import until
from tests.workflows.conftest import until_effects
from tests.workflows.crm import MAPPING

ASK_AGAIN_SECONDS = 5

SEED = 73
"""Of the simulators' customers: with it the test knows them again."""

RECORDER = "recorder"
"""Instead of the process id and host name that a client and its workers go by."""

WAIT = timedelta(seconds=60)
WAITING_LOST, WAITING_SAVED, LIES_AHEAD, SYNC_LIES_AHEAD = range(4)
"""Whose run it is: the simulators' customers by number."""

KEPT = "of-an-earlier-version"
UNREADABLE = f"unreadable_delivery/{KEPT}"
KEPT_FOR = timedelta(days=36_500)

SCHEDULES = ("poll/default", "ops_watch")
"""Those that have run."""

ROUTES = Routes(
    routes=[
        Route(
            name="churn-save",
            template="churn_save",
            when=Filter.model_validate({"movements": ["churn"]}),
            scheduled="wait",
            options=ChurnSaveOptions.model_validate(
                {
                    "channel": "#revenue-saves",
                    "task": {"fallback_owner": "revops@mogulflow.example"},
                    "check_back_days": [WAIT / timedelta(days=1)],
                    "settling_seconds": 0.2,
                }
            ),
        ),
        Route(
            name="customer-sync",
            template="customer_sync",
            when=Filter.model_validate({"movements": ["expansion"]}),
            scheduled="wait",
            options=CustomerSyncOptions(systems=["hubspot"], settling_seconds=0.2),
        ),
    ]
)


async def record(client: Client, simulators: Control, settings: Settings) -> None:
    dispatcher = Dispatcher(client, ROUTES, "http://127.0.0.1:8233", Installation(crm=MAPPING))
    customers = [each.uuid for each in simulators.customers(case="account") if each.mrr]
    ahead = datetime.now(UTC) + WAIT
    for number in (WAITING_LOST, WAITING_SAVED):
        body = simulators.cancel(customers[number], send=False)
        await _start(dispatcher, _event(body), effects=2)
    await _start(dispatcher, _event(simulators.cancel(customers[LIES_AHEAD], send=False, at=ahead)))
    await _start(
        dispatcher, _event(simulators.expand(customers[SYNC_LIES_AHEAD], send=False, at=ahead.isoformat()))
    )
    await unreadable_delivery.start(Studio(client, simulators), KEPT, keep_for=KEPT_FOR)
    for each in declarations(settings):
        await client.create_schedule(each.id, each.schedule(), memo=OWNER)
    for schedule in SCHEDULES:
        await _run_until_it_has_a_state(client, schedule)


def _event(body: dict[str, object]) -> MrrMovement:
    return movement_from_webhook(MovementWebhook.model_validate(body), "default")


async def _start(dispatcher: Dispatcher, event: MrrMovement, effects: int = 0) -> None:
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    handle = dispatcher.client.get_workflow_handle(run.workflow_id)
    if effects:
        await until_effects(handle, effects)


async def _run_until_it_has_a_state(client: Client, schedule: str) -> None:
    """Until a run begins with the result of the one before it, which the schedule then holds."""

    async def state() -> Sequence[object]:
        return (await run_of(client, schedule)).last_completion_result.payloads

    await until(state)


async def run_of(client: Client, schedule: str) -> WorkflowExecutionStartedEventAttributes:
    """Trigger the schedule, and see its run through. How the run was started."""
    handle = client.get_schedule_handle(schedule)
    known = _runs_in(await handle.describe())
    asked = 0.0

    async def new() -> set[str]:
        """Asked again: where it runs just now, or has begun within the same second, a trigger is no run."""
        nonlocal asked
        if time.monotonic() - asked > ASK_AGAIN_SECONDS:
            await asyncio.sleep(1 - time.time() % 1)
            await handle.trigger()
            asked = time.monotonic()
        return _runs_in(await handle.describe()) - known

    run = client.get_workflow_handle((await until(new)).pop())
    await run.result()
    started = await anext(run.fetch_history_events())
    return started.workflow_execution_started_event_attributes


def _runs_in(schedule: ScheduleDescription) -> set[str]:
    started = (action.action for action in schedule.info.recent_actions)
    return {each.workflow_id for each in started if isinstance(each, ScheduleActionExecutionStartWorkflow)}


@asynccontextmanager
async def recording(state: Path) -> AsyncIterator[tuple[Client, Control, Settings]]:
    with running_simulators() as url, Control(url) as control:
        control.reset(seed=SEED)
        server = DevServer(await find_cli(), state, *free_ports(0))
        await server.start()
        try:
            client = await Client.connect(
                server.address, data_converter=pydantic_data_converter, identity=RECORDER
            )
            settings = settings_for(url).model_copy(update={"slack": None})
            async with worker.running(client, settings):
                yield client, control, settings
        finally:
            await server.stop()


async def main(file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with recording(Path(folder)) as (client, simulators, settings):
            await record(client, simulators, settings)
        database = Path(folder) / "temporal.db"
        content = database.read_bytes()
        for ours in (str(ROOT), str(Path.home())):
            if ours.encode() in content:
                raise SystemExit(f"The database names {ours}")
        with database.open("rb") as plain, gzip.GzipFile(file, "wb", mtime=0) as packed:
            shutil.copyfileobj(plain, packed)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
