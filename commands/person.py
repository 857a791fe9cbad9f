"""Who is at the command: every act that a person takes says so in Temporal."""

import getpass
import socket


def who() -> str:
    """`ann@laptop`, as the machine knows them."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        name = "unknown"
    return f"{name}@{socket.gethostname()}"[:100]
