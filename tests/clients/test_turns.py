"""Turns: one after the other, live ones first."""

import asyncio

import pytest

from clients.kit.turns import Rank, Turns


async def test_live_turns_go_before_bulk_that_waits() -> None:
    giver, order = Turns(1_000, seconds=1), []

    async def take(name: str, rank: Rank) -> None:
        await giver.turn(rank)
        order.append(name)

    bulk = [asyncio.ensure_future(take(f"bulk {n}", Rank.BULK)) for n in range(3)]
    live = [asyncio.ensure_future(take(f"live {n}", Rank.LIVE)) for n in range(2)]
    await asyncio.gather(*bulk, *live)
    assert order == ["live 0", "live 1", "bulk 0", "bulk 1", "bulk 2"]


async def test_turn_that_is_not_waited_for_any_more_is_nobodys() -> None:
    giver = Turns(100, seconds=1)
    await giver.turn(Rank.BULK)
    given_up = asyncio.ensure_future(giver.turn(Rank.LIVE))
    waits = asyncio.ensure_future(giver.turn(Rank.BULK))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait_for(waits, timeout=60)
    assert given_up.cancelled()


@pytest.mark.parametrize(("calls", "at_once"), [(200, 4), (20, 0)])
async def test_turns_never_come_faster_than_the_limit(calls: int, at_once: int) -> None:
    """A slow machine makes them rarer, and nothing makes them more."""
    loop, giver, turns = asyncio.get_running_loop(), Turns(calls, seconds=1), calls // 10
    begun = loop.time()
    for _ in range(turns):
        await giver.turn(Rank.BULK)
    assert loop.time() - begun >= (turns - 1 - at_once) / calls


async def test_limit_that_is_used_up_makes_wait() -> None:
    loop, giver = asyncio.get_running_loop(), Turns(100, seconds=1)
    await giver.turn(Rank.BULK)
    begun = loop.time()
    waits = asyncio.ensure_future(giver.turn(Rank.LIVE))
    await asyncio.sleep(0)
    giver.heed(50)
    giver.heed(0)
    await waits
    assert loop.time() - begun >= 3 / 100
