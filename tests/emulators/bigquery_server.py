"""bqemulator 1.4.0 without a network, started by the Python of the emulator's environment.

`python bigquery_server.py PORT`. Each change has the difference from BigQuery that it takes away.
"""

import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import sqlglot
from bqemulator.api.routes import jobs, upload
from bqemulator.catalog import ddl_sync
from bqemulator.config import LogLevel, Settings
from bqemulator.domain.errors import DomainError
from bqemulator.domain.result import Err, Ok
from bqemulator.jobs import ddl_result, executor
from bqemulator.scripting import interpreter
from bqemulator.scripting.interpreter import ScriptInterpreter
from bqemulator.scripting.parser import parse_script
from bqemulator.server import run_forever
from bqemulator.sql import translator
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


ID = re.compile(r"(?<=_)(?=[0-9]*[a-f])[0-9a-f]{12,32}")
"""The random end of a name."""

MOST_KEPT = 2000


def once_per_shape(made: Callable[..., str]) -> Callable[..., str]:
    """Of a function that decides by a text, and by what it is given besides, alone. It is called once for all
    texts that differ in random ids alone: the emulator parses a statement two dozen times on its way to
    DuckDB, which takes more than DuckDB does."""
    kept: dict[tuple[str, str], str] = {}

    def known(text: str, *rest: Any, **given: Any) -> str:
        ids = list(dict.fromkeys(ID.findall(text)))
        numbered = {each: f"a{number:011d}" for number, each in enumerate(ids)}
        shape = (_renamed(text, numbered), _renamed(repr((rest, given)), numbered))
        if shape not in kept:
            if len(kept) == MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[shape] = _renamed(str(made(text, *rest, **given)), numbered)
        return _renamed(kept[shape], {number: each for each, number in numbered.items()})

    return known


def _renamed(text: str, names: dict[str, str]) -> str:
    return ID.sub(lambda found: names.get(found[0], found[0]), text)


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
        return view_in(project, dataset, sql)
    if ";" not in sql or len(parse_script(sql).statements) == 1:
        return str(_with_dataset(sql, configuration, request_project_id=request_project_id))
    if dataset:
        _dataset.set({"default_project": project, "default_dataset": dataset})
    return sql


def view_in(project: str, dataset: str, sql: str) -> str:
    statement = sqlglot.parse_one(sql, read="bigquery")
    name = statement.this.find(exp.Table)
    name.set("db", exp.to_identifier(dataset))
    name.set("catalog", exp.to_identifier(project))
    return str(statement.sql(dialect="bigquery"))


_with_dataset = jobs._apply_default_dataset


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
    """The emulator tells JSON as STRING."""
    schema = _schema(project, dataset, table, ctx)
    rows = ctx.engine.execute(f"PRAGMA table_info({quoted_table_ref(project, dataset, table)})").fetchall()
    json = {row[1] for row in rows if row[2] == "JSON"}
    fields = (f.model_copy(update={"type": "JSON"}) if f.name in json else f for f in schema.fields)
    return schema.model_copy(update={"fields": tuple(fields)})


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
    """The emulator parses a statement many times on its way. What was parsed is copied, as it is changed."""
    kind = (type(self), repr((self.normalization_strategy, self.settings, sorted(options.items()))), sql)
    if kind not in _parsed:
        if len(_parsed) == MOST_PARSED:
            _parsed.pop(next(iter(_parsed)))
        _parsed[kind] = [without_places(each) for each in _parse(self, sql, **options)]
    return [each and each.copy() for each in _parsed[kind]]


def without_places(tree: Any) -> Any:
    """Each name knows where it stood, for sqlglot's errors alone, and bears an empty list of comments. Their
    copies took longer than the rest."""
    for node in tree.walk() if tree else ():
        node.comments = node.comments or None
        if node._meta is not None:
            kept = {key: value for key, value in node._meta.items() if key not in PLACES}
            node._meta = kept or None
    return tree


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


def drop_routine(sql: str, project: str) -> Any:
    """The emulator parses each statement to find out that it drops no function."""
    return _drop_routine(sql, project) if "drop" in sql.lower() else None


_drop_routine = executor.detect_drop_routine


def main() -> None:
    Dialect.generate = generate
    Dialect.parse = parse
    DuckDBEngine._load_spatial = lambda self: None  # an extension to download; for geography alone
    SQLTranslator.translate = translate
    executor.detect_drop_routine = drop_routine
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
