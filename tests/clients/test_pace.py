"""Pace: turns at an even distance, live ones first."""

import asyncio

from clients.pace import Pace


async def turns(pace: Pace, count: int) -> list[float]:
    loop, taken = asyncio.get_running_loop(), list[float]()

    async def one() -> None:
        await pace.turn()
        taken.append(loop.time())

    await asyncio.gather(*(one() for _ in range(count)))
    return taken


async def test_no_turn_comes_early() -> None:
    taken = await turns(Pace(40, margin=0), 10)
    assert all(at - taken[0] >= number / 40 - 0.002 for number, at in enumerate(taken))


async def test_pause_leaves_nothing_over() -> None:
    pace = Pace(40, margin=0)
    await pace.turn()
    await asyncio.sleep(0.1)
    taken = await turns(pace, 3)
    assert taken[2] - taken[0] >= 0.048


async def test_hold_keeps_the_next_turn_back() -> None:
    pace, loop = Pace(1000), asyncio.get_running_loop()
    begun = loop.time()
    pace.hold(0.1)
    await pace.turn()
    assert loop.time() - begun >= 0.099


async def test_hold_keeps_back_who_waits_already() -> None:
    pace, loop = Pace(20, margin=0), asyncio.get_running_loop()
    await pace.turn()
    begun, waits = loop.time(), asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    pace.hold(0.2)
    await waits
    assert loop.time() - begun >= 0.199


async def test_live_turns_go_before_bulk_that_waits() -> None:
    pace, order = Pace(1_000), []

    async def take(name: str, live: bool) -> None:
        await pace.turn(live=live)
        order.append(name)

    bulk = [asyncio.ensure_future(take(f"bulk {n}", live=False)) for n in range(3)]
    live = [asyncio.ensure_future(take(f"live {n}", live=True)) for n in range(2)]
    await asyncio.gather(*bulk, *live)
    assert order == ["live 0", "live 1", "bulk 0", "bulk 1", "bulk 2"]


async def test_turn_that_is_not_waited_for_any_more_is_nobodys() -> None:
    pace = Pace(100)
    await pace.turn()
    given_up = asyncio.ensure_future(pace.turn(live=True))
    waits = asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait_for(waits, timeout=5)
    assert given_up.cancelled()
