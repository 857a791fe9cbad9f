"""Who acts: every act that a person takes says so in Temporal."""

import getpass
import os
import socket

from operations.errors import Stopped

LONGEST_REASON = 500


def who() -> str:
    """`ann@laptop`, as the machine knows them: not as their environment says, which anybody may set."""
    return f"{_user()}@{socket.gethostname()}"[:100]


def _user() -> str:
    try:
        import pwd
    except ImportError:  # Windows
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container whose user has no name
        return f"uid-{os.getuid()}"


def kept(reason: str, longest: int = LONGEST_REASON) -> str:
    """It stands in a run for whoever looks later. Raises Stopped where it is too long."""
    if len(reason) > longest:
        raise Stopped(f"The reason has {len(reason)} characters; {longest} are kept.")
    return reason.strip()
