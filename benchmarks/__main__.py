"""`python -m benchmarks [a benchmark, or all]`: measures, shows, writes the README."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console

from benchmarks.actions import count_actions
from benchmarks.agents import agents
from benchmarks.analytics import analytics
from benchmarks.crm import crm
from benchmarks.export import export, export_ceiling, export_engines, export_memory
from benchmarks.ground import Ground, prepared
from benchmarks.latency import latency
from benchmarks.memory import memory
from benchmarks.month import month
from benchmarks.pressure import pressure
from benchmarks.results import Result, write
from benchmarks.starts import starts
from benchmarks.templates import templates
from benchmarks.throughput import throughput

Benchmark = Callable[[Ground], Awaitable[Result]]
BENCHMARKS: dict[str, Benchmark] = {
    "latency": latency,
    "throughput": throughput,
    "pressure": pressure,
    "actions": count_actions,
    "templates": templates,
    "agents": agents,
    "memory": memory,
    "export": export,
    "export_ceiling": export_ceiling,
    "export_memory": export_memory,
    "export_engines": export_engines,
    "crm": crm,
    "analytics": analytics,
    "month": month,
    "starts": starts,  # leaves no worker behind, so it is last
}


async def main(wanted: str, quick: bool, million: bool, console: Console) -> None:
    sized = {
        "memory": memory,
        "export_ceiling": export_ceiling,
        "export_memory": export_memory,
        "crm": crm,
        "analytics": analytics,
        "month": month,
    }
    benchmarks = BENCHMARKS | (
        {name: partial(each, quick=True) for name, each in sized.items()} if quick else {}
    )
    if million:
        benchmarks |= {"analytics": partial(analytics, million=True)}
    names = list(benchmarks) if wanted == "all" else [wanted]
    with console.status("Starting simulators, Temporal, ingress and worker") as status:
        async with prepared() as ground:
            for name in names:
                status.update(f"Measuring {name}")
                result = await benchmarks[name](ground)
                console.print(result.table(), "")
                write(result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("wanted", nargs="?", default="all", choices=[*BENCHMARKS, "all"])
    parser.add_argument(
        "--quick", action="store_true", help="fewer events and rows, for memory and the ceiling"
    )
    parser.add_argument(
        "--million", action="store_true", help="analytics: of a million movements, five minutes"
    )
    given = parser.parse_args()
    asyncio.run(main(given.wanted, given.quick, given.million, Console()))
