"""Temporal's dev server as a child process. `python -m local.devserver` gets the CLI and prints its path."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from temporalio.client import Client
from temporalio.service import GrpcCompression

from local.builds import NoTemporal
from local.processes import Child, locked
from local.temporal_cli import find_cli
from operations.prepare import prepare
from temporal import DATA_CONVERTER, connect, leave_after


class Server(Child):
    """A Temporal server as the product uses it; ready when its namespace is prepared."""

    address: str
    ui_url: str | None = None

    async def client(self) -> Client:
        return await Client.connect(
            self.address,
            data_converter=DATA_CONVERTER,
            grpc_compression=GrpcCompression.NONE,
        )

    async def _prepare(self) -> None:
        await prepare(await self.client())


class DevServer(Server):
    """The dev server, on 127.0.0.1, with its state in a file that survives it."""

    synchronous: ClassVar[Literal["normal", "off"]] = "normal"
    """`off` survives the server's end, too, but no loss of power."""

    more_options: ClassVar[Sequence[str]] = ()

    def __init__(self, cli: Path, state: Path, port: int, ui_port: int | None = None) -> None:
        self.address = f"127.0.0.1:{port}"
        self.ui_url = f"http://127.0.0.1:{ui_port}" if ui_port else None
        database = free_place(state, "temporal.db")
        super().__init__(
            name="temporal",
            command=[
                *(str(cli), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)),
                *(("--ui-port", str(ui_port)) if ui_port else ("--headless",)),
                *("--namespace", "default", "--db-filename", str(database)),
                *("--sqlite-pragma", "journal_mode=wal"),
                *("--sqlite-pragma", f"synchronous={self.synchronous}"),
                *("--dynamic-config-value", "frontend.enableServerVersionCheck=false"),
                *("--log-level", "error"),
                *self.more_options,
            ],
            log=state / "logs" / "temporal.log",
            # the flag of the same meaning is younger than the oldest CLI we take
            environment=os.environ | {"TEMPORAL_DISABLE_NEWS_FETCH": "true"},
            lock=database.with_suffix(".lock"),
            ready=self._prepare,
        )


class GivenServer(Server):
    """The server that TEMPORAL_ADDRESS and its like name: prepared, used, and left running."""

    def __init__(self, state: Path) -> None:
        self.address = os.environ["TEMPORAL_ADDRESS"]
        self.ui_url = os.environ.get("WEB_UI_URL")
        log = state / "logs" / "temporal.log"
        super().__init__(name="temporal", command=(), log=log, ready=self._prepare)

    async def start(self) -> None:
        await self._prepare()

    async def client(self) -> Client:
        return await connect()


def free_place(state: Path, name: str) -> Path:
    """Another server of ours may run on the first one: like a busy port, it gives way."""
    first = state / name
    for place in (first, *(first.with_stem(f"{first.stem}-{number}") for number in range(2, 100))):
        try:
            with locked(place.with_suffix(".lock")):
                return place
        except BlockingIOError:
            continue
    raise NoTemporal(f"all databases in {state} are in use")


async def main() -> None:
    try:
        sys.stdout.write(f"{await find_cli()}\n")
    except NoTemporal as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    leave_after(lambda: asyncio.run(main()))
