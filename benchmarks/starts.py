"""Webhooks accepted per second, against bare starts on the same server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

from benchmarks.ground import IN_FLIGHT, Ground, Json, flat_out
from benchmarks.results import Result

EVENTS = 600
PATIENCE_SECONDS = 120


async def starts(ground: Ground) -> Result:
    """The last of all: where no worker is, runs are left behind."""
    bodies = ground.cancellations(3 * EVENTS)
    parts = [bodies[first::3] for first in range(3)]
    rates = {"webhooks, ingress and worker in one process": await _rate(_delivering(ground), parts[0])}
    await _until_idle(ground)
    await ground.stack.serve.stop()
    rates["bare `start_workflow` of the SDK, no worker"] = await _rate(_starting(ground), parts[1])
    serve = ground.stack.serve
    ground.stack.serve = replace(serve, name="ingress", command=[*serve.command[:-1], "ingress"])
    await ground.stack.serve.start()
    rates["webhooks, ingress alone"] = await _rate(_delivering(ground), parts[2])
    return Result(
        "starts",
        ["", "accepted per second"],
        [[name, f"{rate:.0f}"] for name, rate in rates.items()],
        f"{EVENTS} events over {IN_FLIGHT} connections; a webhook counts when its run is durable.",
    )


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
