"""Cohorts, retention and churn of an account, from the warehouse or else from ChartMogul's own list.

The warehouse is counted at each question, which takes seconds. ChartMogul's list is read once a day, by a run
that is named after account and day and whose result stays with it: whoever asks meanwhile, from wherever, is
told how far it is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from clients.kit.errors import IntegrationError
from domains.analytics import answers, notes
from domains.analytics.answers import TooLong
from domains.analytics.book import About, book_of
from domains.analytics.checks import Metrics
from domains.analytics.count import count
from domains.analytics.movements import Movements
from domains.warehouse.engine import Engine
from domains.warehouse.engines.configured import engine_of_account
from domains.warehouse.loader import opened
from domains.warehouse.movements import held, monthly_metrics, read
from models.analytics import (
    Answer,
    Book,
    BookInput,
    ChurnTable,
    ChurnWish,
    CohortTable,
    CohortWish,
    RetentionTable,
)
from models.zones import day_in
from operations.accounts import known_account
from operations.errors import Stopped
from operations.following import Followed, Look, Run, followed
from operations.outages import stopped_by
from operations.waiting import LOOK_SECONDS
from settings import Settings

OLD = timedelta(days=2)
"""An export that was longer ago is told."""

NOBODY = "No worker takes it; start `mogulflow serve`"

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Progress:
    """`trouble` is what keeps it, if anything does."""

    movements: int = 0
    trouble: str = ""

    @property
    def said(self) -> str:
        return ". ".join(filter(None, (f"{self.movements:,} movements read", self.trouble)))


Told = Callable[[Progress], None]
Connect = Callable[[], Awaitable[Client]]


def ignore(_: Progress) -> None:
    pass


@dataclass(frozen=True)
class _Computing:
    run_id: str
    progress: Progress


async def cohorts(
    settings: Settings,
    account: str,
    wish: CohortWish,
    progress: Told = ignore,
    patience: timedelta | None = None,
    connect: Connect = temporal.connect,
) -> CohortTable:
    """By month. `computing` where that takes longer than `patience`, which by default has no end. Raises
    Stopped."""
    table = CohortTable(account=account, metric=wish.metric, relative_to=wish.relative_to)
    book = await _book(settings, account, progress, patience, connect)
    if isinstance(book, _Computing):
        return _later(table, book)
    found = _told(lambda: answers.cohorts(book, wish))
    told = notes.of_cohorts(book, wish.readings, of_mrr=wish.metric == "net_mrr_retention")
    return _filled(table, book, cohorts=found, notes=told)


async def retention(
    settings: Settings,
    account: str,
    wish: CohortWish,
    progress: Told = ignore,
    patience: timedelta | None = None,
) -> RetentionTable:
    """By age, of all cohorts of the time span. Else as `cohorts`."""
    table = RetentionTable(account=account, relative_to=wish.relative_to)
    book = await _book(settings, account, progress, patience)
    if isinstance(book, _Computing):
        return _later(table, book)
    found = _told(lambda: answers.retention(book, wish))
    return _filled(table, book, months=found, notes=notes.of_cohorts(book, wish.readings))


async def churn(
    settings: Settings,
    account: str,
    wish: ChurnWish,
    progress: Told = ignore,
    patience: timedelta | None = None,
) -> ChurnTable:
    """Rates of calendar months, by both formulas. Else as `cohorts`."""
    table = ChurnTable(account=account)
    book = await _book(settings, account, progress, patience)
    if isinstance(book, _Computing):
        return _later(table, book)
    found, formula = _told(lambda: answers.churn(book, wish)), book.checked.formula
    return _filled(table, book, months=found, formula=formula, notes=notes.of_churn(book, wish.readings))


def _told(answer: Callable[[], Any]) -> Any:
    try:
        return answer()
    except TooLong as error:
        raise Stopped(str(error)) from None


def _later(table: A, found: _Computing) -> A:
    told = {"status": "computing", "run_id": found.run_id, "message": found.progress.said}
    return table.model_copy(update=told)


def _filled(table: A, book: Book, *, notes: list[str], **found: Any) -> A:
    about: dict[str, Any] = {
        name: getattr(book, name) for name in ("source", "currency", "time_zone", "as_of")
    }
    return table.model_copy(update=about | found | {"notes": [*notes, *_of_age(book)]})


def _of_age(book: Book) -> list[str]:
    age = datetime.now(UTC) - book.as_of
    if book.source == "warehouse" and age > OLD:
        return [f"The last export of movements was {age.days} days ago: `mogulflow export run` makes one."]
    return []


async def _book(
    settings: Settings,
    account: str,
    told: Told,
    patience: timedelta | None,
    connect: Connect = temporal.connect,
) -> Book | _Computing:
    known_account(settings, account)
    if settings.warehouse:
        engine = engine_of_account(settings.warehouse, account)
        try:
            found = await asyncio.to_thread(_from_warehouse, engine, account, told)
        except IntegrationError as error:
            raise stopped_by(error) from None
        if found:
            return found
    return await _from_run(settings, await connect(), account, told, patience)


# -- from the warehouse


def _from_warehouse(engine: Engine, account: str, told: Told) -> Book | None:
    """None where the account's movements are not in it. Blocks."""
    with opened(engine, read_only=True) as session:
        found = held(session)
        if found is None:
            return None
        movements = Movements()
        for rows in read(session, found):
            movements.extend(rows)
            told(Progress(len(movements)))
        metrics = monthly_metrics(session)
    theirs = {month: Metrics(*said) for month, said in metrics.items()}
    counted = count(movements, found.last.time_zone, found.last.read_at)
    about = About(account, "warehouse", found.currency, found.last.time_zone, found.last.read_at)
    return book_of(about, movements, counted, theirs)


# -- from ChartMogul, by a run


async def _from_run(
    settings: Settings, client: Client, account: str, told: Told, patience: timedelta | None
) -> Book | _Computing:
    run = await _started(client, account, day_in(settings.chartmogul[account].time_zone, datetime.now(UTC)))
    follows = await followed(settings, client, run)
    last = Progress()
    with suppress(TimeoutError):
        async with asyncio.timeout(patience.total_seconds() if patience is not None else None):
            async for last in _progress(follows):
                told(last)
            return await follows.result()
    return _Computing(run.id, last)


def prefix_of(account: str) -> str:
    """Of the ids of its runs."""
    return f"analytics/{account}/"


@dataclass(frozen=True)
class Standing:
    """Of a run that counts. Its result is told as cohorts, retention or churn."""

    status: Literal["computing", "done", "failed"]
    begun_at: datetime
    said: str = ""


async def standing(client: Client, run_id: str, wait_seconds: float = 0) -> Standing | None:
    """At its end, or after so many seconds. None where there is no such run."""
    run: Run[Book] = client.get_workflow_handle(run_id, result_type=Book)
    deadline, last = asyncio.get_running_loop().time() + wait_seconds, Progress()
    try:
        async for now in _progress(Followed(client, run, "", None)):
            last = now
            if asyncio.get_running_loop().time() + LOOK_SECONDS > deadline:
                break
        described = await run.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
    if described.status is WorkflowExecutionStatus.RUNNING:
        return Standing("computing", described.start_time, last.said)
    done = described.status is WorkflowExecutionStatus.COMPLETED
    return Standing("done" if done else "failed", described.start_time)


async def _started(client: Client, account: str, day: object) -> Run[Book]:
    """Today's: the one that runs or has come to its end; a new one where there is none, or it failed."""
    id, what = f"{prefix_of(account)}{day}", f"Analytics of account {account}"
    try:
        return await client.start_workflow(
            "analytics",
            BookInput(account=account),
            id=id,
            result_type=Book,
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=temporal.labels(what, account),
            static_summary=f"{what}, {day}",
            priority=temporal.BULK,
        )
    except WorkflowAlreadyStartedError:
        return client.get_workflow_handle(id, result_type=Book)


async def _progress(run: Followed[Book]) -> AsyncIterator[Progress]:
    read = 0
    async for look in run.looks():
        read = max([read, *(step.said.get("rows", 0) for step in look.steps)])
        yield Progress(read, _trouble(look))


def _trouble(look: Look) -> str:
    if not look.has_worker:
        return NOBODY
    return next((f"try {step.attempt}: {step.trouble}" for step in look.steps if step.trouble), "")
