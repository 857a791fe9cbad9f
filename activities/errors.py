"""The one place where a system's errors become Temporal's."""

import time
from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from clients.errors import IntegrationError, Outdated, RateLimited, Retryable

DEFAULT_PAUSE = timedelta(seconds=1)
"""How long to leave a system alone that refused without saying for how long."""

_closed_until: dict[str, float] = {}


def application_error(error: IntegrationError, *, local: bool) -> ApplicationError:
    """Say whether to retry, and when: `next_retry_delay` is what the system asked for."""
    retryable = isinstance(error, Retryable)
    # A refusal, a local try that the durable way repeats, and what is read again first are no failures.
    expected = isinstance(error, RateLimited | Outdated) or (local and retryable)
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        non_retryable=not retryable,
        next_retry_delay=error.retry_after if isinstance(error, Retryable) else None,
        category=ApplicationErrorCategory.BENIGN if expected else ApplicationErrorCategory.UNSPECIFIED,
    )


def remember(error: IntegrationError) -> None:
    """Keep in mind, in this process only, until when the system wants no calls."""
    if isinstance(error, RateLimited) or (isinstance(error, Retryable) and error.retry_after):
        pause = error.retry_after or DEFAULT_PAUSE
        _closed_until[error.system] = time.monotonic() + pause.total_seconds()


def refuse_while_closed(system: str) -> None:
    """Spare a system that has just refused the local try. Raises RateLimited."""
    left = _closed_until.get(system, 0.0) - time.monotonic()
    if left > 0:
        raise RateLimited(system, f"{system} asked for a pause", timedelta(seconds=left))
