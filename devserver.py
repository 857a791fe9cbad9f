"""Temporal's dev server as a child process, and what a namespace needs on any server.

`python -m devserver ensure` gets the CLI and prints its path; `prepare` prepares the namespace
that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode

from builds import NoTemporal
from processes import Child, leave_after, locked
from temporal import DATA_CONVERTER, RETENTION, SEARCH_ATTRIBUTES, connect
from temporal_cli import find_cli

T = TypeVar("T")


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
        await _prepare_to_run(await self.client())


class DevServer(Server):
    """The dev server, on 127.0.0.1, with its state in a file that survives it."""

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
                *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
                *("--dynamic-config-value", "frontend.enableServerVersionCheck=false"),
                *("--log-level", "error"),
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


@dataclass(frozen=True)
class Gaps:
    """What a namespace lacks for us."""

    retention: timedelta | None
    """The present one, where it is too short."""
    search_attributes: tuple[str, ...]


async def namespace_gaps(client: Client) -> Gaps:
    namespace = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace)
    )
    present = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    retention = namespace.config.workflow_execution_retention_ttl.ToTimedelta()
    names = (key.name for key in SEARCH_ATTRIBUTES)
    return Gaps(
        retention=retention if retention < RETENTION else None,
        search_attributes=tuple(name for name in names if name not in present.custom_attributes),
    )


async def prepare_namespace(client: Client) -> None:
    """A namespace with the retention and search attributes that we need; nothing where it is so already."""
    try:
        gaps = await namespace_gaps(client)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        await _register(client)
        gaps = await _once_known(lambda: namespace_gaps(client))
    if gaps.retention is not None:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=client.namespace,
                config=NamespaceConfig(workflow_execution_retention_ttl=_retention()),
            )
        )
    if gaps.search_attributes:
        await _add_search_attributes(client, gaps.search_attributes)
        query = " AND ".join(f"`{key.name}` IS NOT NULL" for key in SEARCH_ATTRIBUTES)
        await _once_known(lambda: client.count_workflows(query))


def _retention() -> Duration:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    return retention


async def _register(client: Client) -> None:
    request = RegisterNamespaceRequest(
        namespace=client.namespace, workflow_execution_retention_period=_retention()
    )
    with _suppressed(RPCStatusCode.ALREADY_EXISTS):  # somebody else was quicker
        await client.workflow_service.register_namespace(request)


async def _once_known(ask: Callable[[], Awaitable[T]], seconds: float = 30) -> T:
    """A server knows a new namespace and new search attributes only after its next look at its database."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await ask()
        except RPCError as error:
            unknown = error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)
            if not unknown or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def prepare_connected() -> str:
    """The namespace that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name; its name."""
    client = await connect()
    await _prepare_to_run(client)
    return client.namespace


async def _prepare_to_run(client: Client) -> None:
    """A server's front answers before the part behind it that keeps the runs."""
    await prepare_namespace(client)
    with _suppressed(RPCStatusCode.NOT_FOUND):
        await client.get_workflow_handle("none").describe()


async def _add_search_attributes(client: Client, names: tuple[str, ...]) -> None:
    types = {key.name: key.indexed_value_type for key in SEARCH_ATTRIBUTES}
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes={name: IndexedValueType.ValueType(types[name].value) for name in names},
    )
    with _suppressed(RPCStatusCode.ALREADY_EXISTS):  # somebody else was quicker
        await client.operator_service.add_search_attributes(request)


@contextmanager
def _suppressed(status: RPCStatusCode) -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status != status:
            raise


async def _prepare_patiently(seconds: float = 30) -> None:
    """Alone in a container it has one go, and the server may be starting still."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await prepare_connected()
            return
        except (RPCError, RuntimeError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


async def main(action: str) -> None:
    if action == "ensure":
        try:
            sys.stdout.write(f"{await find_cli()}\n")
        except NoTemporal as error:
            raise SystemExit(str(error)) from None
    elif action == "prepare":
        await _prepare_patiently()
    else:
        raise SystemExit("usage: python -m devserver ensure | prepare")


if __name__ == "__main__":
    leave_after(lambda: asyncio.run(main(" ".join(sys.argv[1:]))))
