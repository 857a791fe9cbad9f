"""What ends an operation before its time."""

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import FailureError


class Stopped(Exception):
    """It cannot go on; the message says what to do."""


def why_failed(failure: WorkflowFailureError) -> str:
    """In words, without a stop at the end: what the innermost failure says, and no class of it."""
    cause: BaseException = failure.cause
    while isinstance(cause, FailureError) and isinstance(cause.cause, FailureError):
        cause = cause.cause
    return (cause.message if isinstance(cause, FailureError) else str(cause)).rstrip(".")
