"""What is made once into our cache folder, parts of Temporal mostly, and built by Go from pinned modules."""

import asyncio
import os
import re
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import platformdirs
from rich.console import Console

from local.processes import end, locked, spawn

GO_MODULE = Path(__file__).parents[1] / "tools" / "temporal"
GO_NEEDED = (1, 26)


class NoTemporal(RuntimeError):
    """A part of Temporal is nowhere and cannot be made; the text says what to do."""


def cache_path() -> Path:
    chosen = os.environ.get("MOGULFLOW_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("mogulflow")


async def made_once(cached: Path, make: Callable[[Path], Awaitable[Path]]) -> Path:
    """The cached file or folder. Where it is missing, `make` makes it in the folder it is given.

    It appears only when it is whole, and of several processes one makes it.
    """
    while not cached.exists():
        try:
            with locked(cached.with_suffix(".lock")):
                await _make(cached, make)
        except BlockingIOError:
            await asyncio.sleep(0.5)  # another process is at it
    return cached


async def _make(cached: Path, make: Callable[[Path], Awaitable[Path]]) -> None:
    if cached.exists():
        return
    partial = cached.parent / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    os.replace(await make(partial), cached)
    shutil.rmtree(partial)


async def go_build(
    what: str,
    packages: Sequence[str],
    folder: Path,
    console: Console,
    *,
    else_do: str,
    link: str = "",
    module: Path = GO_MODULE,
) -> None:
    """Build the packages' commands into the folder. `else_do` helps who cannot build here; `module` is the
    folder of the go.mod that pins them."""
    _require_go(what, else_do, module)
    log = folder / "build.log"

    def counts() -> str:
        lines = log.read_text().splitlines()
        modules = sum(line.startswith("go: ") for line in lines)
        return f"{modules} modules downloaded, {len(lines) - modules} packages compiled"

    command = ["go", "build", "-v", "-trimpath", "-ldflags", f"-s -w {link}", "-o", f"{folder}/", *packages]
    console.print(f"Building {what} with Go: up to 5 minutes on 2 cores, once.")
    process = spawn(command, log, os.environ | {"CGO_ENABLED": "0"}, module)
    await watch(process, f"Building {what}", counts, console)
    if not all((folder / package.rpartition("/")[2]).exists() for package in packages):
        last_words = "\n".join(log.read_text().splitlines()[-10:])
        raise NoTemporal(f"Building {what} failed:\n{last_words}\n{else_do}")


def _require_go(what: str, else_do: str, module: Path) -> None:
    # in the module's folder, where Go may fetch the newer toolchain that go.mod asks for
    said = answer(["go", "version"], module) if shutil.which("go") else "Go is not installed"
    version = re.search(r"go(\d+)\.(\d+)", said)
    if not version or (int(version[1]), int(version[2])) < GO_NEEDED:
        raise NoTemporal(f"{what} has to be built here, but: {said}.\n{else_do}")


def answer(command: list[str], directory: Path | None = None) -> str:
    """What a short command says."""
    try:
        ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (ran.stdout or ran.stderr).strip()


async def watch(
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
