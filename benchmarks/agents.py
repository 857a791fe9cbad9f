"""What the MCP server adds to ChartMogul's calls, and whether clients that wait slow anybody down."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any

from benchmarks.ground import CALL_MS, Ground
from benchmarks.results import Result, at_most
from benchmarks.templates import times
from local.agent import connected

CALLS, WARM_UP = 40, 5
READ_GOAL_MS, WRITE_GOAL_MS = 25, 80
WAITING, EVENTS, GOAL_TIMES = 10, 20, 1.1
APART_SECONDS = 0.1

Call = Callable[[str], Awaitable[Any]]


async def agents(ground: Ground) -> Result:
    async with connected(ground.stack.ingress_url, ground.token) as agent:
        read = await _measured(ground, lambda uuid: _asked(agent, "get_customer", customer=uuid))
        write = await _measured(ground, lambda uuid: _tagged(agent, uuid))
    alone, beside = await _beside_waiting_clients(ground)
    slower = beside / alone
    return Result(
        "agents",
        ["milliseconds, p50", "whole", "ChartMogul's calls", "added", "goal"],
        [
            _row("`get_customer`, a read", read, READ_GOAL_MS),
            _row("`change_tags`, an allowed write, to its end", write, WRITE_GOAL_MS),
            ["`churn_save`, from webhook to end, nobody waiting", f"{alone:.0f}", "", "", ""],
            [f"... while {WAITING} clients wait for decisions", f"{beside:.0f}", "", "", ""],
            ["... times as long", f"{slower:.2f}", "", "", at_most(GOAL_TIMES, slower)],
        ],
        f"{CALLS} calls of each one by one, by the protocol's Python client; {EVENTS} cancellations, too."
        f" ChartMogul's calls: for how long one or more were under way; each takes {CALL_MS} ms and the"
        " simulator's own work. The share of ChartMogul's rate that agents have is out of the way.",
    )


def _row(name: str, traces: list[tuple[float, float]], goal: float) -> list[str]:
    whole, calls = (median(side) for side in zip(*traces, strict=True))
    added = median(one - other for one, other in traces)
    return [name, f"{whole:.0f}", f"{calls:.0f}", f"{added:.0f}", at_most(goal, added)]


async def _measured(ground: Ground, call: Call) -> list[tuple[float, float]]:
    """Of each: milliseconds as the client sees them, and those in which ChartMogul was asked."""
    instants, wholes = list[datetime](), list[float]()
    for customer in ground.customers(CALLS + WARM_UP):
        instants.append(datetime.now(UTC))
        began = time.perf_counter()
        await call(customer.uuid)
        wholes.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(APART_SECONDS)
    log = ground.control.calls("chartmogul")
    busy = [times(*span, log)[1] for span in pairwise([*instants, datetime.now(UTC)])]
    return list(zip(wholes, busy, strict=True))[WARM_UP:]


async def _asked(agent: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await agent.call_tool(tool, arguments)
    if answer.is_error:
        raise RuntimeError(f"{tool}: {answer.content[0].text}")
    found: dict[str, Any] = answer.structured_content
    return found


async def _tagged(agent: Any, uuid: str) -> None:
    found = await _asked(agent, "change_tags", customer=uuid, add=["vip"], reason="a benchmark")
    if found["status"] != "done":
        raise RuntimeError(f"a change came to {found['status']}: {found['message']}")


async def _beside_waiting_clients(ground: Ground) -> tuple[float, float]:
    """Milliseconds of a cancellation, p50: before and after such rounds, and beside the clients."""
    before = await _cancellations(ground)
    async with AsyncExitStack() as held:
        clients = [
            await held.enter_async_context(connected(ground.stack.ingress_url, ground.token))
            for _ in range(WAITING)
        ]
        customers = ground.customers(EVENTS + 2 * WAITING)
        pairs = list(zip(customers[:WAITING], customers[WAITING : 2 * WAITING], strict=True))
        waits = [
            asyncio.create_task(_waits(client, one.uuid, two.uuid))
            for client, (one, two) in zip(clients, pairs, strict=True)
        ]
        bodies = [ground.control.cancel(row.uuid, send=False) for row in customers[2 * WAITING :]]
        beside = await _p50(ground, bodies)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return median([before, await _cancellations(ground)]), beside


async def _waits(agent: Any, one: str, two: str) -> None:
    asked = await _asked(
        agent, "merge_or_delete_customer", action="merge", customer=one, into=two, reason="a benchmark"
    )
    while True:
        await _asked(agent, "get_run", run_id=asked["run_id"], wait_seconds=10)


async def _cancellations(ground: Ground) -> float:
    return await _p50(ground, ground.cancellations(EVENTS))


async def _p50(ground: Ground, bodies: list[dict[str, Any]]) -> float:
    taken = []
    for body in bodies:
        began = time.perf_counter()
        await ground.save(body)
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)
