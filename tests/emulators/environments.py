"""Environments of the emulators: fakesnow, say, needs an older connector than the product's. Those of
json-server and Prism are made by Node.js's package manager, and Stripe's own mock is built by Go."""

import hashlib
import shutil
from pathlib import Path

from rich.console import Console

from local import environments
from local.builds import GO_NEEDED, NoTemporal, cache_path, go_build, made_once, watch
from local.environments import NoEnvironment
from local.processes import spawn

HERE = Path(__file__).parent
OF_PYTHON = ("snowflake", "bigquery", "s3", "httpbin", "fastmcp")
OF_NODE = ("json_server", "prism", "mcp")
NAMES = (*OF_PYTHON, "json_server", "mcp", "stripe_mock")
"""What `make test` needs. Prism is for `make test-specs`; `mcp` has clients of the Model Context Protocol and
its public suite, in a Node.js of their own, and `fastmcp` one more client."""


async def program_of(name: str, console: Console | None = None) -> Path:
    """The emulator, or the interpreter that has it, made where it is missing; of `mcp` the interpreter, with
    the packages in `packages_beside` it. Raises NoEnvironment."""
    console = console or Console(stderr=True)
    if name in OF_PYTHON:
        lock = HERE / f"{name}.lock"
        return await environments.python_of(f"emulator-{name}", lock, f"the emulator of {name}", console)
    return await (_of_node(name, console) if name in OF_NODE else _stripe_mock(console))


async def _of_node(name: str, console: Console) -> Path:
    source, title = HERE / name, name.replace("_", "-")

    async def make(partial: Path) -> Path:
        if not shutil.which("npm"):
            raise NoEnvironment("Node.js and npm are missing. On Debian: sudo apt install nodejs npm")
        made = partial / "environment"
        shutil.copytree(source, made)
        log = partial / "install.log"
        npm = ["npm", "ci", "--prefix", str(made), "--ignore-scripts", "--no-audit", "--no-fund"]
        process = spawn(npm, log)
        await watch(process, f"Installing {title}", lambda: "npm ci", console)
        if process.returncode:
            raise NoEnvironment(f"Installing {title} failed:\n{log.read_text(errors='replace')[-2_000:]}")
        return made

    folder = await made_once(_place(title, source / "package-lock.json") / "node", make)
    modules = folder / "node_modules"
    return _node_in(modules) if name == "mcp" else modules / ".bin" / title


def _node_in(modules: Path) -> Path:
    """The Inspector needs a later one than many systems have: the one that npm chose for this machine."""
    found = sorted(modules.glob("node-*/bin/node"))
    if not found:
        raise NoEnvironment("There is no Node.js in the packages for this kind of machine.")
    return found[0]


def packages_beside(node: Path) -> Path:
    """`node_modules`."""
    return node.parents[2]


async def _stripe_mock(console: Console) -> Path:
    source = HERE / "stripe_mock"

    async def make(partial: Path) -> Path:
        package, version = "github.com/stripe/stripe-mock", ".".join(map(str, GO_NEEDED))
        advice = f"Install Go {version} or newer (https://go.dev/dl/), then run this again."
        try:
            await go_build("Stripe's mock", [package], partial, console, else_do=advice, module=source)
        except NoTemporal as error:
            raise NoEnvironment(str(error)) from None
        return partial / "stripe-mock"

    return await made_once(_place("stripe-mock", source / "go.sum") / "stripe-mock", make)


def _place(title: str, lock: Path) -> Path:
    """Another lock file is another folder."""
    return cache_path() / f"emulator-{title}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
