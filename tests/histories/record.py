"""Records the histories that test_replay.py replays: `python -m tests.histories.record`.

Do so when a template gets a new path. A history that exists stays: runs that began so are under way. The
histories of a workflow lie in the folder of its name, and their cases in its cases.py. Where all runs take
another way from now on, GENERATION is one more, and each case is recorded anew.
"""

import asyncio
import importlib
import socket
import sys
import tempfile
from pathlib import Path

from temporalio.client import Client, WorkflowContinuedAsNewError
from temporalio.contrib.pydantic import pydantic_data_converter

import worker
from domains.reconciliation.settings import Reconciliation
from domains.warehouse.settings import DuckDbWarehouse
from local.devserver import DevServer
from local.processes import free_ports
from local.temporal_cli import find_cli
from simulators.kit.control import Control
from tests.conftest import ROOT, running_simulators, settings_for, terminate
from tests.histories.studio import Case, Run, Studio

FOLDER = Path(__file__).parent
GENERATION = 2
"""Of runs that decide at their start; those before have no number in their files' names."""
RECORDER = "recorder"
"""Instead of the process id and host name that a client and its workers go by."""


def folders() -> list[Path]:
    """One for each workflow, which bears its name."""
    return sorted(file.parent for file in FOLDER.glob("*/cases.py"))


def cases_of(folder: Path) -> list[Case]:
    cases: list[Case] = importlib.import_module(f"tests.histories.{folder.name}.cases").CASES
    return cases


def recorded_as(case: Case) -> str:
    return f"{case.name}.{GENERATION}"


async def record(studio: Studio) -> None:
    for folder in folders():
        for seed, case in enumerate(cases_of(folder), start=1):
            file = folder / f"{recorded_as(case)}.json"
            if not file.exists():
                await terminate(studio.client, "ExecutionStatus = 'Running'")  # of the case before
                studio.simulators.reset(seed=seed)
                file.write_text(await _history(studio, case), encoding="utf-8")
                sys.stdout.write(f"{file}\n")


async def _history(studio: Studio, case: Case) -> str:
    run = await case.begin(studio)
    result = await (_begun_anew(run) if case.begins_anew else run.result())
    if not case.is_met_by(result):
        raise SystemExit(f"{case.name} came to {result}")
    return _anywhere((await run.fetch_history()).to_json()) + "\n"


async def _begun_anew(run: Run) -> str:
    """The run after it."""
    try:
        await run.result(follow_runs=False)
    except WorkflowContinuedAsNewError as anew:
        return anew.new_execution_run_id
    raise SystemExit(f"{run.id} did not begin anew")


def _anywhere(history: str) -> str:
    """Stack traces name files by their path on this machine; from the root they read as well."""
    environment = str(Path(sys.prefix).parent)  # of another checkout, perhaps
    history = history.replace(f"{ROOT}/", "").replace(f"{environment}/", "")
    for ours in (str(ROOT), environment, str(Path.home()), f"@{socket.gethostname()}"):
        if ours in history:
            raise SystemExit(f"The history names {ours}")
    return history


async def main() -> None:
    with tempfile.TemporaryDirectory() as state, running_simulators() as url, Control(url) as control:
        server = DevServer(await find_cli(), Path(state), *free_ports(0))
        await server.start()
        try:
            client = await Client.connect(
                server.address, data_converter=pydantic_data_converter, identity=RECORDER
            )
            warehouse = DuckDbWarehouse(path=Path(state) / "warehouse.duckdb")
            own = {
                "warehouse": warehouse,
                "audit_folder": Path(state) / "audit",
                "reconciliation": Reconciliation(folder=Path(state), key_file=Path(state) / "key"),
            }
            settings = settings_for(url).model_copy(update=own)
            async with worker.running(client, settings):
                await record(Studio(client, control))
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
