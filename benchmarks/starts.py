"""Webhooks accepted per second, against bare starts on the same server."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import uuid4

from temporalio.common import SearchAttributePair, TypedSearchAttributes

import temporal
from benchmarks.ground import IN_FLIGHT, Ground, Json, flat_out
from benchmarks.results import Result, at_least

EVENTS = 300
ROUNDS = 6
PATIENCE_SECONDS = 120
GOAL = 0.9
"""Webhooks accepted for one bare start."""

LABELS = TypedSearchAttributes(
    [
        SearchAttributePair(key, datetime.now(UTC) if key is temporal.OCCURRED_AT else uuid4().hex)
        for key in temporal.SEARCH_ATTRIBUTES
        if key is not temporal.WAITS_FOR
    ]
)
"""As many as a run of ours has from its start."""

BARE = "bare `start_workflow`, no worker"
LABELLED = "the same with a run's search attributes"
OURS = "webhooks, ingress alone"


async def starts(ground: Ground) -> Result:
    """The last of all: where no worker is, runs are left behind."""
    together = await _rate(_delivering(ground), ground.cancellations(EVENTS))
    await _until_idle(ground)
    await _without_worker(ground)
    await _rate(_delivering(ground), ground.cancellations(IN_FLIGHT))
    ways = {
        BARE: _starting(ground),
        LABELLED: _starting(ground, search_attributes=LABELS),
        OURS: _delivering(ground),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            rates[name].append(await _rate(way, ground.cancellations(EVENTS)))
    ratio = _ratio(rates[OURS], rates[BARE])
    return Result(
        "starts",
        ["", "accepted per second", "against bare starts", "goal"],
        [
            [BARE, f"{median(rates[BARE]):.0f}", "", ""],
            [LABELLED, f"{median(rates[LABELLED]):.0f}", f"{_ratio(rates[LABELLED], rates[BARE]):.2f}", ""],
            [OURS, f"{median(rates[OURS]):.0f}", f"{ratio:.2f}", at_least(GOAL, ratio)],
            ["... against the labelled starts", "", f"{_ratio(rates[OURS], rates[LABELLED]):.2f}", ""],
            ["webhooks, while the worker beside it runs them", f"{together:.0f}", "", ""],
        ],
        f"{EVENTS} events over {IN_FLIGHT} connections, a webhook counts when its run is durable; all but "
        f"the last in {ROUNDS} rounds in turns, ratios within a round.",
    )


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median(one / other for one, other in zip(ours, theirs, strict=True))


async def _without_worker(ground: Ground) -> None:
    """The ingress alone, told to go on although nobody takes what it starts."""
    serve = ground.stack.serve
    await serve.stop()
    ground.stack.serve = replace(
        serve,
        name="ingress",
        command=[*serve.command[:-1], "ingress"],
        environment={**(serve.environment or {}), "BACKLOG_LIMIT_SECONDS": "3600"},
    )
    await ground.stack.serve.start()


async def _rate(work: Callable[[Json], Awaitable[object]], bodies: list[Json]) -> float:
    return len(bodies) / await flat_out(work, bodies)


def _delivering(ground: Ground) -> Callable[[Json], Awaitable[None]]:
    async def deliver(body: Json) -> None:
        status, answer = await ground.deliver(body)
        if status != 202:
            raise RuntimeError(f"the webhook was answered with {status}: {answer}")

    return deliver


def _starting(ground: Ground, **labels: Any) -> Callable[[Json], Awaitable[object]]:
    async def start(body: Json) -> None:
        workflow_id = f"bare/{uuid4().hex}"
        await ground.client.start_workflow("bare", body, id=workflow_id, task_queue="nobody", **labels)

    return start


async def _until_idle(ground: Ground) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await ground.client.count_workflows("ExecutionStatus = 'Running'")).count:
            await asyncio.sleep(0.5)
