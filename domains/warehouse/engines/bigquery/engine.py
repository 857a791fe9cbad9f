"""BigQuery through Google's client: Parquet by load jobs, a commit as one script, each with an id of ours.

A job's id is taken once: of a job whose answer was lost there is no second one, it is looked up.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import requests
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound, RetryError
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from google.oauth2 import service_account

from clients.kit.errors import IntegrationError, Rejected, Unauthorized
from clients.kit.errors import NotFound as NotFoundThere
from clients.kit.http import Call, brief, error_for, rate_limited, refused, unclear
from clients.kit.unanswered import unanswered
from domains.warehouse.dialect import Dialect
from domains.warehouse.engine import Commit, Outcome, title_of
from domains.warehouse.engines.bigquery.dialect import BigQueryDialect
from domains.warehouse.settings import BigQueryWarehouse
from models.warehouse_tables import FieldOf

REQUEST_SECONDS = 60.0
UPLOAD_SECONDS = 600.0
WAITING = DEFAULT_RETRY.with_timeout(30)
"""For looking how far a job is, which changes nothing; what begins one is never repeated by the client."""

MOST_AT_ONCE = 100_000
"""Rows that may come with the news that a job is done; else they take a request of their own."""

MADE = re.compile(r"create or replace table (\w+)")

TOO_MANY = {"rateLimitExceeded", "quotaExceeded", "jobRateLimitExceeded"}
TEXT_IS_SAFE = {"notFound", "accessDenied", "billingNotEnabled", "duplicate", "resourcesExceeded", *TOO_MANY}
"""Reasons whose text names objects; that of others may quote a row's value."""

LOST_TO_ANOTHER = "concurrent update"
"""What BigQuery says of a transaction that another one has overtaken."""

NO_REASON = "Google gave no reason"
GOOGLE = "https://bigquery.googleapis.com"

OLD_NAMES = {"integer": "int64", "boolean": "bool", "float": "float64"}

SAID = "outcome_of_commit"
"""Variable of the script of a commit: no column has that name, which a statement could mean instead."""


class BigQuery:
    name = "bigquery"

    def __init__(self, settings: BigQueryWarehouse) -> None:
        self.dialect: Dialect = BigQueryDialect(settings.schema_name)
        self._settings = settings

    def connect(self, *, read_only: bool = False) -> "BigQuerySession":
        settings = self._settings
        with errors_of(Call("bigquery", "sign in to Google")):
            client = bigquery.Client(
                project=settings.project,
                credentials=_credentials(settings),
                location=settings.location,
                client_options=ClientOptions(api_endpoint=settings.api_endpoint),
            )
        session = BigQuerySession(client, self.dialect, settings)
        try:
            session.enter_dataset(read_only)
        except BaseException:
            session.close()
            raise
        return session


def _credentials(settings: BigQueryWarehouse) -> Credentials | None:
    """None are Google's default ones."""
    if settings.api_endpoint and settings.api_endpoint.startswith("http://"):
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    if settings.credentials_file is None:
        return None
    from_file: Any = service_account.Credentials.from_service_account_file
    try:
        return cast(Credentials, from_file(settings.credentials_file))
    except (OSError, ValueError) as error:
        call = Call("bigquery", "read the service account's key file")
        why = "it cannot be opened" if isinstance(error, OSError) else "it is no key of a service account"
        raise refused(call, Unauthorized, why, "Correct WAREHOUSE__CREDENTIALS_FILE.") from None


class BigQuerySession:
    """`client` is Google's, which declares no `None` for `retry`, though that is how it is told not to."""

    def __init__(self, client: Any, dialect: Dialect, settings: BigQueryWarehouse) -> None:
        self.dialect = dialect
        self._client = client
        self._settings = settings
        self._dataset = settings.schema_name
        self._temporary = False
        self._scratch: set[str] = set()
        self._columns: dict[str, dict[str, str]] = {}

    def enter_dataset(self, read_only: bool) -> None:
        """Made where it is missing; for a preview one that goes with the session."""
        with errors_of(Call("bigquery", f"look for the data set {self._dataset}")):
            try:
                self._client.get_dataset(self._dataset, retry=None, timeout=REQUEST_SECONDS)
                return
            except NotFound:
                pass
        if read_only:
            self._dataset = f"{self._dataset}_preview_{secrets.token_hex(4)}"
        with errors_of(Call("bigquery", f"make the data set {self._dataset}")):
            dataset = bigquery.Dataset(f"{self._settings.project}.{self._dataset}")
            dataset.location = self._settings.location
            self._client.create_dataset(dataset, exists_ok=True, retry=None, timeout=REQUEST_SECONDS)
        self._temporary = read_only

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with errors_of(Call("bigquery", f"run {title_of(sql)}")):
            return self._rows(self._submit(sql))

    def execute(self, sql: str) -> None:
        """Of one that is done as soon as it is submitted nothing more is asked: it has no rows."""
        if made := MADE.match(sql):
            self._scratch.add(made[1])
            self._columns.pop(made[1], None)
        else:
            self._columns.clear()
        with errors_of(Call("bigquery", f"run {title_of(sql)}")):
            job = self._submit(sql)
            if job.state != "DONE" or job.error_result:
                self._rows(job)

    def stage(self, name: str, fields: Sequence[FieldOf], files: Sequence[Path]) -> None:
        """A job takes one file from here; all are on their way before the first is awaited."""
        self.execute(self.dialect.create_staging(name, fields))
        once = secrets.token_hex(8)
        with errors_of(Call("bigquery", f"load {name}")):
            jobs = [self._load(name, file, f"{name}-{once}-{n}") for n, file in enumerate(files)]
            for job in jobs:
                job.result(retry=WAITING, timeout=self._settings.job_seconds)

    def _load(self, name: str, file: Path, job_id: str) -> Any:
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        )
        try:
            with file.open("rb") as opened:
                return self._client.load_table_from_file(
                    opened, self._table(name), job_id=job_id, job_config=config, timeout=UPLOAD_SECONDS
                )
        except Conflict:  # our own upload, whose answer was lost and which the client has repeated
            return self._look_up(job_id)

    def _table(self, name: str) -> str:
        return f"{self._settings.project}.{self._dataset}.{name}"

    def columns(self, table: str) -> dict[str, str]:
        """As this session saw them since it last changed any: a load, say, asks several times for its own
        ledger's."""
        if table not in self._columns:
            self._columns[table] = self._look_at(table)
        return dict(self._columns[table])

    def _look_at(self, table: str) -> dict[str, str]:
        with errors_of(Call("bigquery", f"look at {table}")):
            try:
                found = self._client.get_table(self._table(table), retry=None, timeout=REQUEST_SECONDS)
            except NotFound:
                return {}
        kinds = {field.name: str(field.field_type).lower() for field in found.schema}
        return {name: OLD_NAMES.get(kind, kind) for name, kind in kinds.items()}

    def columns_of(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        return {table: self.columns(table) for table in tables}

    def commit(self, plan: Commit) -> Outcome:
        """The ids are the same for all attempts of a run: the second to come waits for the first's job,
        and submits its own only where that one has changed nothing."""
        script, number = _script(plan), 0
        while True:
            with errors_of(Call("bigquery", f"commit {plan.name}", writes=True)):
                job_id = f"{self._dataset}-{plan.name}-{number}"
                try:
                    return _outcome(self._rows(self._submit(script, job_id)))
                except _Taken:
                    if self._outcome_of(job_id) in (Outcome.APPLIED, Outcome.ALREADY):
                        return Outcome.ALREADY
            number += 1

    def _outcome_of(self, job_id: str) -> Outcome | None:
        """Of an attempt that is not this one; None where it failed, and so changed nothing."""
        job = self._look_up(job_id)
        try:
            return _outcome(self._rows(job))
        except GoogleAPICallError:
            if job.error_result is None:
                raise
            return None

    def _look_up(self, job_id: str) -> Any:
        return self._client.get_job(job_id, retry=WAITING, timeout=REQUEST_SECONDS)

    def _submit(self, sql: str, job_id: str | None = None) -> Any:
        config = bigquery.QueryJobConfig(default_dataset=f"{self._settings.project}.{self._dataset}")
        try:
            return self._client.query(
                sql, job_config=config, job_id=job_id, retry=None, job_retry=None, timeout=REQUEST_SECONDS
            )
        except Conflict:
            if job_id is None:
                raise
            raise _Taken from None

    def _rows(self, job: Any) -> list[tuple[object, ...]]:
        found = job.result(
            page_size=MOST_AT_ONCE, retry=WAITING, job_retry=None, timeout=self._settings.job_seconds
        )
        return [tuple(row.values()) for row in found]

    def close(self) -> None:
        for name in self._scratch:
            with suppress(Exception):
                self._client.delete_table(
                    self._table(name), not_found_ok=True, retry=None, timeout=REQUEST_SECONDS
                )
        with suppress(Exception):
            if self._temporary:
                self._client.delete_dataset(
                    self._dataset, delete_contents=True, retry=None, timeout=REQUEST_SECONDS
                )
        with suppress(Exception):
            self._client.close()


class _Taken(Exception):
    """There is a job with this id."""


def _script(plan: Commit) -> str:
    """A script that fails, or ends with a transaction open, leaves nothing of it."""
    return "\n".join(
        (
            f"declare {SAID} string default '{Outcome.APPLIED}';",
            "begin transaction;",
            f"{plan.lock};",
            f"if exists({plan.ledger}) then set {SAID} = '{Outcome.ALREADY}';",
            f"elseif exists({plan.superseded}) then set {SAID} = '{Outcome.SUPERSEDED}';",
            f"elseif not exists({plan.locked}) then set {SAID} = '{Outcome.OVERTAKEN}';",
            "else",
            *(f"{statement};" for statement in plan.statements),
            "end if;",
            f"if {SAID} = '{Outcome.APPLIED}' then commit transaction; else rollback transaction; end if;",
            f"select {SAID};",
        )
    )


def _outcome(rows: list[tuple[object, ...]]) -> Outcome:
    return Outcome(str(rows[0][0]))


@contextmanager
def errors_of(call: Call) -> Iterator[None]:
    # `from None`: Google's own texts may quote the statement and values.
    try:
        yield
    except GoogleAPICallError as error:
        raise _error_for(call, error) from None
    except TransportError as error:
        raise unclear(call, _unanswered(error), left=False) from None
    except GoogleAuthError:
        why = "Google takes no credentials of ours, or there are none here"
        raise refused(call, Unauthorized, why) from None
    except (requests.RequestException, RetryError, WaitedTooLong, ConnectionError) as error:
        raise unclear(call, _unanswered(error)) from None


def _unanswered(error: Exception) -> str:
    """The request that it was says where it went; to BigQuery, or to where Google gives tokens."""
    asked = getattr(error.__cause__ or error, "request", None)
    return unanswered(error, getattr(asked, "url", None) or GOOGLE)


def _error_for(call: Call, error: GoogleAPICallError) -> IntegrationError:
    first = error.errors[0] if error.errors else {}
    reason = str(first.get("reason", "")) if isinstance(first, dict) else ""
    text = str(error.message or "")
    detail = f"{reason}: {brief(text)}" if reason in TEXT_IS_SAFE else reason or NO_REASON
    if LOST_TO_ANOTHER in text:
        return unclear(call, "another transaction came first", left=False)
    if reason in TOO_MANY:
        return rate_limited(call, detail, None)
    if reason in ("backendError", "internalError"):
        return unclear(call, detail)
    status = int(error.code or 500)
    found = error_for(call, status, detail)
    if isinstance(found, Rejected | NotFoundThere):
        return refused(call, Rejected, detail, "Look into the project's job history.")
    return found
