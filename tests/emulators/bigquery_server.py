"""bqemulator 1.4.0 without a network, started by the Python of the emulator's environment.

`python bigquery_server.py PORT`. Each change has the difference from BigQuery that it takes away.
"""

import re
import sys
from contextvars import ContextVar
from typing import Any

import sqlglot
from bqemulator.api.routes import jobs, upload
from bqemulator.catalog import ddl_sync
from bqemulator.config import LogLevel, Settings
from bqemulator.domain.errors import DomainError
from bqemulator.jobs import ddl_result
from bqemulator.scripting.interpreter import ScriptInterpreter
from bqemulator.scripting.parser import parse_script
from bqemulator.server import run_forever
from bqemulator.sql import translator
from bqemulator.sql.rewriter.default_dataset import qualify_unqualified_tables
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.storage.sql_identifiers import quoted_table_ref
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.helper import name_sequence

JOB_ID = "mogulflow_job_id"
"""Where a job's id travels through the emulator's upload, which has no place for it."""

_wished: ContextVar[str] = ContextVar("wished")
_dataset: ContextVar[dict[str, str] | None] = ContextVar("dataset", default=None)


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
    return sql if control or dataset is None else qualify_unqualified_tables(sql, **dataset)


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
        _parsed[kind] = _parse(self, sql, **options)
    return [each and each.copy() for each in _parsed[kind]]


_parse = Dialect.parse
_parsed: dict[tuple[type[Any], str, str], list[Any]] = {}
MOST_PARSED = 200


def main() -> None:
    Dialect.generate = generate
    Dialect.parse = parse
    DuckDBEngine._load_spatial = lambda self: None  # an extension to download; for geography alone
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
