"""Temporal's CLI on this machine: found, downloaded, or built from the Go module proxy."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import platformdirs
from rich.console import Console
from temporalio.testing import WorkflowEnvironment

from processes import end, locked, spawn

VERSION = "1.8.2"
OLDEST = (1, 4)
"""An older CLI has a server before 1.28, without what the Web UI and we rely on."""

GO_MODULE = Path(__file__).parent / "tools" / "temporal-cli"
GO_NEEDED = (1, 26)
STALLED_SECONDS = 10.0
"""A download without a byte for this long is given up."""


class NoTemporal(RuntimeError):
    """Temporal's CLI is nowhere and cannot be made; the text says what to do."""


async def find_cli(console: Console | None = None) -> Path:
    """The `temporal` on the path, our cached copy, the SDK's download, or a build of our own."""
    console = console or Console(stderr=True)
    cached = _cache_path() / f"temporal-{VERSION}" / "temporal"
    if found := _on_path(console):
        return found
    while not cached.exists():
        try:
            with locked(cached.with_suffix(".lock")):
                await _make(cached, console)
        except BlockingIOError:
            await asyncio.sleep(0.5)  # another process is at it
    return cached


def _cache_path() -> Path:
    chosen = os.environ.get("MOGULFLOW_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("mogulflow")


def _on_path(console: Console) -> Path | None:
    found = shutil.which("temporal")
    if not found:
        return None
    said = _answer([found, "--version"])
    version = re.search(r"(\d+)\.(\d+)\.\d+", said)
    if version and (int(version[1]), int(version[2])) >= OLDEST:
        return Path(found)
    oldest = ".".join(map(str, OLDEST))
    console.print(f"Not using {found}: it says {said!r}, and {oldest} is the oldest that fits.")
    return None


async def _make(cached: Path, console: Console) -> None:
    """Download or build beside the cached copy, which appears only when it is whole."""
    if cached.exists():
        return
    partial = cached.parent / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    made = await _download(partial, console) or await _build(partial, console)
    os.replace(made, cached)
    shutil.rmtree(partial)


async def _download(partial: Path, console: Console) -> Path | None:
    title = f"Downloading Temporal {VERSION}"

    def megabytes() -> str:
        sizes = [_size(file) for file in partial.glob("temporal*")]
        return f"{sum(sizes) >> 20} MB"

    command = [sys.executable, __file__, str(partial)]
    process = spawn(command, partial / "log")
    await _watch(process, title, megabytes, console, stalled_seconds=STALLED_SECONDS)
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
    _require_go()
    made, log = partial / "temporal", partial / "build.log"

    def counts() -> str:
        lines = log.read_text().splitlines()
        modules = sum(line.startswith("go: ") for line in lines)
        return f"{modules} modules downloaded, {len(lines) - modules} packages compiled"

    version = f"-X github.com/temporalio/cli/internal/temporalcli.Version={VERSION}"
    command = ["go", "build", "-v", "-trimpath", "-ldflags", f"-s -w {version}", "-o", str(made)]
    environment = os.environ | {"CGO_ENABLED": "0"}
    console.print(f"Building Temporal {VERSION} with Go: about 5 minutes on 2 cores, once.")
    process = spawn([*command, "github.com/temporalio/cli/cmd/temporal"], log, environment, GO_MODULE)
    await _watch(process, "Building Temporal", counts, console)
    if not made.exists():
        last_words = "\n".join(log.read_text().splitlines()[-10:])
        raise NoTemporal(f"Building Temporal's CLI failed:\n{last_words}\n{_WHAT_TO_DO}")
    return made


_WHAT_TO_DO = (
    f"Install Temporal's CLI so that `temporal` is on the path (https://docs.temporal.io/cli), "
    f"or Go {GO_NEEDED[0]}.{GO_NEEDED[1]} or newer (https://go.dev/dl/), then run this again. "
    "Or set TEMPORAL_ADDRESS to a server that runs already."
)


def _require_go() -> None:
    # in the module's folder, where Go may fetch the newer toolchain that go.mod asks for
    said = _answer(["go", "version"], GO_MODULE) if shutil.which("go") else "Go is not installed"
    version = re.search(r"go(\d+)\.(\d+)", said)
    if not version or (int(version[1]), int(version[2])) < GO_NEEDED:
        raise NoTemporal(f"Temporal's CLI has to be built here, but: {said}.\n{_WHAT_TO_DO}")


def _answer(command: list[str], directory: Path | None = None) -> str:
    try:
        ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (ran.stdout or ran.stderr).strip()


async def _watch(
    process: subprocess.Popen[bytes],
    title: str,
    describe: Callable[[], str],
    console: Console,
    stalled_seconds: float | None = None,
) -> None:
    """Show how far it is, in place on a terminal, else every quarter of a minute."""
    started = changed = printed = time.monotonic()
    before = describe()
    try:
        with console.status(title) as status:
            while process.poll() is None:
                await asyncio.sleep(0.2)
                now, progress = time.monotonic(), describe()
                if progress != before:
                    before, changed = progress, now
                if stalled_seconds and now - changed > stalled_seconds:
                    break
                line = f"{title}: {progress}, {timedelta(seconds=int(now - started))}"
                status.update(line)
                if not console.is_terminal and now - printed > 15:
                    printed = now
                    console.print(line)
    finally:
        await end(process)


if __name__ == "__main__":
    asyncio.run(_download_to(sys.argv[1]))
