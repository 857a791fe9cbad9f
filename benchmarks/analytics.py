"""Counting a million movements, against a loop that only adds them up."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from benchmarks.ground import Ground
from benchmarks.results import Result, at_most
from domains.analytics import answers
from domains.analytics.book import About, book_of
from domains.analytics.count import count
from domains.analytics.movements import Movements
from models.analytics import ChurnWish, CohortWish

ROWS, QUICK_ROWS = 1_000_000, 100_000
MOVEMENTS_EACH = 10
ZONE = "Europe/Berlin"
GOAL_SECONDS, GOAL_TIMES = 10, 15
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("new_biz", "expansion", "contraction", "churn", "reactivation")

Row = tuple[str, int, str, int]


async def analytics(ground: Ground, *, quick: bool = False) -> Result:
    """Nothing is read: at ChartMogul's pace a million rows take minutes, which `export_ceiling` measures."""
    rows = list(_rows(QUICK_ROWS if quick else ROWS))
    bare = await asyncio.to_thread(_timed, lambda: _added_up(rows))
    ours = await asyncio.to_thread(_timed, lambda: _answered(rows))
    lines = [
        ["bare loop: sums by customer and month", f"{bare:.2f}", f"{len(rows) / bare:,.0f}", "", ""],
        [
            *("cohorts, retention and churn", f"{ours:.2f}", f"{len(rows) / ours:,.0f}", ""),
            at_most(GOAL_SECONDS, ours),
        ],
        ["... against the bare loop", "", "", f"{ours / bare:.1f}", at_most(GOAL_TIMES, ours / bare)],
    ]
    return Result(
        "analytics",
        ["", "seconds", "movements per second", "times as long", "goal"],
        lines,
        f"{len(rows):,} movements of {len(rows) // MOVEMENTS_EACH:,} customers over six years, in no order, "
        "from rows in memory to all cohorts and rates. The bare loop sorts nothing, and knows neither zones "
        "nor days.",
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _rows(count: int) -> Iterator[Row]:
    chance = random.Random(7)
    first, last = int(FIRST.timestamp()), int(LAST.timestamp())
    for number in range(count):
        kind = KINDS[number // (count // MOVEMENTS_EACH) % len(KINDS)]
        cents = -4_900 if kind in ("churn", "contraction") else 4_900
        yield f"cus_{number % (count // MOVEMENTS_EACH):032x}", chance.randrange(first, last), kind, cents


def _added_up(rows: list[Row]) -> dict[tuple[str, int, int], int]:
    sums: dict[tuple[str, int, int], int] = {}
    for who, second, _, cents in rows:
        at = time.gmtime(second)
        key = who, at.tm_year, at.tm_mon
        sums[key] = sums.get(key, 0) + cents
    return sums


def _answered(rows: list[Row]) -> object:
    movements = Movements()
    movements.extend(rows)
    counted = count(movements, ZONE, LAST)
    book = book_of(About("default", "chartmogul", "EUR", ZONE, LAST), movements, counted, {})
    return answers.cohorts(book, CohortWish()), answers.churn(book, ChurnWish())
