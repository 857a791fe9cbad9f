"""What an error of a system means to Temporal."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationErrorCategory

from activities import errors
from clients.errors import (
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


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    errors._closed_until.clear()


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


def test_a_system_that_refused_is_spared_until_the_time_it_named() -> None:
    errors.remember(RateLimited("slack", "wait", MINUTE))
    with pytest.raises(RateLimited) as refused:
        errors.refuse_while_closed("slack")
    assert refused.value.retry_after is not None
    assert timedelta(seconds=50) < refused.value.retry_after <= MINUTE
    errors.refuse_while_closed("salesforce")


def test_an_outage_that_names_no_time_is_no_reason_to_stay_away() -> None:
    errors.remember(Unavailable("salesforce", "down"))
    errors.refuse_while_closed("salesforce")


def test_a_refusal_that_names_no_time_keeps_us_away_for_a_little() -> None:
    errors.remember(RateLimited("slack", "wait"))
    with pytest.raises(RateLimited):
        errors.refuse_while_closed("slack")
