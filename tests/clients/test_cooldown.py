"""A system that refuses is slowed, not stopped: by a clock of the tests' own."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from clients.kit.cooldown import Cooldown, Cooldowns, patient_for
from clients.kit.errors import NotFound, OutcomeUnknown, RateLimited, Unavailable
from tests.clients.virtual import in_virtual_time

ANSWER = 0.05
"""Seconds a call takes."""


class Vendor:
    """Takes calls, or not. `begun` are the times of those it was asked."""

    def __init__(self, *, at_once: int = 10_000, refuses: float = 0.0, seed: int = 7) -> None:
        self.at_once, self.refuses, self.down = at_once, refuses, False
        self.closed_until, self.named = 0.0, True
        self.begun: list[float] = []
        self.done = self.under_way = self.refused = 0
        self._random = random.Random(seed)

    async def call(self) -> None:
        now = asyncio.get_running_loop().time()
        self.begun.append(now)
        self.under_way += 1
        try:
            await self._answer(now)
        finally:
            self.under_way -= 1

    async def _answer(self, now: float) -> None:
        if now < self.closed_until:
            wait = timedelta(seconds=self.closed_until - now) if self.named else None
            self._refuse(wait)
        if self.under_way > self.at_once or self._random.random() < self.refuses:
            self._refuse(None)
        if self.down:
            raise Unavailable("slack", "down")
        await asyncio.sleep(ANSWER)
        self.done += 1

    def _refuse(self, wait: timedelta | None) -> None:
        self.refused += 1
        raise RateLimited("slack", "too many", wait)


def cooldown(most: int = 64) -> Cooldown:
    return Cooldown("slack", most=most, chance=random.Random(7))


async def callers(
    gate: Cooldown, work: Callable[[], Awaitable[None]], number: int, each: int, patience: float = 3600
) -> float:
    """So many at once, one call after the other; the seconds it took."""
    began = asyncio.get_running_loop().time()

    async def caller() -> None:
        with patient_for(patience):
            for _ in range(each):
                await gate.run(work)

    await asyncio.gather(*(caller() for _ in range(number)))
    return asyncio.get_running_loop().time() - began


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(1 for t in times if at <= t < at + seconds) for at in times)


def test_an_open_system_is_not_slowed() -> None:
    vendor = Vendor()
    assert in_virtual_time(callers(cooldown(), vendor.call, 32, 10)) == pytest.approx(10 * ANSWER)


def test_scattered_refusals_slow_only_a_little() -> None:
    vendor = Vendor(refuses=0.1)
    took = in_virtual_time(callers(cooldown(), vendor.call, 32, 100))
    assert vendor.done == 32 * 100
    assert took < 1.8 * 100 * ANSWER


def test_a_limit_on_calls_at_once_is_found_and_used() -> None:
    vendor = Vendor(at_once=5)
    took = in_virtual_time(callers(cooldown(), vendor.call, 32, 20))
    assert vendor.done == 32 * 20
    assert took < 32 * 20 * ANSWER / 5 / 0.8


def test_both_at_once() -> None:
    vendor = Vendor(at_once=5, refuses=0.1)
    took = in_virtual_time(callers(cooldown(), vendor.call, 32, 20))
    assert took < 2 * 32 * 20 * ANSWER / 5


def test_a_wait_that_the_vendor_named_is_honoured_by_all_and_no_burst_follows() -> None:
    async def story() -> tuple[Vendor, float]:
        vendor, gate, loop = Vendor(), cooldown(), asyncio.get_running_loop()
        loop.call_at(2.0, lambda: setattr(vendor, "closed_until", 7.0))

        async def steady() -> None:  # 20 calls a second, whatever becomes of them
            running = []
            for _ in range(200):
                running.append(asyncio.create_task(callers(gate, vendor.call, 1, 1)))
                await asyncio.sleep(0.05)
            await asyncio.gather(*running)

        await steady()
        return vendor, loop.time()

    vendor, _ = in_virtual_time(story())
    assert vendor.done == 200
    assert vendor.refused == 1
    assert not [at for at in vendor.begun if 2.01 < at < 7]
    after = [at for at in vendor.begun if at >= 7]
    assert most_within(after, 1.0) <= 2 * 20
    assert most_within(after, 0.1) <= 5


def test_an_outage_is_probed_by_one_call_at_a_time_and_what_waits_comes_soon_after() -> None:
    async def story() -> tuple[Vendor, float]:
        vendor, gate, loop = Vendor(), cooldown(), asyncio.get_running_loop()
        vendor.down = True
        loop.call_at(120, lambda: setattr(vendor, "down", False))

        async def insists() -> None:
            with patient_for(3600):
                while True:
                    try:
                        return await gate.run(vendor.call)
                    except Unavailable:
                        await asyncio.sleep(0)

        await asyncio.gather(*(insists() for _ in range(200)))
        return vendor, loop.time()

    vendor, ended = in_virtual_time(story())
    assert vendor.done == 200
    assert ended - 120 < 30
    probes = [at for at in vendor.begun if 1 < at < 120]
    assert len(probes) < 60
    assert len(set(probes)) == len(probes)


def test_a_long_outage_costs_some_hundred_probes() -> None:
    async def story() -> int:
        vendor, gate = Vendor(), cooldown()
        vendor.down = True
        while asyncio.get_running_loop().time() < 86_400:
            with patient_for(1000), pytest.raises(Unavailable):
                await gate.run(vendor.call)
        return len(vendor.begun)

    assert in_virtual_time(story()) < 500


def test_a_success_beside_refusals_opens_a_closed_system_at_once() -> None:
    async def story() -> None:
        gate, lasts = cooldown(), asyncio.Event()

        async def good() -> None:
            await lasts.wait()

        async def refused() -> None:
            raise RateLimited("slack", "too many")

        slow = asyncio.create_task(gate.run(good))
        await asyncio.sleep(0)
        while not gate.closed:
            with pytest.raises(RateLimited):
                await gate.run(refused)
        lasts.set()
        await slow
        assert gate.closed is None

    in_virtual_time(story())


def test_a_named_wait_outlasts_a_success_beside_it() -> None:
    async def story() -> None:
        gate, lasts = cooldown(), asyncio.Event()

        async def good() -> None:
            await lasts.wait()

        async def refused() -> None:
            raise RateLimited("slack", "too many", timedelta(seconds=30))

        slow = asyncio.create_task(gate.run(good))
        await asyncio.sleep(0)
        with pytest.raises(RateLimited):
            await gate.run(refused)
        lasts.set()
        await slow
        assert gate.closed is not None
        assert gate.closed.left == timedelta(seconds=30)
        assert gate.closed.why == (
            "Slack asked for a pause of 30 seconds; this step goes on by itself after it"
        )

    in_virtual_time(story())


def test_who_is_not_patient_is_refused_and_the_system_spared() -> None:
    async def story() -> None:
        vendor, gate = Vendor(), cooldown()
        vendor.closed_until = 60
        with pytest.raises(RateLimited, match="too many"):
            await gate.run(vendor.call)
        with pytest.raises(RateLimited, match="asked for a pause"):
            await gate.run(vendor.call)
        with pytest.raises(RateLimited):
            gate.refuse_while_closed()
        with patient_for(5), pytest.raises(RateLimited):
            await gate.run(vendor.call)
        assert len(vendor.begun) == 1
        assert asyncio.get_running_loop().time() == 5

    in_virtual_time(story())


@pytest.mark.parametrize(("quota", "longest"), [(False, 300), (True, 900)])
def test_only_a_quota_closes_a_system_for_long(quota: bool, longest: float) -> None:
    async def story() -> list[float]:
        gate, begun = cooldown(), list[float]()

        async def refused() -> None:
            begun.append(asyncio.get_running_loop().time())
            raise RateLimited("salesforce", "TotalRequests", quota=quota)

        while asyncio.get_running_loop().time() < 86_400:
            with patient_for(2000), pytest.raises(RateLimited):
                await gate.run(refused)
        return begun

    begun = in_virtual_time(story())
    gaps = [later - earlier for earlier, later in pairwise(begun)]
    assert max(gaps) <= longest * 1.25 + 60
    if not quota:
        assert max(gap for at, gap in zip(begun, gaps, strict=False) if at < 60) < 8


def test_a_daily_quota_said_of_one_call_in_ten_closes_nothing_for_long() -> None:
    vendor = Vendor(refuses=0.1)

    async def call() -> None:
        try:
            await vendor.call()
        except RateLimited:
            raise RateLimited("salesforce", "TotalRequests", quota=True) from None

    assert in_virtual_time(callers(cooldown(10), call, 32, 40)) < 2 * 32 * 40 * ANSWER / 10


def test_held_until_resumed() -> None:
    async def story() -> Vendor:
        vendor, gate, loop = Vendor(), cooldown(), asyncio.get_running_loop()
        heard = list[bool]()
        gate.listen(lambda: heard.append(gate.closed is not None))
        gate.hold("maintenance")
        assert gate.closed is not None
        assert gate.closed.held
        assert gate.closed.why == "Slack is paused: maintenance"
        with pytest.raises(RateLimited, match="Slack is paused: maintenance"):
            gate.refuse_while_closed()
        loop.call_at(100, gate.resume)
        await callers(gate, vendor.call, 50, 1)
        assert gate.closed is None
        assert (heard[0], heard[-1]) == (True, False)
        return vendor

    vendor = in_virtual_time(story())
    assert min(vendor.begun) == 100
    assert most_within(vendor.begun, 0.1) <= 3


def test_a_hold_outlasts_what_the_system_says() -> None:
    async def story() -> None:
        vendor, gate = Vendor(), cooldown()
        gate.hold("maintenance")
        gate.forget()
        with patient_for(10), pytest.raises(RateLimited):
            await gate.run(vendor.call)
        assert not vendor.begun

    in_virtual_time(story())


def test_an_answer_that_says_no_is_an_answer() -> None:
    async def story() -> None:
        gate = cooldown()

        async def missing() -> None:
            raise NotFound("slack", "no such thing")

        for _ in range(20):
            with pytest.raises(NotFound):
                await gate.run(missing)
        assert gate.closed is None

    in_virtual_time(story())


def test_what_may_have_been_done_is_not_done_again_here() -> None:
    async def story() -> None:
        gate, calls = cooldown(), list[int]()

        async def dropped() -> None:
            calls.append(1)
            raise OutcomeUnknown("slack", "dropped")

        with patient_for(60), pytest.raises(OutcomeUnknown):
            await gate.run(dropped)
        assert len(calls) == 1

    in_virtual_time(story())


def test_no_call_begins_after_its_latest_time() -> None:
    async def story() -> None:
        vendor, gate = Vendor(), cooldown(most=1)
        slow = asyncio.create_task(gate.run(lambda: asyncio.sleep(10)))
        await asyncio.sleep(0)
        with patient_for(60, latest_in=3), pytest.raises(RateLimited):
            await gate.run(vendor.call)
        assert asyncio.get_running_loop().time() == 3
        await slow
        assert not vendor.begun

    in_virtual_time(story())


def test_a_caller_who_goes_leaves_its_place() -> None:
    async def story() -> None:
        vendor, gate = Vendor(), cooldown(most=1)
        first = asyncio.create_task(gate.run(lambda: asyncio.sleep(1)))
        await asyncio.sleep(0)
        gone = [asyncio.create_task(gate.run(vendor.call)) for _ in range(3)]
        await asyncio.sleep(0.5)
        for each in gone:
            each.cancel()
        await first
        await asyncio.gather(*gone, return_exceptions=True)
        await gate.run(vendor.call)
        assert vendor.done == 1

    in_virtual_time(story())


def test_one_for_each_system() -> None:
    cooldowns = Cooldowns({"salesforce": 5})
    assert cooldowns.of("slack") is cooldowns.of("slack")
    assert cooldowns.of("slack") is not cooldowns.of("salesforce")
