"""Emulators as child processes on 127.0.0.1, each with what connects to it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local.processes import Child, free_ports
from tests.emulators.environments import HERE, python_of


@dataclass(frozen=True)
class Emulator:
    """A running emulator; its child can be killed and started again, on the same port and empty."""

    child: Child
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running(name: str, log: Path) -> AsyncIterator[Emulator]:
    """`snowflake`, `bigquery` or `s3`, until the block ends."""
    python, port = await python_of(name), free_ports(0)[0]
    words = ["-m", "moto.server", "-p"] if name == "s3" else [str(HERE / f"{name}_server.py")]
    child = Child(
        name=name,
        command=[str(python), *words, str(port)],
        log=log,
        ready=lambda: _answers(port),
        environment=_ENVIRONMENT,
        directory=log.parent,
        ready_within_seconds=60,  # hundreds of modules, on a busy machine
    )
    await child.start()
    try:
        yield Emulator(child, port)
    finally:
        await child.stop()


_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONNOUSERSITE": "1"}
"""Nothing of ours: bqemulator and boto3 read variables, and PYTHONPATH would mix the environments."""


async def _answers(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        pass
