"""What ends a command before its time."""


class Stopped(Exception):
    """The command cannot go on; the message says what to do."""
