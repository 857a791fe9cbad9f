"""Environments of the emulators: fakesnow, say, needs an older connector than the product's. That of
json-server is made by Node.js's package manager."""

import hashlib
import shutil
from pathlib import Path

from rich.console import Console

from local import environments
from local.builds import cache_path, made_once, watch
from local.environments import NoEnvironment
from local.processes import spawn

HERE = Path(__file__).parent
NAMES = ("snowflake", "bigquery", "s3", "httpbin")


async def python_of(name: str, console: Console | None = None) -> Path:
    """The interpreter of the emulator's environment, made where it is missing. Raises NoEnvironment."""
    lock = HERE / f"{name}.lock"
    return await environments.python_of(f"emulator-{name}", lock, f"the emulator of {name}", console)


async def json_server(console: Console | None = None) -> Path:
    """The program, made where it is missing. Raises NoEnvironment, also where there is no Node.js."""
    console = console or Console(stderr=True)
    source = HERE / "json_server"
    content = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]

    async def make(partial: Path) -> Path:
        if not shutil.which("npm"):
            raise NoEnvironment("Node.js and npm are missing. On Debian: sudo apt install nodejs npm")
        made = partial / "environment"
        shutil.copytree(source, made)
        log = partial / "install.log"
        process = spawn(["npm", "ci", "--prefix", str(made), "--no-audit", "--no-fund"], log)
        await watch(process, "Installing json-server", lambda: "npm ci", console)
        if process.returncode:
            raise NoEnvironment(f"Installing json-server failed:\n{log.read_text(errors='replace')[-2_000:]}")
        return made

    folder = await made_once(cache_path() / f"emulator-json-server-{content}", make)
    return folder / "node_modules" / ".bin" / "json-server"
