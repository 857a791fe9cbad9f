"""The server that runs in production, and the tool for its databases, built from the Go module proxy.

`python -m local.temporal_server` builds them where they are missing and prints their folder.
"""

import asyncio
import sys
from pathlib import Path

from rich.console import Console

from local.builds import GO_NEEDED, NoTemporal, cache_path, go_build, made_once
from temporal import leave_after

VERSION = "1.31.2"
PACKAGES = {
    "temporal-server": "go.temporal.io/server/cmd/server",
    "temporal-sql-tool": "go.temporal.io/server/cmd/tools/sql",
}
"""By the names that the container images give them."""


async def find_server(console: Console | None = None) -> Path:
    """The folder with both commands: our cached copy, or a build of our own."""
    console = console or Console(stderr=True)

    async def make(partial: Path) -> Path:
        await go_build(
            f"Temporal's server {VERSION}",
            list(PACKAGES.values()),
            partial,
            console,
            else_do=_WHAT_TO_DO,
        )
        made = partial / "bin"
        made.mkdir()
        for name, package in PACKAGES.items():
            (partial / package.rpartition("/")[2]).rename(made / name)
        return made

    return await made_once(cache_path() / f"temporal-server-{VERSION}" / "bin", make)


_WHAT_TO_DO = f"Install Go {GO_NEEDED[0]}.{GO_NEEDED[1]} or newer (https://go.dev/dl/), then run this again."


async def main() -> None:
    try:
        sys.stdout.write(f"{await find_server()}\n")
    except NoTemporal as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    leave_after(lambda: asyncio.run(main()))
