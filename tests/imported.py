"""Processes of ours that need not import what others have: each forked from one that has.

Imports take more than a second of a core: most of a command's time, and half of a start of `serve`. What a
person types, with its start, is run by `started` in tests/service, and by the tests that start a `Stack`."""

import asyncio
import multiprocessing
import os
import runpy
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import cast

from local.processes import Child, Popen, end, end_with_us
from local.stack import ROOT, Stack
from tests.dev_server import OnePartition
from tests.waiting import until

COMMANDS = (
    "agents", "analytics", "attention", "audit", "backfill", "changes", "coverage", "crm", "dismiss",
    "doctor", "events", "exports", "history", "holds", "prepare_crm", "preview_crm", "preview_warehouse",
    "replay", "retry", "runs", "schedules", "serve",
)  # fmt: skip

COMMAND_SECONDS = 150

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["cli", "simulators.__main__", *(f"commands.{name}" for name in COMMANDS), "tests.prepared"]
)


async def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    seconds: float = COMMAND_SECONDS,
) -> int:
    """The command. Its exit code; TimeoutError where it has not ended by then. `folder/output` is what it
    said."""
    return await run_python([str(ROOT / "cli.py"), *arguments], environment, folder, seconds)


async def run_python(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
) -> int:
    """Any program of ours, as Python would be told of it."""
    process = _forked(words, environment, folder, folder / "output")
    try:
        await asyncio.to_thread(process.join, seconds)
        if process.exitcode is None:
            raise TimeoutError
        return process.exitcode
    finally:
        process.kill()


@dataclass(frozen=True)
class Started:
    """A command that runs, and what it has said so far."""

    process: ForkServerProcess
    output: Path

    @property
    def code(self) -> int | None:
        return self.process.exitcode

    def terminate(self) -> None:
        self.process.terminate()

    async def until_said(self, words: str) -> None:
        """AssertionError has all it said where it ends without them."""

        def has_said() -> bool:
            lives = self.code is None  # asked first: it may say them as it ends
            found = words in self._said()
            assert found or lives, f"it ended, and said: {self._said()}"
            return found

        await until(has_said)

    async def said(self) -> str:
        """All of it, once it has ended."""
        await until(lambda: self.code is not None)
        return self._said()

    def _said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""


@asynccontextmanager
async def started(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> AsyncIterator[Started]:
    """The command, which ends with the block at the latest."""
    process = _forked([str(ROOT / "cli.py"), *arguments], environment, folder, folder / "output")
    popen = _Popen(process)
    end_with_us(popen.pid)
    try:
        yield Started(process, folder / "output")
    finally:
        await end(popen, grace_seconds=0)


class ImportedChild(Child):
    def _spawn(self, locks: Sequence[int]) -> Popen:
        assert self.environment is not None
        assert self.directory is not None
        assert not locks
        self.log.parent.mkdir(parents=True, exist_ok=True)
        forked = _Popen(_forked(self.command[1:], self.environment, self.directory, self.log))
        end_with_us(forked.pid)
        return forked


class ImportedStack(Stack):
    """Its services and simulators are `ImportedChild`, and so are its commands."""

    child = ImportedChild
    dev_server = OnePartition

    async def _command(self, *arguments: str) -> tuple[int | None, str]:
        folder = self._state / "command"
        folder.mkdir(exist_ok=True)
        code = await run(arguments, self.environment, folder)
        return code, (folder / "output").read_text(errors="replace")


class _Popen:
    """What a `Child` asks of its process."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = cast(int, process.pid)

    def poll(self) -> int | None:
        return self._process.exitcode


def _forked(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path
) -> ForkServerProcess:
    """Of Python with these arguments: a file, or `-m` and a module, and the program's own."""
    what = (arguments, dict(environment), folder, output)
    process = _context.Process(target=_main, args=what, daemon=True)
    process.start()
    return process


def _main(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path) -> None:
    os.setsid()
    os.environ.clear()
    os.environ |= environment
    os.chdir(folder)
    with output.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(arguments)
        runpy.run_path(arguments[0], run_name="__main__")
