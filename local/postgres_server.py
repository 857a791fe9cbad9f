"""The server that runs in production, on a PostgreSQL of our own, with the files that deploy it."""

import os
from pathlib import Path

from dotenv import dotenv_values

from local.devserver import Server, free_place
from local.postgres import USER, Postgres
from local.processes import free_ports, run

FILES = Path(__file__).parents[1] / "deploy" / "temporal"
PORTS = (
    "FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT",
    "MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT",
)  # fmt: skip
"""What the server listens on beside its own port, by the names in its configuration."""

FORGET_MEMBERS = "TRUNCATE cluster_membership"
"""A server looks for ten seconds for those that ran here a moment ago, on other ports."""


class PostgresServer(Server):
    """Temporal and its database. `kill` and `restart` mean Temporal alone, `stop` means both."""

    def __init__(self, binaries: Path, state: Path, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self._binaries = binaries
        self._state = state
        database_port, *others = free_ports(*[0] * (1 + len(PORTS)))
        self._ports = {"FRONTEND_GRPC_PORT": port, **dict(zip(PORTS, others, strict=True))}
        self.database = Postgres(
            free_place(state, "postgres"), database_port, state / "logs" / "postgres.log"
        )
        super().__init__(
            name="temporal",
            command=[str(binaries / "temporal-server"), "start"],
            log=state / "logs" / "temporal.log",
            ready=self._prepare,
            ready_within_seconds=60,
        )

    async def start(self) -> None:
        try:
            if not self.database.running:
                await self.database.start()
                await self._lay_out_schema()
                await self.database.execute("temporal", FORGET_MEMBERS)
                self.environment = self._environment()
            await super().start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await super().stop()
        await self.database.stop()

    async def restart(self) -> None:
        await super().stop()
        await self.start()

    async def _lay_out_schema(self) -> None:
        database = {
            "SQL_HOST": "127.0.0.1",
            "SQL_PORT": str(self.database.port),
            "SQL_USER": USER,
            "SQL_PASSWORD": self.database.password,
        }
        path = os.pathsep.join((str(self._binaries), os.environ["PATH"]))
        log = self._state / "logs" / "schema.log"
        await run("schema", ["sh", str(FILES / "schema.sh")], log, database | {"PATH": path})

    def _environment(self) -> dict[str, str]:
        """Nothing of ours besides: its template reads variables with very common names."""
        return {
            **{name: value or "" for name, value in dotenv_values(FILES / "server.env").items()},
            **{name: str(port) for name, port in self._ports.items()},
            "DYNAMIC_CONFIG_FILE_PATH": str(FILES / "dynamic-config.yaml"),
            "BIND_ON_IP": "127.0.0.1",
            "POSTGRES_SEEDS": "127.0.0.1",
            "DB_PORT": str(self.database.port),
            "POSTGRES_USER": USER,
            "POSTGRES_PWD": self.database.password,
        }
