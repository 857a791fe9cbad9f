"""Temporal's CLI on this machine: found, downloaded, or built from the Go module proxy."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

from rich.console import Console
from temporalio.testing import WorkflowEnvironment

from local.builds import GO_NEEDED, answer, cache_path, go_build, made_once, watch
from local.processes import spawn

ROOT = Path(__file__).parents[1]
VERSION = "1.8.2"
OLDEST = (1, 4)
"""An older CLI has a server before 1.28, without what the Web UI and we rely on."""

STALLED_SECONDS = 10.0
"""A download without a byte for this long is given up."""


async def find_cli(console: Console | None = None) -> Path:
    """The `temporal` on the path, our cached copy, the SDK's download, or a build of our own."""
    console = console or Console(stderr=True)
    if found := _on_path(console):
        return found

    async def make(partial: Path) -> Path:
        return await _download(partial, console) or await _build(partial, console)

    return await made_once(cache_path() / f"temporal-{VERSION}" / "temporal", make)


def _on_path(console: Console) -> Path | None:
    found = shutil.which("temporal")
    if not found:
        return None
    said = answer([found, "--version"])
    version = re.search(r"(\d{1,4})\.(\d{1,4})\.\d", said)
    if version and (int(version[1]), int(version[2])) >= OLDEST:
        return Path(found)
    oldest = ".".join(map(str, OLDEST))
    console.print(f"Not using {found}: it says {said!r}, and {oldest} is the oldest that fits.")
    return None


async def _download(partial: Path, console: Console) -> Path | None:
    title = f"Downloading Temporal {VERSION}"

    def megabytes() -> str:
        sizes = [_size(file) for file in partial.glob("temporal*")]
        return f"{sum(sizes) >> 20} MB"

    command = [sys.executable, "-m", "local.temporal_cli", str(partial)]
    process = spawn(command, partial / "log", directory=ROOT)
    await watch(process, title, megabytes, console, stalled_seconds=STALLED_SECONDS)
    made = partial / f"temporal-v{VERSION}"
    if made.exists():
        return made
    console.print("Temporal's download site cannot be reached from here.")
    return None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # just renamed
        return 0


async def _download_to(folder: str) -> None:
    """The SDK has no call for the download alone: it starts the server it has fetched."""
    server = await WorkflowEnvironment.start_local(
        download_dest_dir=folder, dev_server_download_version=f"v{VERSION}"
    )
    await server.shutdown()


async def _build(partial: Path, console: Console) -> Path:
    await go_build(
        "Temporal's CLI",
        ["github.com/temporalio/cli/cmd/temporal"],
        partial,
        console,
        else_do=_WHAT_TO_DO,
        link=f"-X github.com/temporalio/cli/internal/temporalcli.Version={VERSION}",
    )
    return partial / "temporal"


_WHAT_TO_DO = (
    f"Install Temporal's CLI so that `temporal` is on the path (https://docs.temporal.io/cli), "
    f"or Go {GO_NEEDED[0]}.{GO_NEEDED[1]} or newer (https://go.dev/dl/), then run this again. "
    "Or set TEMPORAL_ADDRESS to a server that runs already."
)


if __name__ == "__main__":
    asyncio.run(_download_to(sys.argv[1]))
