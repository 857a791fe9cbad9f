"""Runs per second flat out, against the textbook way and the ceiling, on the same server and simulators."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from statistics import median

from benchmarks.ground import CALL_MS, IN_FLIGHT, Ground, Json, flat_out
from benchmarks.results import Result
from benchmarks.rivals import Start, rival

EVENTS = 300
ROUNDS = 3

Way = Callable[[Json], Awaitable[object]]


async def throughput(ground: Ground) -> Result:
    """In turns, so that whatever else the machine does meets all of them."""
    async with AsyncExitStack() as held:
        ways: dict[str, Way] = {
            "textbook: the same calls as regular activities, sandbox on": _through(
                await held.enter_async_context(rival(ground, local=False))
            ),
            "`churn_save`, from webhook to end": ground.save,
            "ceiling: the same calls in a bare workflow, all local, eager start": _through(
                await held.enter_async_context(rival(ground, local=True))
            ),
        }
        for way in ways.values():
            await flat_out(way, ground.cancellations(IN_FLIGHT))
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                rates[name].append(EVENTS / await flat_out(way, ground.cancellations(EVENTS)))
    return Result(
        "throughput",
        ["", "runs per second", "lowest", "highest"],
        [[name, *map(_rate, (median(each), min(each), max(each)))] for name, each in rates.items()],
        f"{EVENTS} events, {IN_FLIGHT} in flight, median of {ROUNDS} rounds in turns. Each call takes "
        f"{CALL_MS} ms and the simulators' own work.",
    )


def _through(start: Start) -> Way:
    async def save(body: Json) -> None:
        await (await start(body)).result()

    return save


def _rate(value: float) -> str:
    return f"{value:.1f}"
