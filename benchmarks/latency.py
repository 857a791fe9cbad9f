"""From ChartMogul's webhook to the task and the message, against what the calls themselves take."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles
from urllib.parse import unquote_plus

from benchmarks.ground import CALL_MS, Ground, Json
from benchmarks.results import Result, at_most
from simulators.kit.shapes import Call, CustomerRow, Delivery

EVENTS = 200
PER_SECOND = 10
WARM_UP = 10
PATIENCE_SECONDS = 60
GOALS = (60, 150)
"""Milliseconds that we may add to the calls, at p50 and p99."""


async def latency(ground: Ground) -> Result:
    traces = await _traces(ground)
    added = _percentiles(each.added for each in traces)
    return Result(
        "latency",
        ["milliseconds from the webhook", "p50", "p99"],
        [
            _row("to the ingress's answer", _percentiles(each.delivery.took_ms for each in traces)),
            _row("to the task", _percentiles(each.until(each.upsert) for each in traces)),
            _row("to the message, the last effect", _percentiles(each.to_message for each in traces)),
            _row("... its calls alone, the ceiling", _percentiles(each.calls_alone for each in traces)),
            _row("... what is added to them, run by run", added),
            ["goal for what is added", *map(at_most, GOALS, added)],
        ],
        f"{EVENTS} cancellations at {PER_SECOND} a second, by the simulators' clock, up to the end of the "
        f"call that writes. Each call takes {CALL_MS} ms and the simulators' own work.",
    )


@dataclass(frozen=True)
class _Trace:
    """One cancellation and the calls it caused."""

    delivery: Delivery
    calls: list[Call]
    post: Call

    @property
    def upsert(self) -> Call:
        return next(call for call in self.calls if call.method == "PATCH")

    @property
    def calls_alone(self) -> float:
        """The longest way: ChartMogul's reads side by side, Salesforce's two likewise, task, message."""
        reads = max(call.took_ms for call in self.calls if call.system == "chartmogul")
        queries = max(call.took_ms for call in self.calls if "/query" in call.path)
        return reads + queries + self.upsert.took_ms + self.post.took_ms

    @property
    def to_message(self) -> float:
        return self.until(self.post)

    @property
    def added(self) -> float:
        return self.to_message - self.calls_alone

    def until(self, call: Call) -> float:
        return (call.at - self.delivery.at) / timedelta(milliseconds=1) + call.took_ms


async def _traces(ground: Ground) -> list[_Trace]:
    """Open loop: the next customer leaves when it is time, whatever became of the last."""
    customers = ground.customers(WARM_UP + EVENTS)
    started = time.perf_counter()
    for number, customer in enumerate(customers):
        await asyncio.sleep(started + number / PER_SECOND - time.perf_counter())
        await asyncio.to_thread(ground.control.cancel, customer.uuid)
    messages = await _messages(ground, len(customers))
    calls, deliveries = ground.control.calls(), ground.control.deliveries()
    deliveries.sort(key=lambda delivery: delivery.movement)
    posts = _posts(calls, messages)
    return [
        _Trace(delivery, _calls_of(customer, delivery, calls), posts[delivery.response["event_id"]])
        for customer, delivery in zip(customers, deliveries, strict=True)
    ][WARM_UP:]


async def _messages(ground: Ground, events: int) -> list[Json]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(messages := await asyncio.to_thread(ground.control.messages)) < events:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(messages)} of {events} events have their message")
        await asyncio.sleep(0.5)
    return messages


def _calls_of(customer: CustomerRow, delivery: Delivery, calls: Iterable[Call]) -> list[Call]:
    """Those that name the customer's uuid, the domain of the e-mail, or the event."""
    names = (customer.uuid, customer.email.rpartition("@")[2], delivery.response["event_id"])
    return [call for call in calls if any(name in unquote_plus(call.path + call.query) for name in names)]


def _posts(calls: Iterable[Call], messages: list[Json]) -> dict[str, Call]:
    """Posting calls by event. The log has no bodies, but calls end in the order of their messages."""
    posts = [call for call in calls if call.path.endswith("chat.postMessage")]
    posts.sort(key=lambda call: call.at + timedelta(milliseconds=call.took_ms))
    messages.sort(key=lambda message: float(message["ts"]))
    events = (str(message["metadata"]["event_payload"]["key"]).partition(":")[0] for message in messages)
    return dict(zip(events, posts, strict=True))


def _percentiles(milliseconds: Iterable[float]) -> tuple[float, float]:
    found = quantiles(milliseconds, n=100, method="inclusive")
    return found[49], found[98]


def _row(name: str, percentiles: tuple[float, float]) -> list[str]:
    return [name, *(f"{each:.0f}" for each in percentiles)]
