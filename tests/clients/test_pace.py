"""Turns come at an even distance, whatever the callers do."""

import asyncio
import time

import pytest

from clients.kit.pace import Pace


async def turns(pace: Pace, count: int) -> list[float]:
    """When each was taken, in seconds after they were asked for."""
    loop, taken = asyncio.get_running_loop(), list[float]()
    asked = loop.time()

    async def one() -> None:
        await pace.turn()
        taken.append(loop.time() - asked)

    await asyncio.gather(*(one() for _ in range(count)))
    return taken


async def test_no_turn_comes_early() -> None:
    taken = await turns(Pace(200), 20)
    assert all(at >= number / 200 - 0.002 for number, at in enumerate(taken))


async def test_turn_that_is_taken_late_puts_off_no_other() -> None:
    """The timetable is fixed when a turn is asked for, not when it is taken."""
    pace = Pace(100)
    waiting = [asyncio.create_task(pace.turn()) for _ in range(5)]
    await asyncio.sleep(0)
    timetable = pace._next
    time.sleep(0.08)  # a busy process
    await asyncio.gather(*waiting)
    assert pace._next == timetable


async def test_pause_leaves_nothing_over() -> None:
    pace = Pace(50)
    await pace.turn()
    await asyncio.sleep(0.1)
    taken = await turns(pace, 3)
    assert taken[2] >= 0.038


async def test_skipped_turns_keep_the_next_one_back() -> None:
    pace, loop = Pace(100), asyncio.get_running_loop()
    begun = loop.time()
    pace.skip(10)
    await pace.turn()
    assert loop.time() - begun >= 0.099


@pytest.mark.slow
async def test_no_second_sees_more_than_its_due() -> None:
    """Even where turns that a jam held back are taken at once."""
    pace, loop, taken = Pace(10), asyncio.get_running_loop(), list[float]()

    async def one() -> None:
        await pace.turn()
        taken.append(loop.time())

    waiting = [asyncio.create_task(one()) for _ in range(12)]
    await asyncio.sleep(0)
    time.sleep(0.5)
    await asyncio.gather(*waiting)
    assert taken[10] - taken[0] >= 1
    assert taken[11] - taken[1] >= 1
