"""Calls are made again where they fail for now: by a clock of the tests' own."""

import asyncio
from datetime import timedelta

import pytest

from clients.kit.errors import IntegrationError, RateLimited, Rejected, Unavailable
from clients.kit.retries import SPREAD, with_retries
from tests.clients.virtual import in_virtual_time

WAITS = (1.0, 2.0, 5.0)
AWAY = Unavailable("hubspot", "away")


class Failing:
    """Work that fails so many times. `begun` are the times of its tries."""

    def __init__(self, times: int, error: IntegrationError) -> None:
        self.times, self.error = times, error
        self.begun: list[float] = []

    async def __call__(self) -> str:
        self.begun.append(asyncio.get_running_loop().time())
        if len(self.begun) <= self.times:
            raise self.error
        return "done"

    @property
    def waited(self) -> list[float]:
        return [after - before for before, after in zip(self.begun, self.begun[1:], strict=False)]


def test_what_fails_for_now_is_tried_again_after_each_wait() -> None:
    work = Failing(3, AWAY)
    assert in_virtual_time(with_retries(work, WAITS)) == "done"
    assert all(wait <= waited <= wait * SPREAD for wait, waited in zip(WAITS, work.waited, strict=True))


def test_what_fails_to_the_end_is_raised() -> None:
    work = Failing(9, AWAY)
    with pytest.raises(Unavailable):
        in_virtual_time(with_retries(work, WAITS))
    assert len(work.begun) == 4


@pytest.mark.parametrize("waits", [WAITS, ()])
def test_what_fails_for_good_is_not_tried_again(waits: tuple[float, ...]) -> None:
    work = Failing(1, Rejected("hubspot", "wrong"))
    with pytest.raises(Rejected):
        in_virtual_time(with_retries(work, waits))
    assert len(work.begun) == 1


def test_wait_that_the_vendor_names_is_kept() -> None:
    work = Failing(1, RateLimited("hubspot", "too many", timedelta(seconds=4)))
    assert in_virtual_time(with_retries(work, WAITS)) == "done"
    assert work.waited[0] >= 4


def test_wait_longer_than_all_of_ours_is_left_to_temporal() -> None:
    work = Failing(1, RateLimited("hubspot", "tomorrow", timedelta(hours=1)))
    with pytest.raises(RateLimited) as caught:
        in_virtual_time(with_retries(work, WAITS))
    assert (caught.value.retry_after, len(work.begun)) == (timedelta(hours=1), 1)
