"""Emulators as child processes on 127.0.0.1, each with what connects to it."""

import json
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local.processes import Child, free_ports
from tests.emulators.environments import HERE, program_of


@dataclass(frozen=True)
class Emulator:
    """A running emulator; its child can be killed and started again, on the same port and empty."""

    child: Child
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running(name: str, log: Path, arguments: Sequence[str] = ()) -> AsyncIterator[Emulator]:
    """One of NAMES, or `prism`, until the block ends. `arguments` come first on its command line."""
    port = free_ports(0)[0]
    child = Child(
        name=name,
        command=[str(await program_of(name)), *arguments, *_options(name, log.parent, port)],
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


def _options(name: str, folder: Path, port: int) -> list[str]:
    listen = {
        "s3": ["-m", "moto.server", "-p", str(port)],
        "httpbin": ["-m", "httpbin.core", "--port", str(port)],
        "prism": ["--host", "127.0.0.1", "--port", str(port)],
        "stripe_mock": ["-http-addr", f"127.0.0.1:{port}", "-https-addr", "127.0.0.1:"],
    }
    if name == "json_server":
        (folder / "db.json").write_text(json.dumps(KEPT))
        return ["--quiet", str(folder / "db.json"), "--host", "127.0.0.1", "--port", str(port)]
    return listen.get(name, [str(HERE / f"{name}_server.py"), str(port)])


KEPT = {"accounts": [], "items": [{"id": number, "name": f"item {number}"} for number in range(1, 26)]}
"""What json-server begins with."""

_ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONNOUSERSITE": "1"}
"""Nothing of ours: bqemulator and boto3 read variables, and PYTHONPATH would mix the environments."""


async def _answers(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        pass
