"""Runs of events that have closed, as rows of the audit: told once a night, lest each costs an action."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

import temporal
from activities.runs.audit import head_of, tell
from activities.runs.effects import read_effects, result_of
from clients.kit.errors import Rejected, Unavailable
from models.audit import MOST_EFFECTS, AuditEffect, AuditRow
from models.effects import Effect
from models.ledger import Append
from models.runs import Rerun
from models.templates.catalogue import TEMPLATES

T = TypeVar("T")

OVERLAP = timedelta(hours=1)
"""The list may run behind: so far back it is read again."""

AT_ONCE = 10
"""Results that are read side by side."""

PART = 100
"""Runs between two words on how far it has come."""

MOST_LISTED = 2_000
"""Runs of one list; a longer span of time is cut in two."""

PATIENCE_SECONDS = 30.0
"""For a worker to say what a run has done that did not end by itself."""

SHORTEST_SPAN = timedelta(seconds=1)

MOST_ROWS, MOST_BYTES = 50, 200_000
"""Of one call to the ledger: its run begins anew after four megabytes."""


async def tell_events(client: Client, account: str, until: datetime) -> AsyncIterator[int]:
    """All runs that closed since the last time, in order; how many rows were told, now and then. Raises
    RPCError, Unavailable."""
    head = await head_of(client, account)
    since = (head.events_until or until - temporal.RETENTION) - OVERLAP
    query = _closed(account, f"Template IN ({', '.join(repr(each) for each in TEMPLATES)})")
    async for runs, end in closed_runs(client, query, since, until):
        for part in in_parts(runs):
            for batch in _batches(await side_by_side(lambda run: _row_of(client, run), part)):
                await tell(client, Append(account=account, rows=batch))
                yield len(batch)
            await head_of(client, account)  # lest it has more before it than a run takes
        await tell(client, Append(account=account, events_until=end))


def _closed(account: str, what: str) -> str:
    # the query language takes an unquoted Mode for a word of its own
    live = "(`Mode` IS NULL OR `Mode` != 'preview')"
    ended = "ExecutionStatus NOT IN ('Running', 'ContinuedAsNew')"
    return f"Account = '{account}' AND {what} AND {live} AND {ended}"


def all_runs_query(account: str) -> str:
    """Runs of events, and changes that were asked for."""
    return _closed(account, f"Template IN ({', '.join(repr(each) for each in (*TEMPLATES, 'change'))})")


async def closed_runs(
    client: Client, query: str, since: datetime, until: datetime
) -> AsyncIterator[tuple[list[WorkflowExecution], datetime]]:
    """Those of a span by when they closed, and up to when they are all. Raises RPCError."""
    span = f"{query} AND CloseTime >= '{_text(since)}' AND CloseTime < '{_text(until)}'"
    if (await client.count_workflows(span)).count > MOST_LISTED and until - since > SHORTEST_SPAN:
        middle = since + (until - since) / 2
        for start, end in ((since, middle), (middle, until)):
            async for found in closed_runs(client, query, start, end):
                yield found
        return
    runs = [run async for run in client.list_workflows(span, page_size=1000)]
    yield sorted(runs, key=lambda run: (closed_at(run), run.run_id)), until


def closed_at(run: WorkflowExecution) -> datetime:
    assert run.close_time is not None, "its list has closed ones alone"
    return run.close_time


def in_parts(runs: Sequence[WorkflowExecution]) -> Iterator[Sequence[WorkflowExecution]]:
    for first in range(0, len(runs), PART):
        yield runs[first : first + PART]


async def side_by_side(
    job: Callable[[WorkflowExecution], Awaitable[T]], runs: Sequence[WorkflowExecution]
) -> list[T]:
    free = asyncio.Semaphore(AT_ONCE)

    async def one(run: WorkflowExecution) -> T:
        async with free:
            return await job(run)

    return await asyncio.gather(*map(one, runs))


async def _row_of(client: Client, run: WorkflowExecution) -> AuditRow:
    outcome, effects = await _came_to(client, run)
    return AuditRow(
        id=f"{run.id}/{run.run_id}",
        account=attribute(run, temporal.ACCOUNT),
        kind="event",
        at=closed_at(run),
        run=run.id,
        what=attribute(run, temporal.TEMPLATE),
        customer=attribute(run, temporal.CUSTOMER),
        asked_by=await asked_by(run),
        outcome=outcome,
        effects=[AuditEffect.of(each) for each in effects[:MOST_EFFECTS]],
        more_effects=max(0, len(effects) - MOST_EFFECTS),
    )


async def asked_by(run: WorkflowExecution) -> str:
    """The principal of a change; the route of an event's run, or who had it run again."""
    memo = await run.memo()
    if again := memo.get(temporal.RERUN):
        return Rerun.model_validate(again).who
    route = memo.get(temporal.ROUTE)
    return attribute(run, temporal.PRINCIPAL) or (f"route {route}" if route else "")


async def _came_to(client: Client, run: WorkflowExecution) -> tuple[str, list[Effect]]:
    """The outcome, or how it was ended before its time."""
    try:
        if run.status is WorkflowExecutionStatus.COMPLETED:
            result = await result_of(client, run)
            return result.outcome.value, result.effects
        return ended(run), await read_effects(client, run, seconds=PATIENCE_SECONDS)
    except (Rejected, Unavailable):  # by whom its workflow failed, or nobody replays it any more
        return f"{ended(run)}, effects unknown", []


def ended(run: WorkflowExecution) -> str:
    return run.status.name.lower() if run.status else "unknown"


def attribute(run: WorkflowExecution, key: Any) -> str:
    return str(run.typed_search_attributes.get(key) or "")


def _batches(rows: Iterable[AuditRow]) -> Iterator[list[AuditRow]]:
    batch: list[AuditRow] = []
    size = 0
    for row in rows:
        length = len(row.model_dump_json())
        if batch and (len(batch) == MOST_ROWS or size + length > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
