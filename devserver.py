"""Temporal's dev server as a child process, and what a namespace needs on any server.

`python -m devserver ensure` gets the CLI and prints its path; `prepare` prepares the namespace
that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name.
"""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode

from processes import Child, leave_after, locked
from temporal import RETENTION, SEARCH_ATTRIBUTES, connect
from temporal_cli import NoTemporal, find_cli


class DevServer(Child):
    """The dev server, on 127.0.0.1, with its state in a file that survives it."""

    def __init__(self, cli: Path, state: Path, port: int, ui_port: int | None = None) -> None:
        self.address = f"127.0.0.1:{port}"
        self.ui_url = f"http://127.0.0.1:{ui_port}" if ui_port else None
        database = _free_database(state)
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

    async def client(self) -> Client:
        return await Client.connect(
            self.address,
            data_converter=pydantic_data_converter,
            grpc_compression=GrpcCompression.NONE,
        )

    async def _prepare(self) -> None:
        await prepare_namespace(await self.client())


class GivenServer(DevServer):
    """The server that TEMPORAL_ADDRESS and its like name: prepared, used, and left running."""

    def __init__(self, state: Path) -> None:
        self.address = os.environ["TEMPORAL_ADDRESS"]
        self.ui_url = os.environ.get("WEB_UI_URL")
        log = state / "logs" / "temporal.log"
        Child.__init__(self, name="temporal", command=(), log=log, ready=self._prepare)

    async def start(self) -> None:
        await self._prepare()

    async def client(self) -> Client:
        return await connect()


def _free_database(state: Path) -> Path:
    """Another server of ours may run on the first one: like a busy port, it gives way."""
    for name in ("temporal.db", *(f"temporal-{number}.db" for number in range(2, 100))):
        try:
            with locked((state / name).with_suffix(".lock")):
                return state / name
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
    """Retention and search attributes as we need them; nothing where it is so already."""
    gaps = await namespace_gaps(client)
    if gaps.retention is not None:
        retention = Duration()
        retention.FromTimedelta(RETENTION)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=client.namespace,
                config=NamespaceConfig(workflow_execution_retention_ttl=retention),
            )
        )
    if gaps.search_attributes:
        await _add_search_attributes(client, gaps.search_attributes)


async def prepare_connected() -> None:
    """The namespace that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name."""
    await prepare_namespace(await connect())


async def _add_search_attributes(client: Client, names: tuple[str, ...]) -> None:
    types = {key.name: key.indexed_value_type for key in SEARCH_ATTRIBUTES}
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes={name: IndexedValueType.ValueType(types[name].value) for name in names},
    )
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:  # somebody else was quicker
            raise


async def _prepare_patiently(seconds: float = 30) -> None:
    """Alone in a container it has one go, and the server may be starting still."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await prepare_connected()
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
