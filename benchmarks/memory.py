"""What the service holds on to: its memory after the first events, and after many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from benchmarks.ground import Ground, flat_out
from benchmarks.results import Result, at_most

ROUND = 1_000
EVENTS, QUICK_EVENTS = 20_000, 4_000
LOOK_SECONDS = 0.1
GOAL_MB = 20
"""What it may have grown by since the first round."""


async def memory(ground: Ground, *, quick: bool = False) -> Result:
    """Of the one process that is ingress and worker. Its runs end at once, so that none is held rightly."""
    events = QUICK_EVENTS if quick else EVENTS
    megabytes = {}
    for done in range(ROUND, events + 1, ROUND):
        await flat_out(ground.save, ground.cancellations(ROUND))
        megabytes[done] = await resident(ground.stack.serve.pid)
    first, last = megabytes[ROUND], megabytes[events]
    shown = {done: megabytes[done] for done in (ROUND, events // 4, events // 2, events)}
    rows = [[f"after {done:,} events", f"{value:.0f}", ""] for done, value in shown.items()]
    rows.append(["... grown since the first", f"{last - first:+.0f}", at_most(GOAL_MB, last - first)])
    note = "Resident memory of `mogulflow serve`, ingress and worker in one process, flat out."
    return Result("memory", ["megabytes", "", "goal"], rows, note)


async def resident(pid: int) -> float:
    """Asked of `ps`, which every Unix has."""
    asked = await asyncio.create_subprocess_exec(
        "ps", "-o", "rss=", "-p", str(pid), stdout=asyncio.subprocess.PIPE
    )
    kilobytes, _ = await asked.communicate()
    return int(kilobytes) / 1024


@asynccontextmanager
async def peak_of(pid: int) -> AsyncIterator[list[float]]:
    """Megabytes, as they are found while the block lasts."""
    found = [await resident(pid)]

    async def look() -> None:
        while True:
            found.append(await resident(pid))
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield found
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
