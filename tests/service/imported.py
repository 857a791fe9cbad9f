"""The command as a process of its own that need not import what others have: forked from one that has.

Its imports take more than a second of a core, its work a tenth of that. What a person types, with its start,
is run by `started`."""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMANDS = (
    "attention", "backfill", "coverage", "crm", "dismiss", "doctor", "events", "exports", "holds",
    "prepare_crm", "preview_crm", "preview_warehouse", "replay", "retry", "runs", "schedules",
)  # fmt: skip

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["cli", *(f"commands.{name}" for name in COMMANDS)])


async def run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float) -> int:
    """Its exit code; TimeoutError where it has not ended by then. `folder/output` is what it said."""
    process = _context.Process(target=_main, args=(arguments, dict(environment), folder), daemon=True)
    process.start()
    try:
        await asyncio.to_thread(process.join, seconds)
        if process.exitcode is None:
            raise TimeoutError
        return process.exitcode
    finally:
        process.kill()


def _main(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
    import cli
    from processes import leave_after

    os.environ.clear()
    os.environ |= environment
    os.chdir(folder)
    with (folder / "output").open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = ["mogulflow", *arguments]
    leave_after(lambda: cli.app(prog_name="mogulflow"))
