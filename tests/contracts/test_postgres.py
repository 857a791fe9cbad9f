"""A PostgreSQL of our own, as installed; each test in a schema of its own."""

import itertools
from collections.abc import AsyncIterator

import pytest
from psycopg import errors
from pydantic import SecretStr

from clients.kit.errors import Rejected, Unauthorized, Unavailable
from domains.warehouse.engine import Engine
from domains.warehouse.engines.postgres import Postgres, translated
from domains.warehouse.loader import Loader, opened
from domains.warehouse.settings import PostgresWarehouse
from local.postgres import USER
from local.postgres import Postgres as Server
from local.processes import free_ports
from tests.contracts.warehouse_rows import Nights, movement
from tests.contracts.warehouse_suite import WarehouseContract
from tests.emulators.lossy import lossy_line

SCHEMAS = itertools.count()


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("postgres")
    server = Server(folder / "server", free_ports(0)[0], folder / "postgres.log")
    await server.start()
    await server.execute("postgres", f"alter role {USER} set synchronous_commit = off")
    yield server
    await server.stop()


@pytest.fixture(scope="session")
def dsn(server: Server) -> str:
    return f"postgresql://{USER}:{server.password}@127.0.0.1:{server.port}/postgres"


class TestPostgres(WarehouseContract):
    name = "postgres"

    @pytest.fixture
    def engine(self, dsn: str) -> Engine:
        schema = f"chartmogul_{next(SCHEMAS)}"
        return Postgres(PostgresWarehouse(engine="postgres", dsn=SecretStr(dsn), schema_name=schema))

    def test_line_that_drops_while_commit_is_on_its_way(
        self, server: Server, dsn: str, engine: Engine, loader: Loader, nights: Nights
    ) -> None:
        """Real: the server commits, its answer is cut off."""
        load = nights.load([movement(1, 100)])
        with lossy_line(server.port) as line:
            line.lose("commit\0")
            through = dsn.replace(f":{server.port}/", f":{line.port}/")
            schema = self.query(engine, "select current_schema()")[0][0]
            settings = PostgresWarehouse(engine="postgres", dsn=SecretStr(through), schema_name=schema)
            done = Loader(Postgres(settings)).load(load)
            assert line.lost == 1
        assert done.inserted == 1
        assert loader.load(load).already_applied

    def test_wrong_password_is_named_and_not_shown(self, dsn: str) -> None:
        wrong = SecretStr(f"postgresql://{USER}:not-the-password@{dsn.partition('@')[2]}")
        with pytest.raises(Unauthorized, match="WAREHOUSE__DSN") as caught:
            Postgres(PostgresWarehouse(engine="postgres", dsn=wrong)).connect()
        assert "not-the-password" not in str(caught.value)

    def test_server_that_is_not_there(self) -> None:
        nowhere = SecretStr(f"postgresql://{USER}:x@127.0.0.1:9/postgres")
        with pytest.raises(Unavailable):
            Postgres(PostgresWarehouse(engine="postgres", dsn=nowhere)).connect()

    def test_server_that_is_read_only_for_now(self, engine: Engine) -> None:
        """As it is for a while after a failover."""
        with opened(engine) as session:
            session.execute("set default_transaction_read_only = on")
            with pytest.raises(Unavailable):
                session.execute("create table refused (n integer)")

    @pytest.mark.parametrize("state", ["25006", "25P03", "25P04", "XX000"])
    def test_trouble_of_the_server_passes(self, state: str) -> None:
        with pytest.raises(Unavailable), translated("query"):
            raise errors.lookup(state)("the server's words")

    def test_error_quotes_no_row(self, engine: Engine) -> None:
        with opened(engine) as session, pytest.raises(Rejected) as caught:
            session.execute("select cast('nora@fjord.example' as integer)")
        assert "nora" not in str(caught.value)
