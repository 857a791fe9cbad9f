"""Runs per second while vendors refuse calls or are away, against the undisturbed rate."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

from benchmarks.ground import CALL_MS, IN_FLIGHT, Ground, Json, flat_out, served_anew
from benchmarks.results import Result, at_least, at_most
from simulators.kit.shapes import Call, System

EVENTS = 200
REFUSED = 0.1
AT_ONCE = 5
NAMED_SECONDS, NAMED_AT = 2, range(40, 360, 80)
"""Which calls are refused so: by chance they would be three in one round and twelve in another, and figures
would tell that alone."""
AWAY_SECONDS = 120
PATIENCE_SECONDS = 120
POLL_SECONDS = 0.25


@dataclass(frozen=True)
class _Round:
    """One story: how long it took, what it left behind, and Slack's calls."""

    seconds: float
    calls: list[Call]

    @property
    def rate(self) -> float:
        return EVENTS / self.seconds


@dataclass(frozen=True)
class _Beside:
    """A story, and an undisturbed round before and after it."""

    story: _Round
    undisturbed: tuple[_Round, _Round]

    @property
    def usual(self) -> float:
        return mean(each.rate for each in self.undisturbed)


async def pressure(ground: Ground) -> Result:
    often: Json = {"times": None, "status": 429, "probability": REFUSED}
    salesforce = await _beside(ground, "salesforce", often)
    slack = await _beside(ground, "slack", often)
    waits: Json = {"status": 429, "retry_after": NAMED_SECONDS}
    named = await _beside(ground, "slack", *({**waits, "skip": number} for number in NAMED_AT))
    crowded = await _round(ground, "salesforce", {"times": None, "at_once": AT_ONCE})
    async with served_anew(ground, {"SALESFORCE__THREADS": AT_ONCE}):
        await flat_out(ground.save, ground.cancellations(IN_FLIGHT))
        ceiling = await _round(ground)
    await flat_out(ground.save, ground.cancellations(IN_FLIGHT))
    late = await _after_an_outage(ground)
    usual = mean(each.usual for each in (salesforce, slack, named))
    return Result(
        "pressure",
        ["", "runs per second", "against it", "goal"],
        [
            ["undisturbed", f"{usual:.1f}", "", ""],
            _row("Salesforce refuses a tenth of its calls", salesforce.story.rate, salesforce.usual, 0.5),
            _row("Slack refuses a tenth of its calls", slack.story.rate, slack.usual, 0.5),
            ["Salesforce, only five calls at once are made: ceiling", f"{ceiling.rate:.1f}", "", ""],
            _row("Salesforce refuses the sixth call at once", crowded.rate, ceiling.rate, 0.8),
            _row(
                f"Slack names a wait of two seconds {len(NAMED_AT)} times",
                named.story.rate,
                named.usual,
                None,
            ),
            *_bursts(named.story, named.undisturbed),
            [
                "Slack away for two minutes: seconds to the last of 200 alerts after its return",
                f"{late:.1f}",
                "",
                at_most(30, late),
            ],
        ],
        f"{EVENTS} cancellations, {IN_FLIGHT} in flight, each with its task and its message once. Each story "
        f"against the undisturbed rounds right before and after it. Refusals are 429 without Retry-After but "
        f"where a wait is named. Each call takes {CALL_MS} ms and the simulators' own work.",
    )


async def _round(ground: Ground, system: System = "slack", *faults: Json) -> _Round:
    bodies = ground.cancellations(EVENTS)
    for fault in faults:
        ground.control.fault(system, "status", **fault)
    seconds = await flat_out(ground.save, bodies)
    ground.control.clear_faults()
    _check_once(ground)
    return _Round(seconds, ground.control.calls("slack"))


async def _beside(ground: Ground, system: System, *faults: Json) -> _Beside:
    before = await _round(ground)
    story = await _round(ground, system, *faults)
    return _Beside(story, (before, await _round(ground)))


async def _after_an_outage(ground: Ground) -> float:
    bodies = ground.cancellations(EVENTS)
    ground.control.fault("slack", "status", status=503, times=None)
    await flat_out(ground.deliver, bodies)
    await asyncio.sleep(AWAY_SECONDS)
    ground.control.clear_faults()
    back = time.time()
    while len(messages := await asyncio.to_thread(ground.control.messages)) < EVENTS:
        if time.time() - back > PATIENCE_SECONDS:
            raise TimeoutError(f"{len(messages)} of {EVENTS} alerts came")
        await asyncio.sleep(POLL_SECONDS)
    _check_once(ground)
    return max(float(message["ts"]) for message in messages) - back


def _check_once(ground: Ground) -> None:
    messages = [each["metadata"]["event_payload"]["key"] for each in ground.control.messages()]
    tasks = [each["Mogulflow_Key__c"] for each in ground.control.records("Task")]
    for keys in (messages, tasks):
        if not len(keys) == len(set(keys)) == EVENTS:
            raise RuntimeError(f"{len(keys)} effects with {len(set(keys))} keys of {EVENTS} events")


def _row(name: str, rate: float, usual: float, goal: float | None) -> list[str]:
    ratio = rate / usual
    return [name, f"{rate:.1f}", f"{ratio:.2f}", at_least(goal, ratio) if goal else ""]


def _bursts(named: _Round, usual: Iterable[_Round]) -> list[list[str]]:
    """The most calls of Slack that began within a time, usually and after a named wait."""
    rows = []
    for seconds in (0.1, 1.0):
        most, before = _most(named, seconds), max(_most(each, seconds) for each in usual)
        name = f"... most calls of Slack within {seconds:g} s, undisturbed {before}"
        rows.append([name, str(most), f"{most / before:.2f}", ""])
    return rows


def _most(of: _Round, seconds: float) -> int:
    times = sorted(call.at.timestamp() for call in of.calls)
    return max(sum(begun <= at < begun + seconds for at in times) for begun in times)
