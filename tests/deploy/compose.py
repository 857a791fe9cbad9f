"""docker-compose.yml without containers: its very commands, environment and health checks, with the
containers' host names, ports and paths replaced by those of this machine."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from ruamel.yaml import YAML

from local import postgres, postgres_server
from local.postgres import Postgres
from local.processes import Child, free_ports
from local.stack import EXAMPLE_CONFIG
from tests import imported
from tests.imported import ImportedChild
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = YAML(typ="safe").load(FILE)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PORTS = ("5432", "7233", "7243", "8233", "8080", "8090", "9090")
NOT_HERE = {"ui"}
"""Services whose program no package of this machine has."""

BETWEEN_CHECKS = 0.5
"""Seconds. Each check is a program of its own: without a pause they would take the time that a service needs
to come up."""

WGET = "import sys; from urllib.request import urlopen; urlopen(sys.argv[-1], timeout=4)"


@dataclass(frozen=True)
class Machine:
    """What stands here for the containers' world."""

    profile: str
    home: Path
    programs: Path
    """The folder with Temporal's own."""
    dotenv: dict[str, str]
    ports: dict[str, str]

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        chosen = {name: each for name, each in SERVICES.items() if self.profile in each["profiles"]}
        return {name: each for name, each in chosen.items() if name not in NOT_HERE}

    def translate(self, text: str, paths: Mapping[str, Path]) -> str:
        text = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: self.dotenv.get(found[1]) or found[2], text)
        text = re.sub(rf"\b({'|'.join(self.services)})(?=:\d)", "127.0.0.1", text)
        text = text.replace("0.0.0.0", "127.0.0.1")
        for target, source in paths.items():
            text = text.replace(target, str(source))
        return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: self.ports[found[0]], text)

    def command(self, service: dict[str, Any], words: list[str]) -> list[str]:
        stand_ins = {
            "python": [sys.executable],
            "temporal": [str(self.programs / "temporal")],
            "temporal-server": [str(self.programs / "temporal-server")],
            "wget": [sys.executable, "-c", WGET],
            "pg_isready": [str(postgres.find_postgres() / "pg_isready")],
        }
        paths = self.paths(service)
        program = stand_ins.get(words[0], [words[0]])
        return [*program, *(self.translate(word, paths) for word in words[1:])]

    def paths(self, service: dict[str, Any]) -> dict[str, Path]:
        """Where each volume's folder in the container is here."""
        pairs = (volume.split(":")[:2] for volume in service.get("volumes", ()))
        return {target: (ROOT if source[0] == "." else self.home) / source for source, target in pairs}

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        image = dict(re.findall(r"^ENV (\w+)=(\S+)$", DOCKERFILE, re.MULTILINE))
        given = {name: value for name, value in image.items() if name != "PATH"}
        for file in service.get("env_file", ()):
            given |= self.dotenv if isinstance(file, dict) else dict(dotenv_values(ROOT / file))
        paths = self.paths(service)
        named = {
            name: "127.0.0.1" if value in self.services else self.translate(value, paths)
            for name, value in service.get("environment", {}).items()
        }
        path = os.pathsep.join((str(self.programs), os.environ["PATH"]))
        return {
            **{"PATH": path, "HOME": str(self.home)},
            **given,
            **named,
            **self.inner_ports(service),
        }

    def inner_ports(self, service: dict[str, Any]) -> dict[str, str]:
        """A container of its own has no need to name them."""
        if not service["image"].startswith("temporalio/server:"):
            return {}
        free = map(str, free_ports(*[0] * len(postgres_server.PORTS)))
        named = {"FRONTEND_GRPC_PORT": self.ports["7233"], "FRONTEND_HTTP_PORT": self.ports["7243"]}
        return dict(zip(postgres_server.PORTS, free, strict=True)) | named

    def application(self) -> Path:
        """What the image's `COPY . .` brings: nothing whose name begins with a dot."""
        folder = self.home / "app"
        if not folder.exists():
            folder.mkdir()
            for path in ROOT.glob("[!.]*"):
                if path.name not in ("config", "data"):
                    (folder / path.name).symlink_to(path)
            (folder / "config").symlink_to(EXAMPLE_CONFIG)  # each is a volume; config is a user's own
            (folder / "data").symlink_to(self.home / "data")
        return folder


def entrypoint(service: dict[str, Any]) -> list[str]:
    if service["image"].startswith("temporalio/temporal:"):
        return ["temporal"]
    if service["image"].startswith("temporalio/server:"):
        return ["temporal-server", "start"]
    [words] = re.findall(r"^ENTRYPOINT (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return list(service.get("entrypoint") or YAML(typ="safe").load(words))


def child(name: str, machine: Machine) -> Child:
    service = machine.services[name]
    log = machine.home / "logs" / name
    if service["image"].startswith("postgres:"):
        return Postgres(machine.home / "postgresql", int(machine.ports["5432"]), log)
    environment = machine.environment(service)
    command = machine.command(service, [*entrypoint(service), *service.get("command", ())])
    return (ImportedChild if is_forked(machine, command) else Child)(
        name=name,
        command=command,
        log=log,
        ready=health_check(service, machine, environment),
        asked_every_seconds=BETWEEN_CHECKS,
        environment=environment,
        directory=machine.application(),
    )


def is_forked(machine: Machine, command: Sequence[str]) -> bool:
    """Of the two profiles one shows that each program starts by itself; the other need not import it anew."""
    return machine.profile == "dev" and command[0] == sys.executable


def health_check(
    service: dict[str, Any], machine: Machine, environment: dict[str, str]
) -> Callable[[], Awaitable[None]]:
    async def healthy() -> None:
        assert service["healthcheck"]["test"][0] == "CMD"
        await run(machine.command(service, service["healthcheck"]["test"][1:]), environment)

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


async def run_once(machine: Machine, service: Child) -> None:
    assert service.environment
    command, environment, folder = list(service.command), dict(service.environment), machine.application()
    if not is_forked(machine, command):
        await run(command, environment, folder)
        return
    code = await imported.run_python(command[1:], environment, folder, PATIENCE_SECONDS)
    assert code == 0, (folder / "output").read_text()


@asynccontextmanager
async def compose_up(
    profile: str, home: Path, programs: Path, dotenv: Mapping[str, str] = {}
) -> AsyncIterator[Machine]:
    """All services, each after those it depends on."""
    ports = dict(zip(PORTS, map(str, free_ports(*[0] * len(PORTS))), strict=True))
    machine = Machine(profile, home, programs, dict(dotenv), ports)
    for volume in COMPOSE["volumes"]:
        (home / volume).mkdir()
    services = machine.services
    order = TopologicalSorter({name: services[name].get("depends_on", ()) for name in services})
    async with AsyncExitStack() as stack:
        for name in order.static_order():
            service = child(name, machine)
            if services[name]["healthcheck"].get("disable"):
                await run_once(machine, service)
                continue
            stack.push_async_callback(service.stop)
            await service.start()
            if isinstance(service, Postgres):
                await health_check(services[name], machine, machine.environment(services[name]))()
                machine.dotenv["POSTGRES_PASSWORD"] = service.password
        yield machine
