"""DuckDB: a file beside the product, the warehouse where there is none. One process opens it at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import cast
from weakref import WeakSet

import duckdb
from pyarrow import parquet

from clients.kit.errors import Rejected, Unauthorized, Unavailable
from clients.kit.http import brief
from domains.warehouse.dialect import Dialect
from domains.warehouse.engine import Session, Transactions, by_table
from domains.warehouse.settings import DuckDbWarehouse
from models.warehouse import Type
from models.warehouse_tables import FieldOf

SYSTEM = "duckdb"


class DuckDbDialect(Dialect):
    name = SYSTEM

    def same_type(self, there: str, field: FieldOf) -> bool:
        return there == _TOLD.get(self.type(field), self.type(field))

    def can_widen(self, there: str, field: FieldOf) -> bool:
        return there == "bigint" and field.type is Type.DECIMAL


_TOLD = {"timestamptz": "timestamp with time zone"}


class DuckDb:
    name = SYSTEM
    dialect: Dialect = DuckDbDialect()

    def __init__(self, settings: DuckDbWarehouse, memory: "FileMemory | None" = None) -> None:
        """`memory` is one for all engines of the file: each account has an engine of its own."""
        self._memory = memory or FileMemory()
        self._path = settings.path
        self._schema = settings.schema_name
        self._memory_mb = settings.memory_mb

    def connect(self, *, read_only: bool = False) -> Session:
        with _translated("open the file"):
            if read_only and not self._path.exists():
                memory = FileMemory()
                connection = memory.opened(_connect_to_none)
                read_only = False  # nothing of it stays
            else:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                memory = self._memory
                connection = memory.opened(lambda: self._connect(read_only))
        session = DuckDbSession(connection, memory, self._memory_mb)
        try:
            session.begin(self._schema, make=not read_only)
        except BaseException:
            session.close()
            raise
        return session

    def _connect(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self._path), read_only=read_only, config=CONFIG)


def _connect_to_none() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config=CONFIG | {"temp_directory": gettempdir()})


CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""All we need is built in: nothing is downloaded."""


BYTES_PER_KEY = 250
"""Measured with keys of 36 letters: a million rows need between 140 and 200 MB, two 256 to 400."""


class FileMemory:
    """Of one file: DuckDB has one limit for all sessions of the process. To lower it ends what another is
    loading, so it only rises until the last of them is closed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._limit_mb = 0
        self._open: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()

    def opened(self, connect: Callable[[], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
        """Under the lock, as is the close: between them nobody takes the limit for one of a closed file."""
        with self._lock:
            connection = connect()
            if not self._open:
                self._limit_mb = 0
            self._open.add(connection)
            return connection

    def allow(self, connection: duckdb.DuckDBPyConnection, megabytes: int) -> None:
        with self._lock:
            self._limit_mb = max(self._limit_mb, megabytes)
            connection.execute(f"set memory_limit = '{self._limit_mb}MB'")

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            self._open.discard(connection)
            connection.close()


class DuckDbSession(Transactions):
    def __init__(self, connection: duckdb.DuckDBPyConnection, memory: FileMemory, memory_mb: int) -> None:
        self._connection = connection
        self._memory = memory
        self._memory_mb = memory_mb

    @property
    def dialect(self) -> Dialect:
        return DuckDb.dialect

    def begin(self, schema: str, *, make: bool) -> None:
        """The time zone only now: it cannot be given to `connect` without a download. One thread: a second
        takes half as much memory again and saves no time, since one index is what is waited for."""
        self.execute("set TimeZone = 'UTC'")
        self._allow(self._memory_mb)
        self.execute("set threads = 1")
        self.execute("set preserve_insertion_order = false")
        ((database,),) = self.query("select current_database()")
        full = f'"{database}".{schema}'  # a file may be called as its schema is
        if make:
            self.execute(f"create schema if not exists {full}")
        where = "database_name = current_database() and schema_name = "
        if self.query(f"select 1 from duckdb_schemas() where {where}{self.dialect.text(schema)}"):
            self.execute(f"use {full}")

    def _allow_for(self, rows: int) -> None:
        """The keys of the largest table must fit into memory, all else may go to disk."""
        ((largest,),) = self.query("select coalesce(max(estimated_size), 0) from duckdb_tables()")
        bytes_of_keys = BYTES_PER_KEY * max(rows, cast(int, largest))
        self._allow(max(self._memory_mb, bytes_of_keys // 10**6))

    def _allow(self, megabytes: int) -> None:
        with _translated("set the memory limit"):
            self._memory.allow(self._connection, megabytes)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with _translated("query"):
            return self._connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        with _translated("run a statement"):
            self._connection.execute(sql)

    def stage(self, name: str, fields: Sequence[FieldOf], files: Sequence[Path]) -> None:
        """A view of the files: they are read twice, but take no memory."""
        if not files:
            self.execute(self.dialect.create_staging(name, fields))
            return
        self._allow_for(sum(parquet.read_metadata(file).num_rows for file in files))
        columns = ", ".join(field.name for field in fields)
        paths = ", ".join(self.dialect.text(str(path)) for path in files)
        self.execute(f"create temporary view {name} as select {columns} from read_parquet([{paths}])")

    def columns_of(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        rows = self.query(
            "select table_name, column_name, lower(data_type) from duckdb_columns() "
            f"where schema_name = current_schema() and table_name in {self.dialect.texts(tables)} "
            "and database_name = current_database() order by column_index"
        )
        return by_table(tables, ((table, name, str(kind)) for table, name, kind in rows))

    def end(self) -> None:
        self.execute("commit")

    def close(self) -> None:
        self._memory.close(self._connection)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except duckdb.TransactionException as error:
        if "could not allocate" in str(error):
            raise _out_of_memory(what) from None
        # else a conflict with another transaction
        raise Unavailable(SYSTEM, f"Could not {what}: {brief(str(error))}") from None
    except duckdb.IOException as error:
        raise _of_the_file(what, error) from None
    except duckdb.ConnectionException as error:  # this process has it open otherwise: to read, or to write
        raise Unavailable(SYSTEM, f"Could not {what}: {brief(str(error))}") from None
    except duckdb.OutOfMemoryException:
        raise _out_of_memory(what) from None
    except duckdb.Error as error:
        raise Rejected(SYSTEM, f"Could not {what}: {_without_values(error)}. Report this.") from None


def _out_of_memory(what: str) -> Rejected:
    return Rejected(SYSTEM, f"Could not {what}: out of memory. Raise WAREHOUSE__MEMORY_MB.")


def _of_the_file(what: str, error: duckdb.IOException) -> Unavailable | Unauthorized:
    text = brief(str(error))
    if "Permission denied" in text:
        return Unauthorized(SYSTEM, f"Could not {what}: {text}. Check the file's rights and WAREHOUSE__PATH.")
    return Unavailable(SYSTEM, f"Could not {what}: {text}")


def _without_values(error: duckdb.Error) -> str:
    """A constraint's message names the row's values, a conversion's the value."""
    text = str(error)
    return (
        "a value does not fit"
        if isinstance(error, duckdb.ConstraintException | duckdb.ConversionException)
        else brief(text)
    )
