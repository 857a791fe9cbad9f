"""Cohorts, retention and churn from ChartMogul's list of movements, against the time that the list takes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import TypeVar
from uuid import uuid4

import temporal
from activities.analytics import EARLIEST, Rows
from benchmarks.export_ground import PER_PAGE, UNBOUND, NotComparable, Pages, served
from benchmarks.ground import Ground, served_anew
from benchmarks.memory import peak_of
from benchmarks.results import Result, at_most
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from models.analytics import Book, BookInput, MonthCounts
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.domains.analytics import oracle
from tests.domains.analytics.histories import History, Row

T = TypeVar("T")

ROWS, QUICK_ROWS, MILLION = 200_000, 20_000, 1_000_000
ROUNDS = 2
DELAY_MS, PER_SECOND = 150, 40
ZONE = "Etc/UTC"
GOAL_TIMES, GOAL_MB = 1.1, 150


@dataclass
class _Read:
    """Seconds of each round, and megabytes."""

    alone: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    more: float = 0


async def analytics(ground: Ground, *, quick: bool = False, million: bool = False) -> Result:
    rows = QUICK_ROWS if quick else MILLION if million else ROWS
    async with served(rows, delay_ms=DELAY_MS, per_second=PER_SECOND) as pages:
        read = await _in_turns(ground, pages, 1 if million else ROUNDS)
        refused = await pages.refused()
    counted = min(rows, ROWS)
    ours, theirs = await _counting(counted)
    most = PER_SECOND * PER_PAGE
    alone, whole = median(read.alone), median(read.whole)
    against = median(one / other for one, other in zip(read.whole, read.alone, strict=True))
    return Result(
        "analytics",
        ["", "seconds", "movements per second", "against it", "goal"],
        [
            ["as soon as ChartMogul gives them", f"{rows / most:.1f}", f"{most:,}", "", ""],
            ["its list read, and nothing done with it", f"{alone:.1f}", f"{rows / alone:,.0f}", "", ""],
            [
                *("the run that reads it and counts", f"{whole:.1f}", f"{rows / whole:,.0f}"),
                *(f"{against:.3f}", at_most(GOAL_TIMES, against)),
            ],
            [
                "... megabytes more at its peak than before",
                f"{read.more:.0f}",
                "",
                "",
                at_most(GOAL_MB, read.more),
            ],
            [f"{counted:,} rows counted, nothing read", f"{ours:.2f}", f"{counted / ours:,.0f}", "", ""],
            ["... by pandas", f"{theirs:.2f}", f"{counted / theirs:,.0f}", f"{theirs / ours:.1f}", ""],
        ],
        f"{rows:,} movements, one a minute, from rows as ChartMogul sends them to all cohorts and rates, by "
        f"`mogulflow serve`, from the run's start to its result. {DELAY_MS} ms for a page of {PER_PAGE}, at "
        f"most {PER_SECOND} requests in any second: {refused} were refused. `BULK_SHARE` is 1; by default it "
        f"is half. Rounds in turns: {len(read.whole)}, the median; ratios within a round. pandas as the tests"
        " have it, who check ours by it: table by table from the definitions, and not made to be quick.",
    )


async def _in_turns(ground: Ground, pages: Pages, rounds: int) -> _Read:
    changed = {
        "base_url": pages.base_url,
        "requests_per_second": pages.per_second or UNBOUND,
        "bulk_share": 1,
    }
    environment = {f"CHARTMOGUL__DEFAULT__{name.upper()}": value for name, value in changed.items()}
    read = _Read()
    async with served_anew(ground, environment):
        for _ in range(rounds):
            read.alone.append(await _seconds_alone(pages))
            async with peak_of(ground.stack.serve.pid) as peak:
                read.whole.append(await _seconds_of_a_run(ground, pages))
            read.more = max(read.more, max(peak) - peak[0])
    return read


async def _seconds_alone(pages: Pages) -> float:
    began, found = time.perf_counter(), 0
    async for rows in _blocks(pages):
        found += len(rows)
    _whole(found, pages)
    return time.perf_counter() - began


async def _seconds_of_a_run(ground: Ground, pages: Pages) -> float:
    began = time.perf_counter()
    book: Book = await ground.client.execute_workflow(
        "analytics",
        BookInput(account="default"),
        id=f"analytics/{uuid4()}",
        task_queue=temporal.WORKFLOWS,
        result_type=Book,
    )
    seconds = time.perf_counter() - began
    _whole(book.movements, pages)
    return seconds


def _whole(found: int, pages: Pages) -> None:
    if found != pages.rows:
        raise NotComparable(f"{found} rows came instead of {pages.rows}")


async def _blocks(pages: Pages) -> AsyncIterator[list[dict[str, object]]]:
    """By the product's own client, at that pace."""
    async with _client(pages) as client:
        async for block in client.stream_movements(EARLIEST, datetime.now(UTC)):
            yield block.rows


@asynccontextmanager
async def _client(pages: Pages) -> AsyncIterator[ChartMogulClient]:
    account = ChartMogulAccount(
        api_key=CHARTMOGUL_KEY,
        base_url=pages.base_url,
        requests_per_second=pages.per_second or UNBOUND,
        bulk_share=1,
    )
    client = ChartMogulClient(account)
    try:
        yield client
    finally:
        await client.aclose()


async def _counting(rows: int) -> tuple[float, float]:
    """Seconds that ours takes, and pandas. Raises NotComparable where they do not come to the same."""
    found, as_of = Rows(), datetime.now(UTC)
    async with served(rows) as pages:
        async for block in _blocks(pages):
            found.add(block)
    history = History(ZONE, as_of, _rows(found))
    ours, counted = await asyncio.to_thread(_timed, lambda: found.count(ZONE, as_of))
    theirs, table = await asyncio.to_thread(_timed, lambda: oracle.found(history))
    _same(counted.months, table)
    return ours, theirs


def _rows(found: Rows) -> list[Row]:
    kinds = ("new_biz", "expansion", "contraction", "churn", "reactivation")
    last = int(datetime.now(UTC).timestamp())
    return [(f"cus_{who}", at, kinds[kind], cents) for who, at, kind, cents in found.movements.until(last)]


def _same(ours: list[MonthCounts], theirs: oracle.Found) -> None:
    for month in ours:
        they = theirs.months[f"{month.month:%Y-%m}"]
        if (month.customers_before, month.mrr_cents) != (they["customers_before"], they["mrr"]):
            raise NotComparable(f"{month.month:%Y-%m} differs")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found
