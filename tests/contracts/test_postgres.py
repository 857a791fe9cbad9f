"""A PostgreSQL of our own, as installed; each test in a schema of its own."""

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from clients.postgres import Postgres
from clients.warehouse import Engine
from postgres import USER
from postgres import Postgres as Server
from processes import free_ports
from settings_warehouse import PostgresWarehouse
from tests.contracts.warehouse_suite import WarehouseContract

SCHEMAS = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("postgres")
    server = Server(folder / "server", free_ports(0)[0], folder / "postgres.log")
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield server
        runner.run(server.stop())


@pytest.fixture(scope="session")
def dsn(server: Server) -> str:
    return f"postgresql://{USER}:{server.password}@127.0.0.1:{server.port}/postgres"


class TestPostgres(WarehouseContract):
    name = "postgres"

    @pytest.fixture
    def engine(self, dsn: str) -> Engine:
        schema = f"chartmogul_{next(SCHEMAS)}"
        return Postgres(PostgresWarehouse(engine="postgres", dsn=SecretStr(dsn), schema_name=schema))
