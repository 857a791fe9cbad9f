"""The client of Redshift: what is portable on a real PostgreSQL, the upload on an emulator of S3, and the
text of what only Redshift takes."""

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from pydantic import ValidationError

from clients.kit.errors import NotFound, Rejected, Unauthorized, Unavailable
from domains.warehouse.dialect import ANSI, Dialect
from domains.warehouse.engine import Engine
from domains.warehouse.engines.redshift.engine import Redshift, RedshiftDialect, copy_from_s3
from domains.warehouse.engines.redshift.s3 import Bucket
from domains.warehouse.settings import RedshiftWarehouse
from local.postgres import USER, Postgres
from local.processes import free_ports
from models.warehouse import Type
from models.warehouse_tables import FieldOf, Table
from tests.contracts.warehouse_session_suite import FULL, KEPT, SessionContract, fill
from tests.contracts.warehouse_suite import WarehouseContract
from tests.emulators.lossy import lossy_line
from tests.emulators.running import Emulator

ROLE = "arn:aws:iam::123456789012:role/warehouse"
AS_REDSHIFT = "options=-c%20standard_conforming_strings%3Doff%20-c%20escape_string_warning%3Doff"
"""Backslashes escape in Redshift's literals, as they did in the PostgreSQL it comes from."""


class PortableDialect(RedshiftDialect):
    """Redshift's words, but for those that PostgreSQL does not know."""

    types: Mapping[Type, str] = {**RedshiftDialect.types, Type.JSON: "jsonb"}

    def parse_json(self, expression: str) -> str:
        return f"cast({expression} as jsonb)"

    def json_object(self, pairs: Mapping[str, str]) -> str:
        return super().json_object(pairs).replace("object(", "jsonb_build_object(", 1)

    def add_months(self, day: str, count: str) -> str:
        return Dialect.add_months(self, day, count)

    def now(self) -> str:
        return Dialect.now(self)

    def layout(self, table: Table) -> str:
        return ""


def settings(dsn: str, schema: str = "chartmogul", **more: object) -> RedshiftWarehouse:
    return RedshiftWarehouse.model_validate(
        {"engine": "redshift", "dsn": dsn, "schema_name": schema, "statement_seconds": 30, **more}
    )


@pytest.fixture(scope="module")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    folder = tmp_path_factory.mktemp("redshift")
    server = Postgres(folder / "postgres", free_ports(0)[0], folder / "log")
    await server.start()
    yield server
    await server.stop()


def dsn_of(server: Postgres, port: int | None = None) -> str:
    place = f"127.0.0.1:{port or server.port}"
    return f"postgresql://{USER}:{server.password}@{place}/postgres?{AS_REDSHIFT}"


class TestRedshiftOnPostgres(SessionContract):
    @pytest.fixture(autouse=True)
    def _postgres(self, postgres: Postgres) -> None:
        self.postgres = postgres

    def engine(self, schema: str, **more: object) -> Redshift:
        return Redshift(settings(dsn_of(self.postgres), schema, **more), PortableDialect())

    def unreachable(self) -> Redshift:
        return Redshift(settings(dsn_of(self.postgres, 9)))

    @contextmanager
    def losing_the_commit(self, schema: str) -> Iterator[Redshift]:
        with lossy_line(self.postgres.port) as line:
            line.lose("commit\0")
            yield Redshift(settings(dsn_of(self.postgres, line.port), schema), PortableDialect())
            assert line.lost == 1

    def schemas_like(self, name: str) -> Sequence[str]:
        session = self.engine("other").connect()
        found = session.query(f"select nspname from pg_namespace where nspname like '{name}%'")
        session.close()
        return [str(row[0]) for row in found]

    def test_more_rows_than_inserts_should_carry_ask_for_a_bucket(self, schema: str, tmp_path: Path) -> None:
        session = self.engine(schema, insert_up_to_rows=1).connect()
        fill(session, "stg_1", tmp_path, [FULL])
        with pytest.raises(Rejected, match="s3_bucket"):
            fill(session, "stg_2", tmp_path, [FULL], [FULL])
        session.close()

    def test_many_rows_go_in_few_statements(self, schema: str, tmp_path: Path) -> None:
        session = self.engine(schema).connect()
        fill(session, "stg_1", tmp_path, [(str(n), *FULL[1:]) for n in range(1203)])
        assert session.query("select count(*), count(distinct id) from stg_1") == [(1203, 1203)]
        session.close()

    def test_a_wrong_password_is_a_matter_for_a_person(self) -> None:
        wrong = dsn_of(self.postgres).replace(self.postgres.password, "not-it")
        with pytest.raises(Unauthorized) as refusal:
            Redshift(settings(wrong)).connect()
        assert "not-it" not in str(refusal.value)


class TestLoadsOnPostgres(WarehouseContract):
    name = "redshift"

    @pytest.fixture
    def engine(self, postgres: Postgres) -> Engine:
        schema = f"loads_{uuid.uuid4().hex[:12]}"
        return Redshift(settings(dsn_of(postgres), schema), PortableDialect())


class TestUpload:
    @pytest.fixture(autouse=True)
    def _signed_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "emulator")

    @pytest.fixture
    def store(self, s3_emulator: Emulator) -> Any:
        return boto3.client("s3", endpoint_url=s3_emulator.url, region_name="us-east-1")

    @pytest.fixture
    def bucket(self, store: Any) -> str:
        name = f"files-{uuid.uuid4().hex[:8]}"
        store.create_bucket(Bucket=name)
        return name

    def test_files_are_there_in_order_and_only_for_the_load(
        self, s3_emulator: Emulator, store: Any, bucket: str, tmp_path: Path
    ) -> None:
        files = [tmp_path / name for name in ("b", "a")]
        for file in files:
            file.write_text(file.name)
        place = Bucket(bucket, "nightly/", "us-east-1", s3_emulator.url)
        with place.holding("stg_1", files) as url, place.holding("stg_1", files) as other:
            assert url != other
            assert url.startswith(f"s3://{bucket}/nightly/stg_1/")
            folder = url.removeprefix(f"s3://{bucket}/")
            keys = [each["Key"] for each in store.list_objects_v2(Bucket=bucket, Prefix=folder)["Contents"]]
            bodies = [store.get_object(Bucket=bucket, Key=key)["Body"].read() for key in sorted(keys)]
        assert bodies == [b"b", b"a"]
        assert "Contents" not in store.list_objects_v2(Bucket=bucket)

    def test_a_bucket_that_is_not_there_is_named(self, s3_emulator: Emulator, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("a")
        place = Bucket("no-such-bucket", "", "us-east-1", s3_emulator.url)
        with pytest.raises(NotFound, match="NoSuchBucket"), place.holding("stg_1", [tmp_path / "a"]):
            pass

    def test_a_store_that_is_not_there_may_be_there_later(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("a")
        place = Bucket("files", "", "us-east-1", "http://127.0.0.1:9")
        with pytest.raises(Unavailable), place.holding("stg_1", [tmp_path / "a"]):
            pass


def test_copy_names_table_place_and_role() -> None:
    words = "copy stg_1 from 's3://files/nightly/stg_1/' iam_role "
    place = "s3://files/nightly/stg_1/"
    assert copy_from_s3(RedshiftDialect(), "stg_1", place, ROLE) == f"{words}'{ROLE}' format as parquet"
    assert copy_from_s3(RedshiftDialect(), "stg_1", place, "default") == f"{words}default format as parquet"


def test_tables_are_spread_and_sorted() -> None:
    statement = RedshiftDialect().create_table(KEPT)
    assert statement.startswith("create table if not exists kept (id varchar(100) not null, ")
    assert statement.endswith(", extra super, primary key (id)) distkey(id) sortkey(seen_at)")


def test_what_only_redshift_says() -> None:
    d = RedshiftDialect()
    assert d.json_object({"id": "t.id"}) == "object('id', t.id)"
    assert d.from_staged("s.extra", FieldOf("extra", Type.JSON)) == "json_parse(s.extra)"
    assert d.in_json("t.seen_at", Type.TIMESTAMP) == "cast(t.seen_at as varchar)"
    assert d.add_months("date '2026-03-01'", "-2") == "cast(dateadd(month, -2, date '2026-03-01') as date)"
    assert d.now() == "(getdate() at time zone 'UTC')"
    assert d.types[Type.TIMESTAMP] == ANSI[Type.TIMESTAMP] == "timestamptz"


def test_only_a_text_that_grows_is_widened() -> None:
    d, text = RedshiftDialect(), FieldOf("words", Type.TEXT, length=200)
    assert d.can_widen("varchar(100)", text)
    assert not d.can_widen("varchar(300)", text)
    share = FieldOf("share", Type.DECIMAL)
    assert d.can_widen("bigint", share)
    assert d.widening("kept", share, ["share"]) == [
        "alter table kept add column share_wider decimal(18,4)",
        "update kept set share_wider = cast(share as decimal(18,4)) "
        "where share_wider is null and share is not null",
        "alter table kept drop column share",
        "alter table kept rename column share_wider to share",
    ]
    assert len(d.widening("kept", share, ["share", "share_wider"])) == 3
    assert d.widening("kept", share, ["share_wider"]) == [
        "alter table kept rename column share_wider to share"
    ]
    assert d.half_widened(share, ["share_wider"])
    assert d.widen("kept", text) == "alter table kept alter column words type varchar(200)"


def test_a_bucket_needs_a_role() -> None:
    with pytest.raises(ValidationError, match="both WAREHOUSE__S3_BUCKET and WAREHOUSE__IAM_ROLE"):
        settings("postgresql://cluster/dev", s3_bucket="files")
    assert settings("postgresql://cluster/dev", s3_bucket="files", iam_role=ROLE).iam_role == ROLE
