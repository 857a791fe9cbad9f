"""fakesnow 0.12.1 as a server for connector 5, started by the Python of the emulator's environment.

`python snowflake_server.py PORT`. Each change has the difference from Snowflake that it takes away.
"""

import json
import re
import sys
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import fakesnow.arrow
import fakesnow.copy_into
import fakesnow.cursor
import fakesnow.dialect
import fakesnow.info_schema
import fakesnow.server
import pyarrow
import pyarrow.compute
import uvicorn
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SIGNED_HEADERS = (
    "content-type;host;x-goog-if-generation-match"
    ";x-goog-meta-encryptiondata;x-goog-meta-matdesc;x-goog-meta-sfc-digest"
)
DUPLICATE_ROW = (100090, "42P18", "Duplicate row detected during DML action")
LOCKED = (625, "57014", "Statement has locked the table, and this lock has not yet been released")
UNSUPPORTED = (900, "0A000", "The emulator cannot run this statement")


async def log_in(request: Request) -> JSONResponse:
    """Connector 5 wants fields that connector 4 does not read; and every database has a schema PUBLIC."""
    answer = json.loads(bytes((await fakesnow.server.login_request(request)).body))
    session = fakesnow.server.sessions[answer["data"]["token"]]
    if session.database:
        session._duck_conn.execute(f"CREATE SCHEMA IF NOT EXISTS {session.database}.PUBLIC")
    answer["data"] |= {
        "masterToken": answer["data"]["token"],
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "sessionId": len(fakesnow.server.sessions),
        "displayUserName": "emulator",
    }
    return JSONResponse(answer)


def stage_info(request: Request, expression: Any, put: Any) -> dict[str, Any]:
    """Connector 5 reads more fields, and sends no header that the URL's signature does not name."""
    info = _stage_info(request, expression, put)
    info["presignedUrl"] += f"?X-Goog-SignedHeaders={SIGNED_HEADERS.replace(';', '%3B')}"
    more = dict.fromkeys(("region", "storageAccount", "endPoint", "path"), "")
    return {**info, **more, "isClientSideEncrypted": False}


_stage_info = fakesnow.server.gcs_stage_info


async def look_for_file(request: Request) -> Response:
    """Connector 5 asks whether the file is there before it uploads it."""
    return Response(status_code=404)


def timestamps(column: Any) -> Any:
    """fakesnow has no NULL in a column of timestamps: connector 4 shows 1970, connector 5 fails."""
    column = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    if not column.null_count:
        return _timestamps(column)
    filled = _timestamps(pyarrow.compute.fill_null(column, pyarrow.scalar(0, column.type)))
    names = list(filled.type)
    return pyarrow.StructArray.from_arrays(filled.flatten(), fields=names, mask=column.is_null())


_timestamps = fakesnow.arrow.timestamp_to_sf_struct


def merge_in_one(merge: Any) -> list[Any]:
    """fakesnow splits MERGE in three with a temporary table: it refuses it after BEGIN, or commits what
    came before it. DuckDB's own MERGE does neither."""
    if isinstance(merge, exp.Merge):
        merge.set("returning", exp.Returning(expressions=[exp.column("merge_action")]))
    return [merge]


def execute(self: Any, expression: Any, parameters: Any = None) -> None:
    """Refuse and count what a MERGE does as Snowflake; tell DuckDB's refusals by Snowflake's numbers."""
    try:
        if isinstance(expression, exp.Merge):
            _refuse_two_rows_for_one(self, expression)
        _execute(self, expression, parameters)
    except fakesnow.cursor.duckdb.Error as error:
        known = LOCKED if "conflict" in str(error).lower() else UNSUPPORTED
        raise _refusal(*known, str(error)) from error
    if isinstance(expression, exp.Merge):
        _count(self, self._arrow_table.column(0).to_pylist())


_execute = fakesnow.cursor.FakeSnowflakeCursor._execute


def _refuse_two_rows_for_one(self: Any, merge: Any) -> None:
    """DuckDB takes one of them."""
    target, source, on = (merge.args[part].sql(dialect="duckdb") for part in ("this", "using", "on"))
    row = f"{merge.this.alias_or_name}.rowid"
    twice = f"SELECT 1 FROM {target} JOIN {source} ON {on} GROUP BY {row} HAVING COUNT(*) > 1 LIMIT 1"
    if self._duck_conn.execute(twice).fetchone():
        raise _refusal(*DUPLICATE_ROW)


def _count(self: Any, actions: list[str]) -> None:
    counts = [
        f'{actions.count(action)} AS "number of rows {words}"'
        for action, words in (("INSERT", "inserted"), ("UPDATE", "updated"))
    ]
    told = fakesnow.cursor.sqlglot.parse_one(f"SELECT {', '.join(counts)}", read="duckdb")
    told.set("merge_counts", True)
    _execute(self, told)


def _refusal(number: int, state: str, message: str, detail: str = "") -> ProgrammingError:
    return ProgrammingError(msg=f"{message} {detail}", errno=number, sqlstate=state)


def describe(table: Any, connection: Any, database: str | None, schema: str | None) -> Any:
    """COPY looks for its table in the schema alone, where DuckDB has no temporary ones."""
    find = "SELECT 1 FROM duckdb_tables() WHERE temporary AND table_name = ?"
    if not connection.execute(find, [table.name]).fetchone():
        return _describe(table, connection, database, schema)
    found = connection.execute(f"DESCRIBE temp.main.{table.name}").fetchall()
    return [(name, kind) for name, kind, *_ in found]


_describe = fakesnow.copy_into._describe_table


def columns_of_result(self: Any) -> Any:
    """fakesnow has DuckDB describe each result, which takes longer than most of them. One that comes of no
    table, or of the tables' list, has the same columns whatever the texts in its statement."""
    sql = str(self._last_sql)
    if re.search(r"\bFROM\b", sql, re.IGNORECASE) and "information_schema" not in sql.lower():
        return _columns_of_result(self)
    shape = TEXT.sub("''", sql)
    if shape not in _described:
        _described[shape] = _columns_of_result(self)
    return _described[shape]


_columns_of_result = fakesnow.cursor.FakeSnowflakeCursor._describe_last_sql
_described: dict[str, Any] = {}
TEXT = re.compile(r"'(?:[^']|'')*'")


@cache
def parse(command: str) -> Any:
    """Of a text that was seen before, the same tree: whoever changes one works on a copy."""
    tree = _parse(command)
    if _has_one_meaning(tree):
        tree.meta["text"] = command
    return tree


_parse = fakesnow.dialect.parse_one


def parse_to_change(command: str) -> Any:
    tree = parse(command)
    return tree if "text" in tree.meta else tree.copy()


def transform(self: Any, tree: Any, parameters: Any) -> Any:
    """fakesnow walks through each statement some eighty times, which takes as long as running it. What the
    same text becomes is the same in each schema, unless it names files, sets variables or looks at what
    is there."""
    text = tree.meta.get("text")
    if parameters or text is None:
        return _transform(self, tree, parameters)
    key = (text, self._conn.database)
    if key not in _transformed:
        _transformed[key] = _transform(self, tree.copy(), parameters)
    return _transformed[key]


_transform = fakesnow.cursor.FakeSnowflakeCursor._transform
_transformed: dict[tuple[str, str], Any] = {}


def _has_one_meaning(tree: Any) -> bool:
    if any(table.name.upper() == "DATABASES" for table in tree.find_all(exp.Table)):
        return False
    if isinstance(tree, exp.Create):
        typed = isinstance(tree.this, exp.Schema) and tree.expression
        return tree.kind in ("TABLE", "VIEW") and not typed
    return isinstance(tree, exp.Select | exp.Insert | exp.Update | exp.Delete | exp.Merge)


def keep_comment(catalog: str, schema: str, table: str, comment: str | None) -> str:
    """fakesnow takes a quotation mark in a comment for its end."""
    return str(_keep_comment(catalog, schema, table, (comment or "").replace("'", "''")))


_keep_comment = fakesnow.info_schema.insert_table_comment_sql


def route(path: str, answer: Callable[[Request], Awaitable[Response]], method: str) -> Route:
    return Route(path, answer, methods=[method])


def application() -> Starlette:
    fakesnow.server.gcs_stage_info = stage_info
    fakesnow.arrow.timestamp_to_sf_struct = timestamps
    fakesnow.info_schema.insert_table_comment_sql = keep_comment
    fakesnow.copy_into._describe_table = describe
    fakesnow.cursor.transforms.merge = merge_in_one
    fakesnow.cursor.FakeSnowflakeCursor._execute = execute
    fakesnow.cursor.FakeSnowflakeCursor._describe_last_sql = columns_of_result
    fakesnow.cursor.FakeSnowflakeCursor._transform = transform
    fakesnow.cursor.parse_one = parse_to_change
    fakesnow.server.parse_one = parse
    fakesnow.server.shared_fs.duck_conn.execute("SET threads = 1")  # tests are many, their tables small
    ours = [
        route("/session/v1/login-request", log_in, "POST"),
        route("/fs_bucket/{path:path}", look_for_file, "HEAD"),
    ]
    return Starlette(routes=[*ours, *fakesnow.server.routes])


if __name__ == "__main__":
    uvicorn.run(application(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
