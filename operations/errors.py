"""What ends an operation before its time."""

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import FailureError

from clients.kit.errors import IntegrationError, Unavailable


class Stopped(Exception):
    """It cannot go on; the message says what to do."""


ADDRESSES = {
    "chartmogul": "CHARTMOGUL__<ACCOUNT>__BASE_URL",
    "hubspot": "HUBSPOT__BASE_URL",
    "salesforce": "SALESFORCE__INSTANCE_URL",
    "slack": "SLACK__BASE_URL",
}
"""Settings that say where a system is; the warehouse's differ by engine."""


def stopped_by(error: IntegrationError, written: str = "Nothing was written.") -> Stopped:
    """What a system said, and what to do where it is away."""
    if not isinstance(error, Unavailable):
        return Stopped(str(error))
    said, address = str(error).rstrip("."), ADDRESSES.get(error.system, "WAREHOUSE__*")
    return Stopped(
        f"{said}. {written} Ask again later; if the address is wrong, correct {address}. `mogulflow doctor`"
        " looks at each connection."
    )


def why_failed(failure: WorkflowFailureError) -> str:
    """In words, without a stop at the end: what the innermost failure says, and no class of it."""
    cause: BaseException = failure.cause
    while isinstance(cause, FailureError) and isinstance(cause.cause, FailureError):
        cause = cause.cause
    return (cause.message if isinstance(cause, FailureError) else str(cause)).rstrip(".")
