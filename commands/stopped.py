"""What ends a command before its time."""

from clients.errors import IntegrationError, Unavailable


class Stopped(Exception):
    """The command cannot go on; the message says what to do."""


def stopped_by(error: IntegrationError) -> Stopped:
    """What a system said, and what to do where it is away."""
    if not isinstance(error, Unavailable):
        return Stopped(str(error))
    said = str(error).rstrip(".")
    return Stopped(f"{said}. It cannot be reached now, and nothing was written: ask again once it can.")
