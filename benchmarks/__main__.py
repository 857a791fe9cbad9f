"""`python -m benchmarks [a benchmark, or all]`: measures, shows, writes the README."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console

from benchmarks.actions import count_actions
from benchmarks.ground import Ground, prepared
from benchmarks.latency import latency
from benchmarks.memory import memory
from benchmarks.results import Result, write
from benchmarks.starts import starts
from benchmarks.throughput import throughput

Benchmark = Callable[[Ground], Awaitable[Result]]
BENCHMARKS: dict[str, Benchmark] = {
    "latency": latency,
    "throughput": throughput,
    "actions": count_actions,
    "memory": memory,
    "starts": starts,  # leaves no worker behind, so it is last
}


async def main(wanted: str, quick: bool, console: Console) -> None:
    benchmarks = BENCHMARKS | ({"memory": partial(memory, quick=True)} if quick else {})
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
    parser.add_argument("--quick", action="store_true", help="memory over 4,000 events instead of 20,000")
    given = parser.parse_args()
    asyncio.run(main(given.wanted, given.quick, Console()))
