"""The whole product as child processes on free ports: simulators, Temporal, ingress and workers."""

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from temporalio.client import Client

from local.builds import NoTemporal
from local.connectors import simulated_connectors
from local.devserver import DevServer, GivenServer, Server
from local.postgres_server import PostgresServer
from local.processes import Child, ChildFailed, free_ports
from local.temporal_cli import find_cli
from local.temporal_server import find_server
from settings import Settings
from simulators.kit.control import NO_CERTIFICATES
from systems import BILLING, SYSTEMS

ROOT = Path(__file__).parents[1]
STATE = Path(os.environ.get("MOGULFLOW_STATE_DIR") or ROOT / ".mogulflow")
EXAMPLE_CONFIG = ROOT / "examples" / "config"
"""Routes and mappings as they ship. Those in config are a user's own."""

OURS = ("TEMPORAL_", "POSTGRES_", *(name.upper() for name in Settings.model_fields))
"""How a user's own settings begin, none of which may reach a stack that talks to simulators."""

DIRECT = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
"""The simulators stand on this machine. Of two spellings libraries read the lower one first."""


@dataclass(frozen=True)
class Ports:
    """Wishes: a busy port gives way to the next free one, 0 takes any."""

    temporal: int = 7233
    web_ui: int | None = 8233
    ingress: int = 8080
    simulators: int = 8090


ANY_PORTS = Ports(temporal=0, web_ui=None, ingress=0, simulators=0)
"""For tests and benchmarks; without a Web UI."""


class Stack:
    """Children that can be stopped, killed and started again one by one.

    `async with` starts and stops all of them. Should this process be killed, they end as well.
    Temporal is the dev server, or with `temporal="postgres"`, or MOGULFLOW_TEMPORAL=postgres in the
    environment, the server that runs in production, on PostgreSQL. With `given_temporal` it is the
    one that TEMPORAL_ADDRESS names.
    With `schedules` they are applied once all is up: polls begin.
    With `apart` there are `ingress` and `worker` in the place of `serve`.
    `account` names the one ChartMogul account. The connectors of the folder `connectors` lead to the
    simulated product. `furnish` is called once the simulators are up, before anything can act on them: runs
    of an earlier time go on as soon as there is a worker.
    """

    child: type[Child] = Child
    """Makes those that run Python of ours: services and simulators."""

    dev_server: type[DevServer] = DevServer

    simulators: Child
    temporal: Server
    serve: Child
    ingress: Child
    worker: Child

    def __init__(
        self,
        state: Path = STATE,
        ports: Ports = Ports(),
        *,
        customers: int = 200,
        seed: int = 7,
        latency_ms: int = 0,
        environment: Mapping[str, str] | None = None,
        temporal: str | None = None,
        given_temporal: bool = False,
        schedules: bool = False,
        apart: bool = False,
        account: str = "default",
        connectors: Path = EXAMPLE_CONFIG / "connectors",
        furnish: Callable[["Stack"], None] | None = None,
    ) -> None:
        self._state = state.resolve()
        self._wishes = ports
        self._simulator_options = {
            "--customers": customers,
            "--seed": seed,
            "--latency-ms": latency_ms,
        }
        self._more_environment = environment or {}
        self._temporal_kind = temporal or os.environ.get("MOGULFLOW_TEMPORAL") or "dev"
        self._given_temporal = given_temporal
        self._schedules = schedules
        self._apart = apart
        self._furnish = furnish
        self._account = account.upper()
        self._connectors = connectors
        self.variables: dict[str, str] = {}
        """Secrets of the connectors."""
        self.webhook_secret = secrets.token_urlsafe(16)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        await self._lay_out()
        try:
            await self.simulators.start()
            if self._furnish:
                self._furnish(self)
            for child in (self.temporal, *self.services):
                await child.start()
            if self._schedules:
                await self._apply_schedules()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """The service first, while what it talks to is there to let it finish."""
        await asyncio.gather(*(service.stop() for service in self.services))
        await asyncio.gather(self.temporal.stop(), self.simulators.stop())

    async def client(self) -> Client:
        return await self.temporal.client()

    @property
    def services(self) -> tuple[Child, ...]:
        return (self.ingress, self.worker) if self._apart else (self.serve,)

    @property
    def webhook_url(self) -> str:
        return self.webhook_of("chartmogul")

    def webhook_of(self, system: str) -> str:
        """Where that system sends its webhooks: ChartMogul, or what bills."""
        return f"{self.ingress_url}/webhooks/{system}/{self.webhook_secret}"

    async def _lay_out(self) -> None:
        for log in (self._state / "logs").glob("*.log"):
            log.unlink()
        wishes = self._wishes
        wanted = (wishes.temporal, wishes.ingress, wishes.simulators, wishes.web_ui or 0, 0)
        temporal, ingress, simulators, web_ui, metrics = free_ports(*wanted)
        self.simulators_url = f"http://127.0.0.1:{simulators}"
        self.ingress_url = f"http://127.0.0.1:{ingress}"
        self.temporal = await self._server(temporal, web_ui if wishes.web_ui is not None else None)
        self.variables = simulated_connectors(self._connectors, self._own_connectors, self.simulators_url)
        options = [str(word) for option in self._simulator_options.items() for word in option]
        self.simulators = self._python(
            "simulators",
            ["-m", "simulators", "--port", str(simulators), *options],
            f"{self.simulators_url}/control/faults",
        )
        self._lay_out_services(f"127.0.0.1:{metrics}")

    async def _server(self, port: int, web_ui_port: int | None) -> Server:
        if self._given_temporal:
            return GivenServer(self._state)
        match self._temporal_kind:
            case "dev":
                return self.dev_server(await find_cli(), self._state, port, web_ui_port)
            case "postgres":
                return PostgresServer(await find_server(), self._state, port)
            case unknown:
                raise NoTemporal(f"MOGULFLOW_TEMPORAL is {unknown!r}; it can be `dev` or `postgres`")

    async def _apply_schedules(self) -> None:
        prune = [] if self._given_temporal else ["--prune"]  # of an account that was simulated before
        code, output = await self._command("schedules", "apply", *prune)
        if code:
            raise ChildFailed(f"The schedules were not applied: {output}")

    async def _command(self, *arguments: str) -> tuple[int | None, str]:
        """Its exit code, and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "cli.py"), *arguments),
            env=self.environment,
            cwd=self._state,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode, output.decode(errors="replace")

    def _lay_out_services(self, metrics: str) -> None:
        command, ready = str(ROOT / "cli.py"), f"{self.ingress_url}/ready"
        if not self._apart:
            self.serve = self._python("serve", [command, "serve"], ready)
            return
        self.ingress = self._python("ingress", [command, "ingress"], ready)
        address = {"WORKER_METRICS_ADDRESS": metrics}
        self.worker = self._python("worker", [command, "worker"], f"http://{metrics}/metrics", address)

    def _python(
        self, name: str, arguments: list[str], answers_at: str, more: Mapping[str, str] | None = None
    ) -> Child:
        return self.child(
            name=name,
            command=[sys.executable, *arguments],
            log=self._state / "logs" / f"{name}.log",
            ready=_answers(answers_at),
            environment={**self.environment, **(more or {})},
            directory=self._state,  # where no .env of a person's own connections lies
        )

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that exports go to."""
        return self._state / "warehouse.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        """What connects a process of ours to this stack."""
        return {
            **without_connections(os.environ),
            **self._temporal_environment(),
            "PYTHONPATH": str(ROOT),
            **DIRECT,
            **self._simulated_systems(),
            **self._webhook_secrets(),
            **self.variables,
            "CONNECTOR__FOLDER": str(self._own_connectors),
            "WEB_UI_URL": self.temporal.ui_url or "http://127.0.0.1:8233",
            "INGRESS_PORT": self.ingress_url.rpartition(":")[2],
            "INGRESS_URL": self.ingress_url,
            "ROUTES_FILE": str(EXAMPLE_CONFIG / "routes.yaml"),
            "WAREHOUSE__ENGINE": "duckdb",
            "WAREHOUSE__PATH": str(self.warehouse),
            "WAREHOUSE_FILE": str(EXAMPLE_CONFIG / "warehouse.yaml"),
            "CRM_FILE": str(EXAMPLE_CONFIG / "crm.yaml"),
            "AUDIT_FOLDER": str(self._state / "audit"),
            "TOKEN_FOLDER": str(self._state / "tokens"),
            "AGENTS_FILE": str(self._state / "agents.yaml"),  # whether a user has one or not
            **self._more_environment,
        }

    @property
    def _own_connectors(self) -> Path:
        return self._state / "connectors"

    def _webhook_secrets(self) -> dict[str, str]:
        names = ("chartmogul", *(each.name for each in BILLING))
        return {f"{name.upper()}__{self._account}__WEBHOOK_SECRETS": self.webhook_secret for name in names}

    def _simulated_systems(self) -> dict[str, str]:
        """The simulated ChartMogul may be an account of another name, and so what bills for it."""
        return {
            name.replace("__DEFAULT__", f"__{self._account}__"): value.format(simulators=self.simulators_url)
            for system in SYSTEMS
            for name, value in system.simulated.items()
        }

    def _temporal_environment(self) -> dict[str, str]:
        if self._given_temporal:
            return {name: value for name, value in os.environ.items() if name.startswith("TEMPORAL_")}
        return {
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": "default",
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }


def without_connections(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.upper().startswith(OURS)}


def _answers(url: str) -> Callable[[], Awaitable[object]]:
    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=5, verify=NO_CERTIFICATES) as http:
            (await http.get(url)).raise_for_status()

    return ask
