"""Calls go at an even interval below the limit, live ones first: by a clock of the tests' own."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from clients.kit.rate_limiter import Rank, RateLimiter
from tests.clients.virtual import VirtualLoop, in_virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


def jam(seconds: float) -> None:
    """A busy process, in which time passes and nothing is done."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.jam(seconds)


async def at_once(
    limiter: RateLimiter, calls: int, between: Callable[[], None] = lambda: None
) -> list[float]:
    """When each of them went, of calls that all wait when `between` is done."""
    gone: list[float] = []

    async def call() -> None:
        await limiter.acquire()
        gone.append(now())

    waiting = [asyncio.create_task(call()) for _ in range(calls)]
    await asyncio.sleep(0)
    between()
    await asyncio.gather(*waiting)
    return gone


async def one_by_one(limiter: RateLimiter, calls: int) -> list[float]:
    """When each of them went, of calls that begin as the one before is done."""
    gone = []
    for _ in range(calls):
        await limiter.acquire()
        gone.append(now())
    return gone


@pytest.mark.parametrize("ask", [at_once, one_by_one])
@pytest.mark.parametrize(("limit", "seconds"), [(0.5, 1), (4, 1), (20, 1), (200, 1), (190, 10), (36.5, 1)])
def test_calls_are_evenly_spaced_below_the_limit(
    ask: Callable[[RateLimiter, int], Awaitable[list[float]]], limit: float, seconds: float
) -> None:
    spare = int(limit * 0.02)

    async def run() -> list[float]:
        return await ask(RateLimiter(limit, seconds), spare + 20)

    gone = in_virtual_time(run())[spare:]
    gaps = [after - before for before, after in pairwise(gone)]
    assert max(gaps) == pytest.approx(min(gaps))
    assert seconds / limit < min(gaps) <= 1.25 * seconds / limit + 1e-9


@pytest.mark.parametrize(("limit", "spare"), [(40, 0), (200, 4)])
def test_pause_leaves_no_more_over_than_is_to_spare(limit: int, spare: int) -> None:
    async def run() -> list[float]:
        limiter = RateLimiter(limit)
        await limiter.acquire()
        await asyncio.sleep(60)
        asked = now()
        return [at - asked for at in await at_once(limiter, spare + 3)]

    gone = in_virtual_time(run())
    assert gone[: spare + 1] == pytest.approx([0] * (spare + 1))
    assert gone[spare + 1] >= 1 / limit
    assert gone[spare + 2] >= 2 / limit


@pytest.mark.parametrize(("share", "interval"), [(20, 1 / 20), (0.5, 2)])
def test_share_of_a_limit_is_used_to_the_full(share: float, interval: float) -> None:
    gone = in_virtual_time(at_once(RateLimiter(share, of=2 * share), 50))
    assert [after - before for before, after in pairwise(gone)] == pytest.approx([interval] * 49)


@pytest.mark.parametrize("of", [40, 41, None])
def test_what_leaves_too_little_to_others_keeps_a_margin(of: float | None) -> None:
    """Refused are those that arrive too early, and each refusal costs more than the margin."""
    gone = in_virtual_time(at_once(RateLimiter(40, of=of), 50))

    assert gone[-1] - gone[10] > 39 / 40 * 1.01


def test_call_of_a_share_that_goes_late_puts_off_no_other() -> None:
    """Those that waited through a jam go after it as if there had been none."""

    async def run(jammed: float) -> list[float]:
        limiter = RateLimiter(20, of=40)
        begun = now()
        gone = await at_once(limiter, 12, lambda: jam(jammed))
        return [at - begun for at in gone]

    planned, gone = in_virtual_time(run(0)), in_virtual_time(run(0.23))
    assert gone == pytest.approx([max(at, 0.23) for at in planned])


@pytest.mark.parametrize(("limit", "seconds", "late"), [(10, 1, 0), (40, 1, 2), (200, 1, 10), (190, 10, 9)])
def test_after_a_jam_a_twentieth_of_the_limit_goes_at_once(limit: int, seconds: float, late: int) -> None:
    async def run() -> list[float]:
        return await at_once(RateLimiter(limit, seconds), late + 3, lambda: jam(seconds * 0.8))

    gone = in_virtual_time(run())
    assert gone.count(gone[0]) == late + 1


@pytest.mark.parametrize("is_share", [True, False])
@pytest.mark.parametrize(("limit", "seconds"), [(10, 1), (200, 1), (190, 10)])
def test_no_stretch_sees_more_than_its_due(limit: int, seconds: float, is_share: bool) -> None:
    """Even where calls that a jam held back go at once."""

    async def run() -> list[float]:
        limiter = RateLimiter(limit, seconds, of=2 * limit if is_share else limit)
        return await at_once(limiter, 3 * limit, lambda: jam(seconds * 0.8))

    gone = in_virtual_time(run())
    assert (gone[0] == gone[limit // 2]) is is_share  # held back
    assert all(later - at >= seconds - 1e-9 for at, later in zip(gone, gone[limit:], strict=False))


def test_live_calls_go_before_bulk_that_waits() -> None:
    order: list[str] = []

    async def run() -> None:
        limiter = RateLimiter(1_000)

        async def call(rank: Rank, number: int) -> None:
            await limiter.acquire(rank)
            order.append(f"{rank.name} {number}")

        ranks = [rank for rank in (Rank.FILL, Rank.BULK, Rank.LIVE) for _ in range(2)]
        await asyncio.gather(*(call(rank, number) for number, rank in enumerate(ranks)))

    in_virtual_time(run())
    assert order == ["LIVE 4", "LIVE 5", "BULK 2", "BULK 3", "FILL 0", "FILL 1"]


def test_call_that_is_given_up_takes_nobodys_place() -> None:
    async def run() -> float:
        limiter = RateLimiter(10)
        await limiter.acquire()
        begun = now()
        given_up = asyncio.ensure_future(limiter.acquire(Rank.LIVE))
        waits = asyncio.ensure_future(limiter.acquire(Rank.BULK))
        await asyncio.sleep(0)
        given_up.cancel()
        await waits
        assert given_up.cancelled()
        return now() - begun

    assert in_virtual_time(run()) == pytest.approx(1 / 9)


def test_limit_that_others_have_used_up_makes_wait() -> None:
    async def run(*left: int) -> float:
        limiter = RateLimiter(100)
        await limiter.acquire()
        begun = now()
        waits = asyncio.ensure_future(limiter.acquire(Rank.LIVE))
        await asyncio.sleep(0)
        for each in left:
            limiter.heed(each)
        await waits
        return now() - begun

    assert in_virtual_time(run(50)) == pytest.approx(1 / 98)
    assert in_virtual_time(run(50, 0)) == pytest.approx(3 / 98)


def test_skipped_calls_keep_the_next_ones_back() -> None:
    async def run(waiting: int) -> list[float]:
        limiter = RateLimiter(10)
        await limiter.acquire()
        begun = now()
        gone = await at_once(limiter, waiting, lambda: limiter.skip(10))
        return [at - begun for at in gone]

    assert in_virtual_time(run(2)) == pytest.approx([11 / 9, 12 / 9])
