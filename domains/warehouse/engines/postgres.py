"""PostgreSQL 15 and later: Parquet → CSV by Arrow → COPY."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import errors
from pyarrow import csv

from clients.kit.errors import IntegrationError, OutcomeUnknown, Rejected, Unauthorized, Unavailable
from clients.kit.http import brief
from domains.warehouse.dialect import ANSI, Dialect
from domains.warehouse.engine import Session, Transactions, by_table
from domains.warehouse.rows import CHUNK
from domains.warehouse.settings import PostgresWarehouse
from models.warehouse import Type
from models.warehouse_tables import FieldOf

SYSTEM = "postgres"
CONNECT_SECONDS = 10
CSV = csv.WriteOptions(include_header=False, quoting_style="all_valid")
"""Quoted, what is empty is empty text; unquoted, it is NULL: as COPY reads it."""

LATER = (
    errors.SerializationFailure | errors.DeadlockDetected | errors.LockNotAvailable | errors.UniqueViolation
)
"""A conflict with another transaction: the second of two that add a row finds its key taken."""

PASSING = (
    errors.ReadOnlySqlTransaction
    | errors.IdleInTransactionSessionTimeout
    | errors.TransactionTimeout
    | errors.InternalError_
)
"""Of the server, not of the statement: it was made a standby, gave our transaction up, or is at fault."""

REFUSED = re.compile(
    r'server at "([^"]{1,255})"(?: \([^)]{0,60}\))?, port (\d{1,5}) failed: Connection refused'
)
UNKNOWN_HOST = re.compile(r"(?:could not translate host name|failed to resolve host) ['\"]([^'\"]+)['\"]")
"""As libpq and psycopg say it."""

TOLD = {"timestamptz": "timestamp with time zone"}
"""Names of types that the server tells otherwise."""


class PostgresDialect(Dialect):
    name = SYSTEM
    types: Mapping[Type, str] = {
        **ANSI,
        Type.TEXT: "text",
        Type.DECIMAL: "numeric(18,4)",
        Type.JSON: "jsonb",
    }

    def json_object(self, pairs: Mapping[str, str]) -> str:
        return f"jsonb_build_object({', '.join(f'{self.text(n)}, {e}' for n, e in pairs.items())})"

    def after_filling(self, name: str) -> Sequence[str]:
        return (f"analyze {name}",)

    def same_type(self, there: str, field: FieldOf) -> bool:
        return there == TOLD.get(self.type(field), self.type(field))

    def can_widen(self, there: str, field: FieldOf) -> bool:
        return there == "bigint" and field.type is Type.DECIMAL


class Postgres:
    name = SYSTEM

    def __init__(self, settings: PostgresWarehouse) -> None:
        self.dialect: Dialect = PostgresDialect()
        self._settings = settings

    def connect(self, *, read_only: bool = False) -> Session:
        schema = self._settings.schema_name
        with translated("sign in"):
            connection = psycopg.connect(
                self._settings.dsn.get_secret_value(),
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=CONNECT_SECONDS,
                keepalives_idle=30,
                client_encoding="UTF8",
                options=f"-c timezone=UTC -c search_path={schema}",
                application_name="mogulflow",
            )
        session = PostgresSession(connection, self.dialect)
        try:
            if not read_only:
                session.execute(f"create schema if not exists {schema}")
        except BaseException:
            session.close()
            raise
        return session


class PostgresSession(Transactions):
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with translated("query"):
            return list(self._connection.execute(sql).fetchall())

    def execute(self, sql: str) -> None:
        with translated("run a statement"):
            self._connection.execute(sql)

    def stage(self, name: str, fields: Sequence[FieldOf], files: Sequence[Path]) -> None:
        self.execute(self.dialect.create_staging(name, fields))
        columns = [field.name for field in fields]
        copy = f"copy {name} ({', '.join(columns)}) from stdin (format csv)"
        with translated("copy rows"), self._connection.cursor() as cursor, cursor.copy(copy) as into:
            for part in _csv_parts(files, columns):
                into.write(part)
        for statement in self.dialect.after_filling(name):
            self.execute(statement)

    def columns_of(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        rows = self.query(
            "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a "
            "join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace "
            f"where n.nspname = current_schema() and c.relname in {self.dialect.texts(tables)} "
            "and a.attnum > 0 and not a.attisdropped order by a.attnum"
        )
        return by_table(tables, ((table, name, str(kind)) for table, name, kind in rows))

    def end(self) -> None:
        with translated("commit", commits=True):
            self._connection.execute("commit")

    def close(self) -> None:
        with suppress(psycopg.Error):
            self._connection.close()


def _csv_parts(files: Sequence[Path], columns: Sequence[str]) -> Iterator[memoryview]:
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(CHUNK, columns=list(columns)):
            part = io.BytesIO()
            csv.write_csv(pa.Table.from_batches([batch]), part, CSV)
            yield part.getbuffer()


@contextmanager
def translated(what: str, *, commits: bool = False, system: str = SYSTEM) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _meaning(what, error, commits, system) from None


def _meaning(what: str, error: psycopg.Error, commits: bool, system: str) -> IntegrationError:
    """By the state that the server names; the text of a data error would quote the row."""
    state = error.sqlstate or ""
    text = f"Could not {what}: {_words(error, state)}"
    if state[:2] == "28" or state in ("42501", "3D000") or "password authentication failed" in str(error):
        return Unauthorized(system, f"{text}. Check WAREHOUSE__DSN and the user's rights.")
    if commits and isinstance(error, psycopg.OperationalError):
        return OutcomeUnknown(system, f"Could not learn the outcome of COMMIT: {_words(error, state)}")
    if isinstance(error, psycopg.OperationalError | LATER | PASSING):
        return Unavailable(system, text)
    return Rejected(system, f"{text}. Report this.")


def _words(error: psycopg.Error, state: str) -> str:
    quotes_values = state[:2] in ("22", "23")
    text = "" if quotes_values else error.diag.message_primary or not_connected(error) or str(error)
    return brief(f"{text} (SQLSTATE {state})" if state else text)


def not_connected(error: psycopg.Error) -> str:
    """In words where it is the address that is wrong; else empty."""
    if there := REFUSED.search(str(error)):
        return f"nothing answers at {there[1]}:{there[2]}. Check the address in the settings"
    if unknown := UNKNOWN_HOST.search(str(error)):
        return f"there is no host {unknown[1]}: nothing answers. Check the address in the settings"
    return ""
