"""docker-compose.yml without containers: its very commands, environment and health checks, with the
containers' host names, ports and paths replaced by those of this machine."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from processes import Child, free_ports
from simulators.control import Control
from temporal_cli import find_cli

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = YAML().load(FILE)["services"]
PORTS = ("7233", "8233", "8080", "8090", "9090")


@dataclass(frozen=True)
class Machine:
    """What stands here for the containers' world."""

    cli: Path
    home: Path
    ports: dict[str, str]

    def translate(self, text: str) -> str:
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        text = re.sub(r"\b(temporal|simulators|ingress)(?=:\d)", "127.0.0.1", text)
        text = text.replace("0.0.0.0", "127.0.0.1").replace("/home/temporal", str(self.home))
        return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: self.ports[found[0]], text)

    def command(self, words: list[str]) -> list[str]:
        programs = {"python": sys.executable, "temporal": str(self.cli)}
        return [programs.get(words[0], words[0]), *map(self.translate, words[1:])]

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        image = dict(re.findall(r"^ENV (\w+)=(\S+)$", DOCKERFILE, re.MULTILINE))
        given = {name: value for name, value in image.items() if name != "PATH"}
        given |= dict(service.get("environment", {}))
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)} | {
            name: self.translate(value) for name, value in given.items()
        }

    def application(self) -> Path:
        """What the image's `COPY . .` brings: nothing whose name begins with a dot."""
        folder = self.home / "app"
        if not folder.exists():
            folder.mkdir()
            for path in ROOT.glob("[!.]*"):
                (folder / path.name).symlink_to(path)
        return folder


def entrypoint(service: dict[str, Any]) -> list[str]:
    if "image" in service and service["image"].startswith("temporalio/temporal:"):
        return ["temporal"]
    [words] = re.findall(r"^ENTRYPOINT (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return list(service.get("entrypoint") or YAML(typ="safe").load(words))


def child(name: str, machine: Machine) -> Child:
    service = SERVICES[name]
    environment = machine.environment(service)
    return Child(
        name=name,
        command=machine.command([*entrypoint(service), *service.get("command", ())]),
        log=machine.home / "logs" / name,
        ready=health_check(service, machine, environment),
        environment=environment,
        directory=machine.application(),
    )


def health_check(
    service: dict[str, Any], machine: Machine, environment: dict[str, str]
) -> Callable[[], Awaitable[None]]:
    async def healthy() -> None:
        assert service["healthcheck"]["test"][0] == "CMD"
        await run(machine.command(service["healthcheck"]["test"][1:]), environment)

    return healthy


async def run(command: list[str], environment: dict[str, str], directory: Path = ROOT) -> None:
    ran = await asyncio.to_thread(
        subprocess.run,
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert ran.returncode == 0, ran.stderr


@asynccontextmanager
async def compose_up(cli: Path, home: Path) -> AsyncIterator[dict[str, str]]:
    """All services, each after those it depends on; yields our port for each of theirs."""
    ports = dict(zip(PORTS, map(str, free_ports(*[0] * len(PORTS))), strict=True))
    machine = Machine(cli, home, ports)
    order = TopologicalSorter({name: SERVICES[name].get("depends_on", ()) for name in SERVICES})
    async with AsyncExitStack() as stack:
        for name in order.static_order():
            service = child(name, machine)
            if SERVICES[name].get("healthcheck", {}).get("disable"):
                assert service.environment
                await run(list(service.command), dict(service.environment), machine.application())
                continue
            stack.push_async_callback(service.stop)
            await service.start()
        yield ports


def test_the_compose_file_is_valid() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", FILE], check=True, capture_output=True
    )


def test_every_long_running_service_has_a_health_check() -> None:
    checked = {name for name in SERVICES if "test" in SERVICES[name]["healthcheck"]}
    assert checked == {"temporal", "ingress", "worker", "simulators"}


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_image_leaves_secrets_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ".*" in ignored  # .env among them


async def test_a_cancellation_goes_through(tmp_path: Path) -> None:
    async with compose_up(await find_cli(), tmp_path) as ports:
        with Control(f"http://127.0.0.1:{ports['8090']}") as control:
            control.cancel(control.customers(limit=1)[0].uuid)
            await exactly_one(lambda: control.records("Task"))
            await exactly_one(control.messages)


async def exactly_one(look: Callable[[], list[Any]]) -> None:
    async with asyncio.timeout(20):
        while not (found := look()):
            await asyncio.sleep(0.1)
    assert len(found) == 1
