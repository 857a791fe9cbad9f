"""`python -m benchmarks [latency|throughput|actions|starts|all]`: measures, shows, writes the README."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from rich.console import Console

from benchmarks.actions import count_actions
from benchmarks.ground import Ground, prepared
from benchmarks.latency import latency
from benchmarks.results import Result, write
from benchmarks.starts import starts
from benchmarks.throughput import throughput

BENCHMARKS: dict[str, Callable[[Ground], Awaitable[Result]]] = {
    "latency": latency,
    "throughput": throughput,
    "actions": count_actions,
    "starts": starts,  # leaves no worker behind, so it is last
}


async def main(wanted: str, console: Console) -> None:
    names = list(BENCHMARKS) if wanted == "all" else [wanted]
    with console.status("Starting simulators, Temporal, ingress and worker") as status:
        async with prepared() as ground:
            for name in names:
                status.update(f"Measuring {name}")
                result = await BENCHMARKS[name](ground)
                console.print(result.table(), "")
                write(result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("wanted", nargs="?", default="all", choices=[*BENCHMARKS, "all"])
    asyncio.run(main(parser.parse_args().wanted, Console()))
