"""Python environments of the doubles, made once into the cache folder from their lock files.

A double needs packages that do not go together with the product's: fakesnow, say, an older connector.
"""

import hashlib
import sys
from pathlib import Path

from rich.console import Console

from builds import cache_path, made_once, watch
from processes import spawn

HERE = Path(__file__).parent
NAMES = ("snowflake", "bigquery", "s3")


class NoDouble(RuntimeError):
    """An environment could not be made; the text has the installer's last words."""


async def python_of(name: str, console: Console | None = None) -> Path:
    """The interpreter of the double's environment, made where it is missing."""
    console = console or Console(stderr=True)

    async def make(partial: Path) -> Path:
        return await _install(name, partial, console)

    return await made_once(_place(name), make) / "bin" / "python"


def _lock(name: str) -> Path:
    return HERE / f"{name}.lock"


def _place(name: str) -> Path:
    """Another lock file or another Python is another environment."""
    content = hashlib.sha256(_lock(name).read_bytes()).hexdigest()[:12]
    version = ".".join(map(str, sys.version_info[:2]))
    return cache_path() / f"double-{name}-{content}" / f"python{version}"


async def _install(name: str, partial: Path, console: Console) -> Path:
    made, title = partial / "environment", f"Installing the double of {name}"
    packages = _lock(name).read_text().count("==")
    console.print(f"{title}: {packages} packages, about a minute, once.")
    pip = ["-m", "pip", "install", "--no-deps", "--require-hashes", "-r", str(_lock(name))]
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
        raise NoDouble(f"{title} failed:\n{last_words}")
