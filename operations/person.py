"""Who acts: every act that a person takes says so in Temporal."""

import getpass
import socket

from operations.errors import Stopped

LONGEST_REASON = 500


def who() -> str:
    """`ann@laptop`, as the machine knows them."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        name = "unknown"
    return f"{name}@{socket.gethostname()}"[:100]


def kept(reason: str) -> str:
    """It stands in a run for whoever looks later. Raises Stopped where it is too long."""
    if len(reason) > LONGEST_REASON:
        raise Stopped(f"The reason has {len(reason)} characters; {LONGEST_REASON} are kept.")
    return reason.strip()
