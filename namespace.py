"""What we need of a namespace, on any server: how long it keeps runs, and what they are found by.

`python -m namespace` prepares the one that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
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
from temporalio.service import RPCError, RPCStatusCode

from temporal import RETENTION, SEARCH_ATTRIBUTES, connect, leave_after

T = TypeVar("T")

HIDDEN = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)
"""How a server answers that shows its namespaces to administrators only."""


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


async def _once_known(ask: Callable[[], Awaitable[T]]) -> T:
    """A server knows a new namespace and new search attributes only after its next look at its database."""
    return await _retried(ask, _unknown, pause=0.1)


def _unknown(error: Exception) -> bool:
    statuses = (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)
    return isinstance(error, RPCError) and error.status in statuses


async def _retried(
    ask: Callable[[], Awaitable[T]], passes: Callable[[Exception], bool], *, pause: float, seconds: float = 30
) -> T:
    """Again while an error passes, for so long."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await ask()
        except Exception as error:
            if not passes(error) or time.monotonic() > deadline:
                raise
        await asyncio.sleep(pause)


async def prepare_connected() -> str:
    """The namespace that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name; its name."""
    client = await connect()
    await prepare_to_run(client)
    return client.namespace


async def prepare_to_run(client: Client) -> None:
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


async def prepare_patiently() -> None:
    """Alone in a container it has one go, and the server may be starting still."""
    await _retried(prepare_connected, lambda error: isinstance(error, RPCError | RuntimeError), pause=0.5)


if __name__ == "__main__":
    leave_after(lambda: asyncio.run(prepare_patiently()))
