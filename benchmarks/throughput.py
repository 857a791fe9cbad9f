"""Runs per second flat out, against the textbook way and the ceiling, on the same server and simulators."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from statistics import median

from benchmarks.ground import CALL_MS, IN_FLIGHT, Ground, Json, flat_out
from benchmarks.results import Result, at_least
from benchmarks.rivals import Start, rival

EVENTS = 300
ROUNDS = 5
OURS = "`churn_save`, from webhook to end"
TEXTBOOK = "textbook: the same calls as regular activities, sandbox on"
LOCAL = "ceiling: the same calls in a bare workflow, all local, eager start"
GOALS = {TEXTBOOK: 2.5, LOCAL: 0.75}
"""How many of our runs there should be for one of theirs."""

Way = Callable[[Json], Awaitable[object]]


async def throughput(ground: Ground) -> Result:
    """In turns, so that whatever else the machine does meets all of them."""
    async with AsyncExitStack() as held:
        ways: dict[str, Way] = {
            TEXTBOOK: _through(await held.enter_async_context(rival(ground, local=False))),
            OURS: ground.save,
            LOCAL: _through(await held.enter_async_context(rival(ground, local=True))),
        }
        for way in ways.values():
            await flat_out(way, ground.cancellations(IN_FLIGHT))
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                rates[name].append(EVENTS / await flat_out(way, ground.cancellations(EVENTS)))
    return Result(
        "throughput",
        ["", "runs per second", "lowest", "highest", "`churn_save` against it", "goal"],
        [[name, *_summed(each), *_ratio(name, rates)] for name, each in rates.items()],
        f"{EVENTS} events, {IN_FLIGHT} in flight, median of {ROUNDS} rounds in turns, ratios within a "
        f"round. Each call takes {CALL_MS} ms and the simulators' own work.",
    )


def _ratio(name: str, rates: Mapping[str, list[float]]) -> list[str]:
    if name not in GOALS:
        return ["", ""]
    ratio = median(ours / theirs for ours, theirs in zip(rates[OURS], rates[name], strict=True))
    return [f"{ratio:.2f}", at_least(GOALS[name], ratio)]


def _through(start: Start) -> Way:
    async def save(body: Json) -> None:
        await (await start(body)).result()

    return save


def _summed(rates: list[float]) -> list[str]:
    return [f"{value:.1f}" for value in (median(rates), min(rates), max(rates))]
