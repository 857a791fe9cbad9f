"""Calls are made again, several at once, and the first error ends them all."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from activities.crm_one import Order
from activities.crm_writing import in_parallel, patiently
from clients.kit.errors import RateLimited, Rejected, Retryable, Unavailable


def failing(times: int, error: Exception) -> tuple[Callable[[], Awaitable[int]], list[int]]:
    calls: list[int] = []

    async def work() -> int:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return len(calls)

    return work, calls


async def test_what_fails_for_now_is_tried_again_and_what_fails_for_good_is_not() -> None:
    away = Unavailable("hubspot", "away")
    work, calls = failing(2, away)
    assert await patiently(work, (0, 0, 0)) == 3
    work, calls = failing(9, away)
    with pytest.raises(Unavailable):
        await patiently(work, (0, 0))
    assert len(calls) == 3
    work, calls = failing(1, Rejected("hubspot", "wrong"))
    with pytest.raises(Rejected):
        await patiently(work, (0, 0))
    assert len(calls) == 1


async def test_a_long_wait_that_the_system_names_is_left_to_temporal() -> None:
    work, calls = failing(1, RateLimited("hubspot", "tomorrow", timedelta(hours=1)))
    with pytest.raises(Retryable) as caught:
        await patiently(work, (0, 0))
    assert (caught.value.retry_after, len(calls)) == (timedelta(hours=1), 1)


async def test_so_many_run_at_once_and_all_are_done() -> None:
    running, most, done = 0, 0, list[int]()

    async def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (number % 3))
        running -= 1
        done.append(number)

    await in_parallel(iter(range(40)), work, 4)
    assert (most, sorted(done)) == (4, list(range(40)))


async def test_the_first_error_gives_up_what_is_under_way() -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        if number == 2:
            raise Rejected("hubspot", "wrong")
        await asyncio.sleep(60)
        ended.append(number)

    async with asyncio.timeout(120):
        with pytest.raises(Rejected):
            await in_parallel(iter(range(3)), work, 3)
    assert ended == []


def test_older_facts_are_told_from_newer_ones_and_memory_is_bounded() -> None:
    order, now, key = Order(), datetime.now(UTC), ("hubspot", "contacts", "cus_1")
    assert not order.has_later(key, now)
    order.note(key, now)
    order.note(key, now - timedelta(seconds=9))
    assert order.has_later(key, now - timedelta(seconds=1))
    assert not order.has_later(key, now)
    for number in range(20_000):
        order.note(("hubspot", "contacts", f"cus_{number + 2}"), now)
    assert not order.has_later(key, now - timedelta(seconds=1))


async def test_writes_of_one_customer_take_turns() -> None:
    order, key = Order(), ("hubspot", "contacts", "cus_1")
    async with order.turn(key):
        assert order.turn(key).locked()
        assert not order.turn(("hubspot", "companies", "cus_1")).locked()
