"""Giving Temporal's namespace what runs need."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client

from namespace import prepare_to_run
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
