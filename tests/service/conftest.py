"""What the tests of the whole system ask of it, and its command as a process of its own."""

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.client import Client

from local.stack import ROOT, Stack
from models.runs import RunResult
from simulators.kit.control import Control
from simulators.kit.shapes import FaultRule
from tests import imported, whole_system
from tests.waiting import until

shared_stack, stack = whole_system.shared_stack, whole_system.stack
simulators, client = whole_system.simulators, whole_system.client

TASK_KEY = "Mogulflow_Key__c"
MOST_SAID = 1024 * 1024
"""Bytes that are waited through: a demo says more than the 64 KiB that a stream keeps of itself."""

WIDE = {"COLUMNS": "400"}


def accepted(simulators: Control) -> set[str]:
    """Ids of the runs that the ingress has promised."""
    answers = [each.response for each in simulators.deliveries() if each.status_code in (200, 202)]
    return {run["workflow_id"] for answer in answers for run in answer["runs"]}


async def results(client: Client, simulators: Control, count: int) -> list[RunResult]:
    """What that many runs came to, once all have ended."""
    await until(lambda: len(accepted(simulators)) >= count)
    handles = [client.get_workflow_handle(id, result_type=RunResult) for id in accepted(simulators)]
    return list(await asyncio.gather(*(handle.result() for handle in handles)))


def one_of_each(simulators: Control, count: int) -> bool:
    """That many tasks and alerts, and nothing twice. A reply that adds a task, which came after the alert, to
    its thread has a key of its own: whether there is one is a matter of how long the task took."""
    tasks = [task[TASK_KEY] for task in simulators.records("Task")]
    messages = [message["metadata"]["event_payload"]["key"] for message in simulators.messages()]
    alerts = [key for key in messages if not key.endswith(":late_task")]
    return len(set(messages)) == len(messages) and all(
        len(keys) == len(set(keys)) == count for keys in (tasks, alerts)
    )


@dataclass(frozen=True)
class Said:
    code: int | None
    text: str


Command = Callable[..., Awaitable[Said]]


@pytest.fixture
def mogulflow(stack: Stack, tmp_path: Path) -> Command:
    """Run the command as a process of its own, connected to the stack."""
    ran = itertools.count()

    async def run(*arguments: str, **environment: str) -> Said:
        folder = tmp_path / f"command-{next(ran)}"
        folder.mkdir()
        code = await imported.run(arguments, stack.environment | WIDE | environment, folder)
        return Said(code, " ".join((folder / "output").read_text().split()))

    return run


async def until_shown(mogulflow: Command, words: str, *arguments: str) -> Said:
    """What the command says once these words are in it: Temporal's list runs a little behind."""

    async def said() -> Said | None:
        answer = await mogulflow(*arguments)
        return answer if words in answer.text else None

    return await until(said)


def started(
    folder: Path, *arguments: str, **environment: str
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """The command, in a folder where no `.env` lies, on a wide terminal."""
    return started_of(ROOT, folder, *arguments, **environment)


@asynccontextmanager
async def started_of(
    checkout: Path, folder: Path, *arguments: str, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(checkout / "cli.py"), *arguments),
        cwd=folder,
        env=environment | WIDE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=MOST_SAID,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def was_hit(simulators: Control, fault: FaultRule) -> bool:
    return any(each.id == fault.id and each.hits for each in simulators.faults())


Write = Callable[[Control], Path]


@pytest.fixture
def event_file(tmp_path: Path) -> Write:
    """A file with the webhook of a cancellation that nobody has sent."""

    def write(simulators: Control) -> Path:
        body = simulators.cancel(simulators.customers(case="account")[0].uuid, send=False)
        file = tmp_path / "event.json"
        file.write_text(json.dumps(body))
        return file

    return write
