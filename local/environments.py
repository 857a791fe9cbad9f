"""Python environments apart from the product's, made once into the cache folder from their lock files.

What tests and benchmarks run beside the product needs packages that do not go together with its own.
"""

import hashlib
import sys
from pathlib import Path

from rich.console import Console

from local.builds import cache_path, made_once, watch
from local.processes import spawn


class NoEnvironment(RuntimeError):
    """An environment could not be made; the text has the installer's last words."""


async def python_of(name: str, lock: Path, what: str, console: Console | None = None) -> Path:
    """The interpreter of the environment that the lock file describes, made where it is missing."""
    console = console or Console(stderr=True)

    async def make(partial: Path) -> Path:
        return await _install(lock, f"Installing {what}", partial, console)

    return await made_once(_place(name, lock), make) / "bin" / "python"


def _place(name: str, lock: Path) -> Path:
    """Another lock file or another Python is another environment."""
    content = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    version = ".".join(map(str, sys.version_info[:2]))
    return cache_path() / f"{name}-{content}" / f"python{version}"


async def _install(lock: Path, title: str, partial: Path, console: Console) -> Path:
    made = partial / "environment"
    packages = lock.read_text().count("==")
    console.print(f"{title}: {packages} packages, about a minute, once.")
    pip = ["-m", "pip", "install", "--no-deps", "--require-hashes", "-r", str(lock)]
    await _step([sys.executable, "-m", "venv", str(made)], title, partial, console)
    await _step([str(made / "bin" / "python"), *pip], title, partial, console)
    return made


async def _step(command: list[str], title: str, partial: Path, console: Console) -> None:
    log = partial / "install.log"

    def done() -> str:
        return f"{log.read_text().count('Collecting ')} packages fetched"

    process = spawn(command, log)
    await watch(process, title, done, console)
    if process.returncode:
        last_words = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise NoEnvironment(f"{title} failed:\n{last_words}")
