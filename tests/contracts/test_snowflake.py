"""The client of Snowflake with the real connector, against the emulator and against scripted answers."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from clients.kit.errors import Unauthorized, Unavailable
from domains.warehouse.engine import Engine
from domains.warehouse.engines.snowflake import Snowflake
from domains.warehouse.loader import opened
from domains.warehouse.settings import SnowflakeWarehouse
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.warehouse_rows import FEW, MAPPING
from tests.contracts.warehouse_session_suite import SessionContract
from tests.contracts.warehouse_suite import WarehouseContract
from tests.emulators.lossy import lossy_line
from tests.emulators.running import Emulator

REFUSED = Reply(
    {"data": {}, "code": "390100", "message": "Incorrect username or password.", "success": False}
)
NO_ONE = 9


def engine(port: int, schema: str = "chartmogul", way_in: dict[str, object] | None = None) -> Snowflake:
    given: dict[str, object] = {
        "engine": "snowflake",
        "account": "emulator",
        "user": "mogulflow",
        "database": "warehouse",
        "host": "127.0.0.1",
        "port": port,
        "protocol": "http",
        "schema_name": schema,
        "statement_seconds": 30,
    }
    return Snowflake(SnowflakeWarehouse.model_validate({**given, **(way_in or {"password": "emulator"})}))


class TestSnowflake(SessionContract):
    @pytest.fixture(autouse=True)
    def _emulator(self, snowflake_emulator: Emulator) -> None:
        self.emulator = snowflake_emulator

    def engine(self, schema: str) -> Snowflake:
        return engine(self.emulator.port, schema)

    def unreachable(self) -> Snowflake:
        return engine(NO_ONE)

    @contextmanager
    def losing_the_commit(self, schema: str) -> Iterator[Snowflake]:
        with lossy_line(self.emulator.port) as line:
            line.lose('"commit"')
            yield engine(line.port, schema)
            assert line.lost == 1

    def schemas_like(self, name: str) -> Sequence[str]:
        session = self.engine("other").connect()
        found = session.query("select schema_name from information_schema.schemata")
        session.close()
        return [str(row[0]) for row in found if str(row[0]).lower().startswith(name)]


class TestLoads(WarehouseContract):
    name = "snowflake"
    mapping = FEW

    @pytest.fixture
    def engine(self, snowflake_emulator: Emulator) -> Iterator[Engine]:
        """Its schema goes with the test: the emulator looks through all tables there are, again and again."""
        schema = f"loads_{uuid.uuid4().hex[:12]}"
        yield engine(snowflake_emulator.port, schema)
        with opened(engine(snowflake_emulator.port, schema)) as session:
            session.execute(f"drop schema {schema}")

    def test_all_tables_and_views_are_taken(self, engine: Engine) -> None:
        assert self.prepare(engine, MAPPING)
        assert self.prepare(engine, MAPPING) == []


def test_a_refused_sign_in_is_a_matter_for_a_person() -> None:
    with ScriptedServer(REFUSED) as server, pytest.raises(Unauthorized):
        engine(server.server_port).connect()
    assert len(server.paths()) > 0


def test_an_outage_is_not_waited_for() -> None:
    with ScriptedServer(Reply(status=503)) as server, pytest.raises(Unavailable):
        engine(server.server_port).connect()
    logins = [path for path in server.paths() if "login-request" in path]
    assert len(logins) == 1


def test_a_token_is_sent_as_one() -> None:
    asked = _login(token="pat-of-a-service")
    assert asked["AUTHENTICATOR"] == "PROGRAMMATIC_ACCESS_TOKEN"
    assert asked["TOKEN"] == "pat-of-a-service"


def test_a_key_pair_signs_a_token(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.p8").write_bytes(pem)
    (tmp_path / "key.p8").chmod(0o600)
    ways: list[dict[str, object]] = [
        {"private_key": pem.decode()},
        {"private_key_file": str(tmp_path / "key.p8")},
    ]
    for way_in in ways:
        asked = _login(**way_in)
        assert asked["AUTHENTICATOR"] == "SNOWFLAKE_JWT"
        assert str(asked["TOKEN"]).count(".") == 2


def test_one_way_to_sign_in_must_be_chosen() -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        engine(NO_ONE, way_in={"password": "one", "token": "two"})


def _login(**way_in: object) -> dict[str, object]:
    """What the connector sends to sign in."""
    with ScriptedServer(REFUSED) as server, pytest.raises(Unauthorized):
        engine(server.server_port, way_in=way_in).connect()
    (login,) = [request for request in server.seen if "login-request" in request.path]
    data = json.loads(login.body)["data"]
    assert isinstance(data, dict)
    return data
