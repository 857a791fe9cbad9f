"""What an error of a system means to Temporal."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationErrorCategory

from activities import errors
from clients.kit.errors import (
    Ambiguous,
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("error", "final", "pause"),
    [
        (RateLimited("slack", "wait", MINUTE), False, MINUTE),
        (RateLimited("slack", "wait"), False, None),
        (Unavailable("slack", "down"), False, None),
        (OutcomeUnknown("slack", "dropped", MINUTE), False, MINUTE),
        (Rejected("slack", "no"), True, None),
        (NotFound("slack", "no"), True, None),
        (Ambiguous("slack", "two"), True, None),
        (Unauthorized("slack", "no"), True, None),
    ],
)
def test_the_kind_says_whether_and_when_to_try_again(
    error: IntegrationError, final: bool, pause: timedelta | None
) -> None:
    made = errors.application_error(error, local=False)
    assert (made.type, made.non_retryable, made.next_retry_delay) == (type(error).__name__, final, pause)


def test_only_what_was_to_be_expected_is_kept_out_of_the_failure_metrics() -> None:
    def benign(error: IntegrationError, *, local: bool) -> bool:
        return errors.application_error(error, local=local).category is ApplicationErrorCategory.BENIGN

    assert benign(RateLimited("slack", "wait"), local=False)
    assert benign(Unavailable("slack", "down"), local=True)
    assert not benign(Unavailable("slack", "down"), local=False)
    assert not benign(Rejected("slack", "no"), local=True)


def test_a_local_try_is_followed_by_the_durable_way_at_once() -> None:
    """There the system's queue waits as long as the system wants, and costs no timer."""
    assert errors.application_error(RateLimited("slack", "wait", MINUTE), local=True).next_retry_delay is None
