"""Snowflake through its connector 5: Parquet files by PUT and COPY, all else as SQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection, connect
from snowflake.connector.errors import Error, InternalError, OperationalError

from clients.kit.errors import IntegrationError, Rejected, Unauthorized
from clients.kit.http import Call, brief, refused, unclear
from domains.warehouse.dialect import ANSI, Dialect
from domains.warehouse.engine import Transactions, by_table, title_of
from domains.warehouse.settings import SnowflakeWarehouse
from models.warehouse import Type
from models.warehouse_tables import FieldOf, Table

LOCK_SECONDS = 600
"""How long to wait for another load's transaction; Snowflake's own default is half a day."""

NOT_THERE = {2003, 2043}
TEXT_IS_SAFE = {*NOT_THERE, 606, 904, 1003, 3001, 90105, 90106}
"""Errors whose text names objects; that of others may quote a row's value."""

LATER = {604, 625, 630, 390111, 390112, 390114, 390195}
"""Cancelled, locked by another transaction, timed out; a session that has ended."""

NO_RIGHT = {3001, 3540, 3541}
NOT_CONNECTED = 250001
"""No answer, or one that is none of Snowflake's: 403 and 404 mean a wrong account or a network policy."""


class SnowflakeDialect(Dialect):
    name = "snowflake"
    has_comments = False
    copies_to_widen = True
    types: Mapping[Type, str] = {
        **ANSI,
        Type.INTEGER: "number(38,0)",
        Type.MONEY_MINOR: "number(38,0)",
        Type.DECIMAL: "number(18,4)",
        Type.TIMESTAMP: "timestamp_tz",
        Type.JSON: "variant",
    }

    def text(self, value: str | None) -> str:
        """A backslash escapes, in Snowflake."""
        return super().text(value.replace("\\", "\\\\") if value else value)

    def parse_json(self, expression: str) -> str:
        return f"parse_json({expression})"

    def json_object(self, pairs: Mapping[str, str]) -> str:
        inside = ", ".join(f"{self.text(name)}, {value}" for name, value in pairs.items())
        return f"to_variant(object_construct_keep_null({inside}))"

    def month(self, instant: str, zone: str = "UTC") -> str:
        return f"cast(date_trunc('month', convert_timezone({self.text(zone)}, {instant})) as date)"

    def day_of(self, instant: str, zone: str = "UTC") -> str:
        return f"cast(convert_timezone({self.text(zone)}, {instant}) as date)"

    def second(self, instant: str) -> str:
        return f"date_part(epoch_second, {instant})"

    def add_months(self, day: str, count: str) -> str:
        return f"cast(dateadd(month, {count}, {day}) as date)"

    # -- definitions: comments are in them, since each statement is a call of its own

    def _column(self, field: FieldOf) -> str:
        return super()._column(field) + self._comment(field.comment)

    def add_column(self, table: str, field: FieldOf) -> str:
        return super().add_column(table, field) + self._comment(field.comment)

    def layout(self, table: Table) -> str:
        return self._comment(table.comment)

    def create_view(self, name: str, select: str, comment: str, columns: Mapping[str, str]) -> str:
        inside = ", ".join(column + self._comment(text) for column, text in columns.items())
        named = f"{name} ({inside})" if columns else name
        return f"create or replace view {named}{self._comment(comment)} as {select}"

    def _comment(self, text: str) -> str:
        return f" comment {self.text(text)}" if text else ""

    def widen(self, table: str, field: FieldOf) -> str:
        return f"alter table {table} alter column {field.name} set data type {self.type(field)}"

    def can_widen(self, there: str, field: FieldOf) -> bool:
        return there == "number(38,0)" and field.type is Type.DECIMAL


class Snowflake:
    name = "snowflake"

    def __init__(self, settings: SnowflakeWarehouse) -> None:
        self.dialect: Dialect = SnowflakeDialect()
        self._settings = settings

    def connect(self, *, read_only: bool = False) -> "SnowflakeSession":
        settings = self._settings
        with errors_of(Call("snowflake", "sign in to Snowflake"), signing_in=True):
            connection = connect(**_arguments(settings))
        session = SnowflakeSession(connection, self.dialect, settings.schema_name)
        try:
            session.enter_schema(read_only)
        except BaseException:
            session.close()
            raise
        return session


def _arguments(settings: SnowflakeWarehouse) -> dict[str, Any]:
    given = settings.model_dump(
        include={"account", "user", "role", "warehouse", "database", "private_key_file", "host", "port"}
    )
    for secret in ("private_key", "private_key_password", "token", "password"):
        value = getattr(settings, secret)
        given[secret] = value and value.get_secret_value()
    return {
        **{name: value for name, value in given.items() if value is not None},
        "authenticator": _authenticator(settings),
        "protocol": settings.protocol,
        "application": "Mogulflow",
        "login_timeout": 60,
        "query_timeout": settings.statement_seconds,
        "retry_max_attempts": 1,  # Temporal repeats; files that are sent alone are repeated by the connector
        "session_parameters": {"TIMEZONE": "UTC", "LOCK_TIMEOUT": LOCK_SECONDS, "QUERY_TAG": "mogulflow"},
        "enable_server_session_keep_alive_auto_detection": False,  # it warns where this is not said
    }


def _authenticator(settings: SnowflakeWarehouse) -> str:
    if settings.token:
        return "PROGRAMMATIC_ACCESS_TOKEN"
    return "SNOWFLAKE" if settings.password else "SNOWFLAKE_JWT"


class SnowflakeSession(Transactions):
    def __init__(self, connection: SnowflakeConnection, dialect: Dialect, schema: str) -> None:
        self.dialect = dialect
        self._connection = connection
        self._schema = schema

    def enter_schema(self, read_only: bool) -> None:
        """Made only where it is missing: a role that may use it need not be allowed to make one.

        Temporary tables need a schema, too: PUBLIC is in every database."""
        call = Call("snowflake", f"use schema {self._schema}")
        try:
            self._run(call, f"use schema {self._schema}")
        except _NotThere:
            names = ["public"] if read_only else [self._schema]
            if not read_only:
                self._run(call, f"create schema if not exists {self._schema}")
            self._run(call, f"use schema {names[0]}")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        return self._run(Call("snowflake", f"run {title_of(sql)}"), sql)

    def execute(self, sql: str) -> None:
        self._run(Call("snowflake", f"run {title_of(sql)}"), sql)

    def stage(self, name: str, fields: Sequence[FieldOf], files: Sequence[Path]) -> None:
        """Table and files are temporary: they end with the session, and no other attempt sees them."""
        self.execute(self.dialect.create_staging(name, fields))
        if not files:
            return
        self.execute(f"create temporary stage if not exists {name}_files")
        for file in files:
            self._put(file, f"{name}_files")
        loaded = self.query(
            f"copy into {name} from @{name}_files file_format = (type = parquet use_logical_type = true) "
            "match_by_column_name = case_insensitive"
        )
        if [row[1] for row in loaded if len(row) > 1] != ["LOADED"] * len(files):
            raise refused(
                Call("snowflake", f"load {name}"),
                Rejected,
                f"COPY took {len(loaded)} of {len(files)} files",
                "Look into Snowflake's query history.",
            )

    def _put(self, file: Path, place: str) -> None:
        source = self.dialect.text(f"file://{file.as_posix()}")
        call = Call("snowflake", f"send a file to {place}")
        self._run(call, f"put {source} @{place} auto_compress = false overwrite = true")

    def columns_of(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        names = {table.upper(): table for table in tables}
        rows = self.query(
            "select table_name, lower(column_name), lower(data_type), numeric_precision, numeric_scale "
            f"from information_schema.columns where table_schema = '{self._schema.upper()}' "
            f"and table_name in {self.dialect.texts(list(names))} order by ordinal_position"
        )
        return by_table(
            tables,
            ((names[str(table)], name, _type(str(kind), *sizes)) for table, name, kind, *sizes in rows),
        )

    def end(self) -> None:
        self._run(Call("snowflake", "commit the load", writes=True), "commit")

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()

    def _run(self, call: Call, sql: str) -> list[tuple[object, ...]]:
        with errors_of(call), self._connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]


class _NotThere(Rejected):
    """A schema, table or view is missing, or hidden from our role."""


@contextmanager
def errors_of(call: Call, *, signing_in: bool = False) -> Iterator[None]:
    # `from None`: the connector's own texts may quote the statement and values.
    try:
        yield
    except (OperationalError, InternalError) as error:
        raise unclear(call, _detail(error)) from None
    except Error as error:
        raise _refusal(call, error, signing_in) from None


def _refusal(call: Call, error: Error, signing_in: bool) -> IntegrationError:
    detail, number = _detail(error), error.errno
    turned_away = number == NOT_CONNECTED and "error status: 4" in error.raw_msg
    if number in LATER or (number == NOT_CONNECTED and not turned_away):
        return unclear(call, detail, left=number == NOT_CONNECTED)
    if signing_in or number in NO_RIGHT:
        return refused(call, Unauthorized, detail)
    if number in NOT_THERE:
        return refused(call, _NotThere, detail, "Make it, or grant the role its use.")
    return refused(call, Rejected, detail, "Look into Snowflake's query history.")


def _detail(error: Error) -> str:
    away = ["nothing answers at the account's address"] if error.errno == NOT_CONNECTED else []
    words = [*away, f"Snowflake error {error.errno}", f"query {error.sfqid}" if error.sfqid else ""]
    if error.errno in TEXT_IS_SAFE:
        words.append(brief(error.raw_msg))
    return ", ".join(word for word in words if word)


def _type(kind: str, precision: object, scale: object) -> str:
    """As SnowflakeDialect writes it."""
    return {"text": "varchar", "number": f"number({precision},{scale})"}.get(kind, kind)
