"""Records the histories that test_replay.py replays: `python -m tests.histories.record`.

Do so when a template gets a new path. A history that exists stays: runs that began so are under way.
"""

import asyncio
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

import worker
from devserver import DevServer
from ingress.dispatch import Door
from models.chartmogul import MovementWebhook
from models.effects import Effect, Mode
from models.events import movement_from_webhook
from models.routes import Filter, Route, Routes
from models.runs import Outcome, RunResult
from processes import free_ports
from simulators.control import Control
from temporal_cli import find_cli
from tests.conftest import ROOT, running_simulators, settings_for
from tests.workflows.conftest import SECOND, options

FOLDER = Path(__file__).parent / "churn_save"
RECORDER = "recorder"
"""Instead of the process id and host name that a client and its workers go by."""

Run = WorkflowHandle[Any, RunResult]


@dataclass(frozen=True)
class Studio:
    client: Client
    simulators: Control

    async def start(self, *, mode: Mode = Mode.LIVE, **wish: Any) -> Run:
        """A customer has cancelled, a while ago."""
        when = Filter.model_validate({"movements": ["churn"]})
        route = Route(name="churn-save", template="churn_save", when=when, options=options(**wish))
        door = Door(self.client, Routes(routes=[route]), "http://127.0.0.1:8233")
        earlier = datetime.now(UTC) - timedelta(minutes=5)
        body = self.simulators.cancel(self.customer, send=False, at=earlier, reason="Too expensive")
        event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
        [run] = await door.dispatch(event, received_at=datetime.now(UTC), mode=mode)
        return self.client.get_workflow_handle(run.workflow_id, result_type=RunResult)

    @property
    def customer(self) -> str:
        return self.simulators.customers(case="account")[0].uuid


async def happy(studio: Studio) -> Run:
    return await studio.start()


async def saved(studio: Studio) -> Run:
    run = await studio.start(check_back_days=[2 * SECOND, 60])
    async with asyncio.timeout(30):
        while len(await run.query("effects", result_type=list[Effect])) < 2:
            await asyncio.sleep(0.05)
    studio.simulators.reactivate(studio.customer, send=False)
    return run


async def lost(studio: Studio) -> Run:
    return await studio.start(check_back_days=[SECOND, 2 * SECOND])


async def preview(studio: Studio) -> Run:
    return await studio.start(mode=Mode.PREVIEW)


async def partial(studio: Studio) -> Run:
    studio.simulators.remove_field("Task", "Mogulflow_Key__c")
    return await studio.start(check_back_days=[2 * SECOND])


async def told_to_wait(studio: Studio) -> Run:
    studio.simulators.fault("slack", "status", path="chat.postMessage", status=429, retry_after=1)
    return await studio.start()


async def durable(studio: Studio) -> Run:
    """A read that is refused, a write whose answer is lost, and a message likewise."""
    studio.simulators.fault("chartmogul", "status", path="/customers/", status=503)
    studio.simulators.fault("salesforce", "drop_after", method="PATCH")
    studio.simulators.fault("slack", "drop_after", path="chat.postMessage")
    return await studio.start(check_back_days=[4 * SECOND])


async def in_trouble(studio: Studio) -> Run:
    """Two systems are waited for, one by two steps at once, and then a step fails for good."""
    studio.simulators.fault("chartmogul", "status", path="/customers/", status=503, times=2)
    studio.simulators.fault("salesforce", "status", method="PATCH", status=503)
    refusal = {"ok": False, "error": "is_archived"}
    studio.simulators.fault("slack", "status", path="chat.postMessage", status=200, body=refusal, times=None)
    return await studio.start()


CASES: dict[Callable[[Studio], Awaitable[Run]], Outcome] = {
    happy: Outcome.ACTED,
    saved: Outcome.SAVED,
    lost: Outcome.LOST,
    preview: Outcome.PREVIEWED,
    partial: Outcome.PARTIAL,
    told_to_wait: Outcome.ACTED,
    durable: Outcome.LOST,
    in_trouble: Outcome.PARTIAL,
}


async def record(studio: Studio) -> None:
    for seed, (case, outcome) in enumerate(CASES.items(), start=1):
        file = FOLDER / f"{case.__name__}.json"
        if file.exists():
            continue
        studio.simulators.reset(seed=seed)
        run = await case(studio)
        result = await run.result()
        if result.outcome is not outcome:
            raise SystemExit(f"{case.__name__} came to {result.outcome}: {result.problems}")
        file.write_text(_anywhere((await run.fetch_history()).to_json()) + "\n", encoding="utf-8")
        sys.stdout.write(f"{file}\n")


def _anywhere(history: str) -> str:
    """Stack traces name files by their path on this machine; from the root they read as well."""
    history = history.replace(f"{ROOT}/", "")
    for ours in (str(ROOT), str(Path.home()), f"@{socket.gethostname()}"):
        if ours in history:
            raise SystemExit(f"The history names {ours}")
    return history


async def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as state, running_simulators() as url, Control(url) as control:
        server = DevServer(await find_cli(), Path(state), *free_ports(0))
        await server.start()
        try:
            client = await Client.connect(
                server.address, data_converter=pydantic_data_converter, identity=RECORDER
            )
            async with worker.running(client, settings_for(url)):
                await record(Studio(client, control))
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
