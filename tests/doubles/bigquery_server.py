"""bqemulator 1.4.0 without a network, started by the Python of the double's environment.

`python bigquery_server.py PORT`. Each change has the difference from BigQuery that it takes away.
"""

import sys
from contextvars import ContextVar
from typing import Any

from bqemulator.api.routes import jobs, upload
from bqemulator.config import LogLevel, Settings
from bqemulator.domain.errors import DomainError
from bqemulator.server import run_forever
from bqemulator.storage.engine import DuckDBEngine

JOB_ID = "mogulflow_job_id"
"""Where a job's id travels through the emulator's upload, which has no place for it."""

_wished: ContextVar[str] = ContextVar("wished")


class JobExists(DomainError):
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
    return await _query(project, job, sql, query_params, ctx, **more)


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


def main() -> None:
    DuckDBEngine._load_spatial = lambda self: None  # an extension to download; for geography alone
    jobs.execute_query_job = query_once
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
