"""Giving Temporal's namespace what runs need."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from namespace import HIDDEN, namespace_gaps, prepare_to_run
from temporal import RETENTION, connect


@dataclass(frozen=True)
class PreparedNamespace:
    name: str
    retention: timedelta


async def prepare(client: Client | None = None) -> PreparedNamespace:
    """That of the client, by default the one that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name. Raises
    RPCError, BadConnection."""
    client = client or await connect()
    await prepare_to_run(client)
    return PreparedNamespace(client.namespace, RETENTION)


async def lacking_in(client: Client) -> str | None:
    """In words; None where it lacks nothing, or shows itself to administrators alone. Raises RPCError."""
    try:
        gaps = await namespace_gaps(client)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return f"there is no namespace {client.namespace}"
        if error.status in HIDDEN:
            return None
        raise
    lacking = []
    if gaps.search_attributes:
        lacking.append(f"search attributes {', '.join(gaps.search_attributes)}")
    if gaps.retention is not None:
        lacking.append(f"{RETENTION.days} days of retention")
    if not lacking:
        return None
    return f"namespace {client.namespace} lacks {' and '.join(lacking)}: run `mogulflow prepare`"
