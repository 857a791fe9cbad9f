"""Several calls at once, and the first error ends them all."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from activities.crm.one import Order
from activities.crm.writing import in_parallel
from clients.kit.errors import Rejected


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
