"""bqemulator 1.4.0 without a network, started by the Python of the emulator's environment.

`python bigquery_server.py PORT`. Each change has the difference from BigQuery that it takes away.
"""

import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import fastapi.dependencies.utils
import fastapi.routing
import sqlglot
from bqemulator.api import app as application
from bqemulator.api.routes import jobs, upload
from bqemulator.catalog import ddl_sync
from bqemulator.catalog.models import TableSchema
from bqemulator.config import LogLevel, Settings
from bqemulator.domain.errors import DomainError
from bqemulator.domain.result import Err, Ok
from bqemulator.jobs import ddl_result, executor
from bqemulator.scripting import interpreter
from bqemulator.scripting.ast import Script, SqlStmt
from bqemulator.scripting.interpreter import ScriptInterpreter
from bqemulator.scripting.parser import parse_script
from bqemulator.server import run_forever
from bqemulator.sql import inner_query, translator
from bqemulator.sql.rewriter import default_dataset
from bqemulator.sql.translator import SQLTranslator
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.storage.sql_identifiers import quoted_table_ref
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.helper import name_sequence

JOB_ID = "mogulflow_job_id"
"""Where a job's id travels through the emulator's upload, which has no place for it."""

_wished: ContextVar[str] = ContextVar("wished")
_dataset: ContextVar[dict[str, str] | None] = ContextVar("dataset", default=None)


ID = re.compile(r"(?<=_)(?=[0-9]*[a-f])[0-9a-f]{12,32}|(?<=')[0-9-]{10}T[0-9:]{8}\.[0-9]{6}(?=\+00:00')")
"""The random end of a name, or an instant of now."""

MOST_KEPT = 2000


def once_per_shape(made: Callable[..., str]) -> Callable[..., str]:
    """Of a function that decides by a text, and by what it is given besides, alone. It is called once for all
    that differ in random ids and instants alone: the emulator parses a statement two dozen times on its way
    to DuckDB, which takes more than DuckDB does."""
    kept: dict[tuple[str, str], str] = {}

    def known(text: str, *rest: Any, **given: Any) -> str:
        about = repr((rest, given))
        numbered = _numbered(text, about)
        shape = (_renamed(text, numbered), _renamed(about, numbered))
        if shape not in kept:
            if len(kept) == MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[shape] = _renamed(str(made(text, *rest, **given)), numbered)
        return _renamed(kept[shape], {number: each for each, number in numbered.items()})

    return known


def _numbered(*texts: str) -> dict[str, str]:
    ids = dict.fromkeys(each for text in texts for each in ID.findall(text))
    return {each: _in_place_of(each, number) for number, each in enumerate(ids)}


def _in_place_of(found: str, number: int) -> str:
    return f"2000-01-01T00:00:00.{number:06d}" if "T" in found else f"a{number:011d}"


def _renamed(text: str, names: dict[str, str]) -> str:
    for name, other in names.items():
        text = text.replace(name, other)
    return text


class JobExists(DomainError):  # type: ignore[misc] # of the emulator's environment
    """Not the emulator's AlreadyExistsError, which it would make the new job's own failure."""

    http_status = 409
    bq_reason = "duplicate"
    grpc_status_name = "ALREADY_EXISTS"


def refuse_second(ctx: Any, project: str, job: str) -> None:
    """BigQuery never runs a second job with the same id; the emulator does."""
    if ctx.catalog.get_job(project, job) is not None:
        raise JobExists(f"Already Exists: Job {project}:US.{job}")


async def query_once(project: str, job: str, sql: str, query_params: Any, ctx: Any, **more: Any) -> Any:
    refuse_second(ctx, project, job)
    done = await _query(project, job, sql, query_params, ctx, **more)
    note_altered(ctx, project, sql)
    return done


_query = jobs.execute_query_job


def configuration_with_id(envelope: dict[str, Any]) -> dict[str, Any]:
    """The emulator forgets the id that an upload's job asks for."""
    reference = envelope.get("jobReference") or {}
    return {**_configuration(envelope), JOB_ID: reference.get("jobId")}


_configuration = upload._load_configuration_from_envelope


async def load_once(*, project_id: str, configuration: dict[str, Any], ctx: Any, **more: Any) -> Any:
    asked = {key: value for key, value in configuration.items() if key != JOB_ID}
    job = configuration[JOB_ID] or _any_id()
    refuse_second(ctx, project_id, job)
    _wished.set(job)
    return await _load(project_id=project_id, configuration=asked, ctx=ctx, **more)


_load = upload._run_load
_any_id = upload._new_job_id


def with_dataset(sql: str, configuration: dict[str, Any], *, request_project_id: str) -> str:
    """The emulator puts the default data set before tables' names by a parser that knows no scripts; and
    inside views, where BigQuery has none."""
    given = configuration.get("defaultDataset") or {}
    project, dataset = given.get("projectId") or request_project_id, given.get("datasetId")
    if dataset and sql.lower().startswith("create or replace view"):
        return view_in(sql, project, dataset)
    if ";" not in sql or len(script_of(sql).statements) == 1:
        return str(_with_dataset(sql, configuration, request_project_id=request_project_id))
    if dataset:
        _dataset.set({"default_project": project, "default_dataset": dataset})
    return sql


@once_per_shape
def view_in(sql: str, project: str, dataset: str) -> str:
    statement = sqlglot.parse_one(sql, read="bigquery")
    name = statement.this.find(exp.Table)
    name.set("db", exp.to_identifier(dataset))
    name.set("catalog", exp.to_identifier(project))
    return str(statement.sql(dialect="bigquery"))


_with_dataset = jobs._apply_default_dataset


@lru_cache(maxsize=50)
def script_of(sql: str) -> Script:
    """The emulator reads every statement to see that it is no script, letter by letter."""
    if ";" not in sql and PLAIN.match(sql):
        return Script(statements=(SqlStmt(sql),))
    return parse_script(sql)


PLAIN = re.compile(
    r"(select|insert|update|delete|merge|alter table|drop (table|view)|create [a-z ]*table)\b|"
    r"create or replace view\b",
    re.IGNORECASE,
)


async def execute_qualified(self: Any, sql: str) -> None:
    await _execute(self, _qualified(sql))


async def query_qualified(self: Any, sql: str) -> Any:
    return await _run(self, _qualified(sql))


_execute = ScriptInterpreter._exec_sql
_run = ScriptInterpreter._run_query


def _qualified(sql: str) -> str:
    dataset = _dataset.get()
    control = sql.lstrip().lower().startswith(("begin", "commit", "rollback"))
    return sql if control or dataset is None else qualified(sql, **dataset)


qualified = once_per_shape(default_dataset.qualify_unqualified_tables)


def note_altered(ctx: Any, project: str, sql: str) -> None:
    """The emulator tells of a table what it was before `alter table`."""
    if not sql.lstrip().lower().startswith("alter table"):
        return
    table = sqlglot.parse_one(sql, read="bigquery").find(exp.Table)
    place = (table.catalog or project, table.db, table.name) if table else ("", "", "")
    if meta := ctx.catalog.get_table(*place):
        project, dataset, name = place
        schema = schema_with_json(project, dataset, name, ctx)
        ctx.catalog.update_table(meta.model_copy(update={"schema_": schema}))


def schema_with_json(project: str, dataset: str, table: str, ctx: Any) -> Any:
    """The emulator tells JSON as STRING; and it asks DuckDB three times, which is needed for kinds of columns
    that were not met before."""
    rows = ctx.engine.execute(f"PRAGMA table_info({quoted_table_ref(project, dataset, table)})").fetchall()
    if any(row[2] not in _fields for row in rows):
        told = {each.name: each for each in _schema(project, dataset, table, ctx).fields}
        kinds = {row[2]: told[row[1]].type for row in rows} | {"JSON": "JSON"}
        _fields.update({row[2]: told[row[1]].model_copy(update={"type": kinds[row[2]]}) for row in rows})
    modes = {True: "REQUIRED", False: "NULLABLE"}
    fields = (
        _fields[row[2]].model_copy(update={"name": row[1], "mode": modes[bool(row[3])]}) for row in rows
    )
    return TableSchema(fields=tuple(fields))


_fields: dict[str, Any] = {}
"""A column of each of DuckDB's types."""
_schema = ddl_sync._introspect_schema


def is_required(column: Any) -> bool:
    """The emulator's own fails on a column with a description, with sqlglot's compiled core."""
    return any(isinstance(each.args["kind"], exp.NotNullColumnConstraint) for each in column.constraints)


def wide_numeric(sql: str) -> str:
    """DuckDB's decimal has three digits after the point where nothing is said, NUMERIC has nine."""
    return BARE_NUMERIC.sub(lambda found: "NUMERIC(38, 9)" if found[1] else found[0], str(_numeric(sql)))


_numeric = translator.rewrite_numeric_literals
BARE_NUMERIC = re.compile(r"""'(?:[^'\\]|\\.)*'|\b(numeric)\b(?!\s*[('"])""", re.IGNORECASE | re.DOTALL)
"""Texts, which are left alone, and the type's name without what follows it."""


def generate(self: Any, expression: Any, copy: bool = True, **options: Any) -> str:
    """sqlglot's compiled core parses twenty templates for each generator of DuckDB's SQL that it makes, which
    takes longer than a statement. What was made is used again, by one at a time: one may need another."""
    kind = (type(self), repr((self.normalization_strategy, self.settings, sorted(options.items()))))
    idle = _idle.setdefault(kind, [])
    generator = idle.pop() if idle else self.generator(**options)
    generator._next_name = name_sequence("_t")
    try:
        return str(generator.generate(expression, copy=copy))
    finally:
        idle.append(generator)


_idle: dict[tuple[type[Any], str], list[Any]] = {}


def parse(self: Any, sql: str, **options: Any) -> list[Any]:
    """The emulator parses a statement many times on its way. What was parsed is copied, as it is changed,
    for all but who only reads it."""
    settings = repr((self.normalization_strategy, self.settings, sorted(options.items())))
    if _reads.get():
        return to_read(self, sql, settings, options)
    kind = (type(self), settings, sql)
    if kind not in _parsed:
        if len(_parsed) == MOST_PARSED:
            _parsed.pop(next(iter(_parsed)))
        _parsed[kind] = [without_places(each) for each in _parse(self, sql, **options)]
    return [each and each.copy() for each in _parsed[kind]]


def to_read(self: Any, sql: str, settings: str, options: dict[str, Any]) -> list[Any]:
    """One tree for all that differ in random ids alone, with the names of this one until the next is read.
    Instants of now are others than those of the statement."""
    numbered = _numbered(sql)
    kind = (type(self), settings, _renamed(sql, numbered))
    if kind not in _to_read:
        if len(_to_read) == MOST_KEPT:
            _to_read.pop(next(iter(_to_read)))
        trees = [without_places(each) for each in _parse(self, kind[2], **options)]
        _to_read[kind] = (trees, [(each, each.this) for tree in trees if tree for each in _names(tree)])
    trees, names = _to_read[kind]
    back = {number: each for each, number in numbered.items()}
    for node, name in names:
        node.set("this", _renamed(name, back))
    return trees


def _names(tree: Any) -> list[Any]:
    return [each for each in tree.find_all(exp.Identifier) if ID.search(each.this)]


_to_read: dict[tuple[type[Any], str, str], tuple[list[Any], list[tuple[Any, str]]]] = {}


def without_places(tree: Any) -> Any:
    """Each name knows where it stood, for sqlglot's errors alone, and bears an empty list of comments. Their
    copies took longer than the rest."""
    for node in tree.walk() if tree else ():
        node.comments = node.comments or None
        if node._meta is not None:
            kept = {key: value for key, value in node._meta.items() if key not in PLACES}
            node._meta = kept or None
    return tree


def reading(looked: Callable[..., Any]) -> Callable[..., Any]:
    """Of a function that changes nothing of what it has parsed: the copies take longer than what it does."""

    def looking(*given: Any, **named: Any) -> Any:
        before = _reads.set(True)
        try:
            return looked(*given, **named)
        finally:
            _reads.reset(before)

    return looking


_reads: ContextVar[bool] = ContextVar("reads", default=False)
_parse = Dialect.parse
_parsed: dict[tuple[type[Any], str, str], list[Any]] = {}
MOST_PARSED = 200
PLACES = {"line", "col", "start", "end"}


def translate(self: Any, sql: str, *, schema: Any = None, caller: Any = None) -> Any:
    """Any translator's: it keeps nothing of what it has translated."""
    try:
        return Ok(translated(sql, schema=schema, caller=caller))
    except DomainError as refusal:
        return Err(refusal)


@once_per_shape
def translated(sql: str, **given: Any) -> str:
    done = _translate(executor._translator, sql, **given)
    if isinstance(done, Err):
        raise done.error
    return str(done.value)


_translate = SQLTranslator.translate


async def keep_no_snapshot(project: str, sql: str, ctx: Any) -> None:
    """The emulator copies a table that a statement has changed, for `for system_time as of`."""


class Unseen:
    """In place of what counts and logs requests: each has a task of its own for every request."""

    def __init__(self, app: Any, **_: Any) -> None:
        self._app = app

    async def __call__(self, *request: Any) -> None:
        await self._app(*request)


ASK_IN_THREADS: tuple[Any, ...] = (fastapi.dependencies.utils, fastapi.routing)


async def at_once(function: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
    """Two threads were asked for what each request is about, which they read from its headers."""
    return function(*given, **named)


def only_of(words: str, detect: Callable[..., Any], otherwise: Any = None) -> Callable[..., Any]:
    """The emulator parses each statement to find out that it is of another kind."""
    begins = re.compile(rf"\s*({words})\b", re.IGNORECASE)

    def detected(sql: str, *rest: Any) -> Any:
        return detect(sql, *rest) if begins.match(sql) else otherwise

    return reading(detected)


def reject_written(project: str, sql: str, ctx: Any) -> None:
    if DML.match(sql):
        _reject_written(project, sql, ctx)


DML = re.compile(r"\s*(insert|update|delete|merge|truncate)\b", re.IGNORECASE)
_reject_written = reading(executor._reject_dml_on_immutable)


@once_per_shape
def tables_of(sql: str) -> str:
    """A query of the tables in a statement, without the rest of it."""
    named = [(each.catalog, each.db, each.name) for each in _tables(sql) if each.db and each.name]
    found = {".".join(f"`{part}`" for part in parts if part) for parts in named}
    return f"select 1 from {', '.join(sorted(found))}" if found else "select 1"


@reading
def _tables(sql: str) -> list[Any]:
    return list(sqlglot.parse_one(sql, read="bigquery").find_all(exp.Table))


def catalog_schema(sql: str, **given: Any) -> Any:
    return _catalog_schema(tables_of(sql), **given)


_catalog_schema = reading(inner_query.build_catalog_schema)


def without_policies(sql: str, **_: Any) -> str:
    """The emulator puts views' selects in their places, for policies of rows that nobody has made here."""
    return sql


def no_threads(self: Any) -> None:
    """Tables of a few rows are read sooner than a plan of it is made better, or given to others."""
    self.connection.execute("set threads to 1")
    self.connection.execute("pragma disable_optimizer")


def be_quick() -> None:
    """What tells the same as the emulator's own, and costs less."""
    executor.detect_drop_routine = only_of("drop", executor.detect_drop_routine)
    ddl_sync._detect_catalog_drop = only_of("drop", ddl_sync._detect_catalog_drop)
    ddl_sync._detect_create_schema = only_of("create schema", ddl_sync._detect_create_schema)
    ddl_sync._detect_plain_create_table = only_of("create", ddl_sync._detect_plain_create_table)
    ddl_sync._detect_plain_create_view = only_of("create", ddl_sync._detect_plain_create_view, (None, None))
    ddl_sync._extract_ddl_metadata = reading(ddl_sync._extract_ddl_metadata)
    ddl_result._parse_statement = reading(ddl_result._parse_statement)
    interpreter._dml_targets = reading(interpreter._dml_targets)
    interpreter._is_row_producing = only_of("select|with", interpreter._is_row_producing, False)
    executor._reject_dml_on_immutable = reject_written
    executor._capture_dml_snapshots = keep_no_snapshot
    executor.parse_script = interpreter.parse_script = script_of
    inner_query.build_catalog_schema = catalog_schema
    inner_query.rewrite_for_row_access = without_policies
    application.MetricsMiddleware = application.AccessLogMiddleware = Unseen
    application.CorrelationIdMiddleware = Unseen
    for module in ASK_IN_THREADS:
        module.run_in_threadpool = at_once


def main() -> None:
    Dialect.generate = generate
    Dialect.parse = parse
    DuckDBEngine._load_spatial = no_threads  # an extension to download; for geography alone
    SQLTranslator.translate = translate
    be_quick()
    default_dataset.qualify_unqualified_tables = qualified
    table_refs = once_per_shape(executor.rewrite_table_refs)
    executor.rewrite_table_refs = interpreter.rewrite_table_refs = table_refs
    statement_type = once_per_shape(executor.classify_statement_type)
    executor.classify_statement_type = jobs.classify_statement_type = statement_type
    jobs.execute_query_job = query_once
    jobs._apply_default_dataset = with_dataset
    ddl_sync._introspect_schema = schema_with_json
    ddl_result._has_not_null_constraint = is_required
    translator.rewrite_numeric_literals = wide_numeric
    ScriptInterpreter._exec_sql = execute_qualified
    ScriptInterpreter._run_query = query_qualified
    upload._load_configuration_from_envelope = configuration_with_id
    upload._run_load = load_once
    upload._new_job_id = _wished.get
    run_forever(
        Settings(
            rest_port=int(sys.argv[1]),
            grpc_port=0,
            enable_format_extensions=False,
            log_level=LogLevel.WARNING,
        )
    )


if __name__ == "__main__":
    main()
