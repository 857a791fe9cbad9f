"""The one place where a system's errors become Temporal's."""

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from clients.kit.errors import IntegrationError, Outdated, Paused, RateLimited, Retryable


def application_error(error: IntegrationError, *, local: bool) -> ApplicationError:
    """Say whether to retry, and when: `next_retry_delay` is what the system asked for. After a local try
    there is none: the step goes to the system's queue, which waits as long as the system is closed."""
    retryable = isinstance(error, Retryable)
    # A refusal, a local try that the durable way repeats, and what is read again first are no failures.
    expected = isinstance(error, RateLimited | Paused | Outdated) or (local and retryable)
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        non_retryable=not retryable,
        next_retry_delay=error.retry_after if isinstance(error, Retryable) and not local else None,
        category=ApplicationErrorCategory.BENIGN if expected else ApplicationErrorCategory.UNSPECIFIED,
    )
