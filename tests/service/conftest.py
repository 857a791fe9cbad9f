"""The whole product as real processes, shared by all tests of this folder."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.client import Client

from models.runs import RunResult
from simulators.control import Control
from stack import ANY_PORTS, ROOT, Stack
from tests.conftest import SEEDS

ROUTES = """
routes:
  - name: churn-save
    template: churn_save
    when: {movements: [churn]}
    options:
      channel: "#revenue-saves"
      task: {fallback_owner: revops@mogulflow.example}
      check_back_days: []
      settling_seconds: 0.2
"""

TASK_KEY = "Mogulflow_Key__c"


@pytest.fixture(scope="package")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state = tmp_path_factory.mktemp("service")
    routes = state / "routes.yaml"
    routes.write_text(ROUTES)
    environment = {"ROUTES_FILE": str(routes), "SLACK__SETTLE_SECONDS": "0.2"}
    async with Stack(state, ANY_PORTS, environment=environment) as stack:
        yield stack


@pytest.fixture
async def stack(shared_stack: Stack) -> Stack:
    """All of it up, whatever the test before did to it."""
    for child in (shared_stack.simulators, shared_stack.temporal, shared_stack.serve):
        await child.start()
    return shared_stack


@pytest.fixture
def simulators(stack: Stack) -> Iterator[Control]:
    """Fresh, with customers that no other test has seen, and quick to send a webhook again."""
    with Control(stack.simulators_url) as control:
        control.reset(seed=next(SEEDS))
        control.webhook(url=stack.webhook_url, retry_base_seconds=0.2)
        yield control


@pytest.fixture
async def client(stack: Stack) -> Client:
    return await stack.client()


async def until(true: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "never came true"
        await asyncio.sleep(0.02)


def accepted(simulators: Control) -> set[str]:
    """Ids of the runs that the ingress has promised."""
    answers = [each.response for each in simulators.deliveries() if each.status_code in (200, 202)]
    return {run["workflow_id"] for answer in answers for run in answer["runs"]}


async def results(client: Client, simulators: Control, count: int, seconds: float = 50) -> list[RunResult]:
    """What that many runs came to, once all have ended."""
    await until(lambda: len(accepted(simulators)) >= count, seconds)
    handles = [client.get_workflow_handle(id, result_type=RunResult) for id in accepted(simulators)]
    async with asyncio.timeout(seconds):
        return list(await asyncio.gather(*(handle.result() for handle in handles)))


def one_of_each(simulators: Control, count: int) -> bool:
    """That many tasks and messages, and no two for one event."""
    tasks = [task[TASK_KEY] for task in simulators.records("Task")]
    messages = [message["metadata"]["event_payload"]["key"] for message in simulators.messages()]
    return all(len(keys) == len(set(keys)) == count for keys in (tasks, messages))


@dataclass(frozen=True)
class Said:
    code: int | None
    text: str


Command = Callable[..., Awaitable[Said]]


@pytest.fixture
def mogulflow(stack: Stack, tmp_path: Path) -> Command:
    """Run the command as a process of its own, connected to the stack."""

    async def run(*arguments: str, **environment: str) -> Said:
        async with started(tmp_path, *arguments, **(stack.environment | environment)) as process:
            output, _ = await asyncio.wait_for(process.communicate(), 40)
        return Said(process.returncode, " ".join(output.decode().split()))

    return run


@asynccontextmanager
async def started(
    folder: Path, *arguments: str, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, in a folder where no `.env` lies, on a wide terminal."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "cli.py"), *arguments),
        cwd=folder,
        env=environment | {"COLUMNS": "400"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
