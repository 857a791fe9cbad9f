"""Giving Temporal's namespace what runs need."""

from dataclasses import dataclass
from datetime import timedelta

from namespace import prepare_connected
from temporal import RETENTION


@dataclass(frozen=True)
class PreparedNamespace:
    name: str
    retention: timedelta


async def prepare() -> PreparedNamespace:
    """The one that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name. Raises RPCError."""
    return PreparedNamespace(await prepare_connected(), RETENTION)
