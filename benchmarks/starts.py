"""Webhooks accepted per second, against bare starts on the same server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import median
from uuid import uuid4

from benchmarks.ground import IN_FLIGHT, Ground, Json, flat_out
from benchmarks.results import Result, at_least

EVENTS = 300
ROUNDS = 4
PATIENCE_SECONDS = 120
GOAL = 0.9
"""Webhooks accepted for one bare start."""


async def starts(ground: Ground) -> Result:
    """The last of all: where no worker is, runs are left behind."""
    together = await _rate(_delivering(ground), ground.cancellations(EVENTS))
    await _until_idle(ground)
    await _without_worker(ground)
    await _rate(_delivering(ground), ground.cancellations(IN_FLIGHT))
    bare, ours = [], []
    for _ in range(ROUNDS):
        bare.append(await _rate(_starting(ground), ground.cancellations(EVENTS)))
        ours.append(await _rate(_delivering(ground), ground.cancellations(EVENTS)))
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    return Result(
        "starts",
        ["", "accepted per second", "against bare starts", "goal"],
        [
            ["bare `start_workflow`, no worker", f"{median(bare):.0f}", "", ""],
            ["webhooks, ingress alone", f"{median(ours):.0f}", f"{ratio:.2f}", at_least(GOAL, ratio)],
            ["webhooks, while the worker beside it runs them", f"{together:.0f}", "", ""],
        ],
        f"{EVENTS} events over {IN_FLIGHT} connections, a webhook counts when its run is durable; the first "
        f"two in {ROUNDS} rounds in turns, ratio within a round.",
    )


async def _without_worker(ground: Ground) -> None:
    serve = ground.stack.serve
    await serve.stop()
    ground.stack.serve = replace(serve, name="ingress", command=[*serve.command[:-1], "ingress"])
    await ground.stack.serve.start()


async def _rate(work: Callable[[Json], Awaitable[object]], bodies: list[Json]) -> float:
    return len(bodies) / await flat_out(work, bodies)


def _delivering(ground: Ground) -> Callable[[Json], Awaitable[None]]:
    async def deliver(body: Json) -> None:
        status, answer = await ground.deliver(body)
        if status != 202:
            raise RuntimeError(f"the webhook was answered with {status}: {answer}")

    return deliver


def _starting(ground: Ground) -> Callable[[Json], Awaitable[object]]:
    async def start(body: Json) -> None:
        await ground.client.start_workflow("bare", body, id=f"bare/{uuid4().hex}", task_queue="nobody")

    return start


async def _until_idle(ground: Ground) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await ground.client.count_workflows("ExecutionStatus = 'Running'")).count:
            await asyncio.sleep(0.5)
