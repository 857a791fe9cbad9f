"""Redshift by the PostgreSQL protocol: Parquet files by S3 and COPY, few rows by INSERT, all else as SQL.

What PostgreSQL cannot stand in for (COPY, SUPER, distribution, OBJECT, DATEADD) is in RedshiftDialect and
`copy_from_s3`; their text is tested, not their effect.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet

from clients.kit.errors import IntegrationError, Rejected, Unauthorized
from clients.kit.http import Call, brief, refused, unclear
from domains.warehouse.dialect import ANSI, Dialect
from domains.warehouse.engine import Transactions, by_table, title_of
from domains.warehouse.engines.postgres import not_connected
from domains.warehouse.engines.redshift.s3 import Bucket
from domains.warehouse.settings import RedshiftWarehouse
from models.warehouse import LONGEST_TEXT, Type
from models.warehouse_tables import FieldOf, Table

CONNECT_SECONDS = 30
ROWS_PER_INSERT = 500
MOST_PARAMETERS = 32_767

TEXT_IS_SAFE = {"42P01", "42703", "42601", "42883", "42501", "3F000"}
"""States whose text names objects; that of others may quote a row's value."""

NO_ANSWER = "the connection was refused or lost"

LATER = {"40001", "40P01", "55P03", "57014"}
NOT_SERIALIZABLE = "1023"
"""How Redshift numbers a conflict between transactions, whatever the state."""


class RedshiftDialect(Dialect):
    name = "redshift"
    copies_to_widen = True
    types: Mapping[Type, str] = {**ANSI, Type.TEXT: f"varchar({LONGEST_TEXT})", Type.JSON: "super"}

    def text(self, value: str | None) -> str:
        """A backslash escapes, in Redshift."""
        return super().text(value.replace("\\", "\\\\") if value else value)

    def instant(self, value: datetime | None) -> str:
        if value is None:
            return self.null(Type.TIMESTAMP)
        return self.cast(f"'{value.astimezone(UTC).isoformat(' ')}'", Type.TIMESTAMP)

    def type(self, field: FieldOf) -> str:
        if field.type is Type.TEXT and field.length:
            return f"varchar({field.length})"
        return super().type(field)

    def staged_type(self, field: FieldOf) -> str:
        """COPY reads Parquet's timestamps as those without a zone; as others they arrive shifted or not at
        all, as others report. Not verified."""
        if field.type is Type.TIMESTAMP:
            return "timestamp"
        return self.types[Type.TEXT] if field.type in (Type.TEXT, Type.JSON) else self.type(field)

    def from_staged(self, expression: str, field: FieldOf) -> str:
        if field.type is Type.TIMESTAMP:
            return f"({expression} at time zone 'UTC')"
        if field.type is Type.TEXT and field.length:  # a cast cuts what is longer, an insert refuses it
            return f"cast({expression} as varchar({field.length}))"
        return super().from_staged(expression, field)

    def parse_json(self, expression: str) -> str:
        return f"json_parse({expression})"

    def in_json(self, expression: str, kind: Type) -> str:
        """SUPER has no times and no days."""
        timed = kind in (Type.TIMESTAMP, Type.DATE)
        return f"cast({expression} as varchar)" if timed else expression

    def json_object(self, pairs: Mapping[str, str]) -> str:
        return f"object({', '.join(f'{self.text(name)}, {value}' for name, value in pairs.items())})"

    def add_months(self, day: str, count: str) -> str:
        return f"cast(dateadd(month, {count}, {day}) as date)"

    def now(self) -> str:
        """`current_timestamp` runs on the leader node alone."""
        return "(getdate() at time zone 'UTC')"

    def layout(self, table: Table) -> str:
        spread = f" distkey({table.spread_by})" if table.spread_by else ""
        return spread + (f" sortkey({table.sorted_by})" if table.sorted_by else "")

    def can_widen(self, there: str, field: FieldOf) -> bool:
        if field.type is Type.DECIMAL:
            return there == "bigint"
        if field.type is not Type.TEXT or not there.startswith("varchar("):
            return False
        return int(there[8:-1]) < (field.length or LONGEST_TEXT)


class Redshift:
    name = "redshift"

    def __init__(self, settings: RedshiftWarehouse, dialect: Dialect | None = None) -> None:
        self.dialect: Dialect = dialect or RedshiftDialect()
        self._settings = settings

    def connect(self, *, read_only: bool = False) -> "RedshiftSession":
        settings = self._settings
        with errors_of(Call("redshift", "sign in to Redshift")):
            connection = psycopg.connect(
                settings.dsn.get_secret_value(),
                autocommit=True,
                client_encoding="UTF8",  # the server would name it UNICODE, which psycopg does not know
                prepare_threshold=None,  # there is no DEALLOCATE ALL
                connect_timeout=CONNECT_SECONDS,
            )
        session = RedshiftSession(connection, self.dialect, settings)
        try:
            session.begin(read_only)
        except BaseException:
            session.close()
            raise
        return session


class RedshiftSession(Transactions):
    def __init__(
        self, connection: psycopg.Connection[Any], dialect: Dialect, settings: RedshiftWarehouse
    ) -> None:
        self.dialect = dialect
        self._connection = connection
        self._settings = settings
        self._bucket = Bucket.of(settings)

    def begin(self, read_only: bool) -> None:
        self.execute(f"set statement_timeout to {self._settings.statement_seconds * 1000}")
        self.execute("set timezone to 'UTC'")
        if not read_only and not self._has_schema():
            self.execute(f"create schema if not exists {self._settings.schema_name}")
        self.execute(f"set search_path to {self._settings.schema_name}")

    def _has_schema(self) -> bool:
        """A user who may use it need not be allowed to make one."""
        name = self._settings.schema_name
        return bool(self.query(f"select nspname from pg_namespace where nspname = '{name}'"))

    def query(self, sql: str) -> list[tuple[object, ...]]:
        return self._run(Call("redshift", f"run {title_of(sql)}"), sql)

    def execute(self, sql: str) -> None:
        self._run(Call("redshift", f"run {title_of(sql)}"), sql)

    def stage(self, name: str, fields: Sequence[FieldOf], files: Sequence[Path]) -> None:
        self.execute(self.dialect.create_staging(name, fields))
        if not files:
            return
        if self._bucket:
            with self._bucket.holding(name, files) as place:
                self.execute(copy_from_s3(self.dialect, name, place, self._settings.iam_role or ""))
        else:
            self._insert(name, fields, files)

    def _insert(self, name: str, fields: Sequence[FieldOf], files: Sequence[Path]) -> None:
        rows = sum(pyarrow.parquet.read_metadata(file).num_rows for file in files)
        call = Call("redshift", f"load {rows} rows into {name}")
        if rows > self._settings.insert_up_to_rows:
            limit = f"without a bucket at most {self._settings.insert_up_to_rows} rows are inserted"
            raise refused(call, Rejected, limit, "Set the Redshift connection's s3_bucket and iam_role.")
        at_once = min(ROWS_PER_INSERT, MOST_PARAMETERS // len(fields))
        for file in files:
            for batch in pyarrow.parquet.ParquetFile(file).iter_batches(at_once):
                self._insert_rows(
                    call, name, [_plain(row) for row in zip(*batch.to_pydict().values(), strict=True)]
                )

    def _insert_rows(self, call: Call, name: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            row = f"({', '.join(['%s'] * len(rows[0]))})"
            statement = f"insert into {name} values {', '.join([row] * len(rows))}"
            self._run(call, statement, [value for each in rows for value in each])

    def columns_of(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        rows = self.query(
            "select table_name, column_name, data_type, character_maximum_length, numeric_precision, "
            "numeric_scale from information_schema.columns "
            f"where table_schema = '{self._settings.schema_name}' "
            f"and table_name in {self.dialect.texts(tables)} order by ordinal_position"
        )
        return by_table(
            tables, ((table, name, _type(str(kind), *sizes)) for table, name, kind, *sizes in rows)
        )

    def end(self) -> None:
        self._run(Call("redshift", "commit the load", writes=True), "commit")

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()

    def _run(self, call: Call, sql: str, values: Sequence[object] | None = None) -> list[tuple[object, ...]]:
        with errors_of(call), self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []


def copy_from_s3(dialect: Dialect, table: str, place: str, role: str) -> str:
    """COPY reads Parquet's columns by position, all files below `place`, from the cluster's own region."""
    who = "default" if role == "default" else dialect.text(role)
    return f"copy {table} from {dialect.text(place)} iam_role {who} format as parquet"


def _plain(row: Sequence[object]) -> list[object]:
    """Staging has timestamps without a zone."""
    return [v.astimezone(UTC).replace(tzinfo=None) if isinstance(v, datetime) else v for v in row]


@contextmanager
def errors_of(call: Call) -> Iterator[None]:
    # `from None`: the server's own texts may quote values.
    try:
        yield
    except psycopg.Error as error:
        raise _error_for(call, error) from None


def _error_for(call: Call, error: psycopg.Error) -> IntegrationError:
    state = error.sqlstate or ""
    text = brief(error.diag.message_primary or "") if state in TEXT_IS_SAFE else ""
    detail = f"SQLSTATE {state} {text}".strip() if state else not_connected(error) or NO_ANSWER
    if state in LATER or (error.diag.message_primary or "").startswith(NOT_SERIALIZABLE):
        return unclear(call, detail, left=False)
    if state.startswith("28") or state == "42501" or "password authentication failed" in str(error):
        return refused(call, Unauthorized, detail)
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return unclear(call, detail)
    return refused(call, Rejected, detail, "Look into Redshift's query history.")


def _type(kind: str, length: object, precision: object, scale: object) -> str:
    """As RedshiftDialect writes it."""
    short = {"character varying": f"varchar({length})", "numeric": f"decimal({precision},{scale})"}
    return short.get(kind, {"timestamp with time zone": "timestamptz"}.get(kind, kind))
