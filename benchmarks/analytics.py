"""Counting a million movements, against a loop that only adds them up."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.analytics import Rows
from benchmarks.ground import Ground
from benchmarks.results import Result, at_most

ROWS, QUICK_ROWS = 1_000_000, 100_000
MOVEMENTS_EACH = 10
ZONE = "Europe/Berlin"
GOAL_SECONDS, GOAL_TIMES = 10, 10
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = int((LAST - FIRST).total_seconds())
PAGE = 200
KINDS = ("new_biz", "expansion", "contraction", "churn", "reactivation")

Row = dict[str, Any]


async def analytics(ground: Ground, *, quick: bool = False) -> Result:
    """Nothing is read: at ChartMogul's pace a million rows take minutes, which `export_ceiling` measures."""
    rows = list(_rows(QUICK_ROWS if quick else ROWS))
    bare = await asyncio.to_thread(_timed, lambda: _added_up(rows))
    ours = await asyncio.to_thread(_timed, lambda: _counted(rows))
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
        "from rows as ChartMogul sends them to all cohorts and rates. The bare loop sorts nothing, and knows "
        "neither zones nor days.",
    )


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _rows(count: int) -> Iterator[Row]:
    chance, customers = random.Random(7), count // MOVEMENTS_EACH
    for number in range(count):
        kind = KINDS[number // customers % len(KINDS)]
        at = FIRST + timedelta(seconds=chance.randrange(SECONDS))
        yield {
            "customer-uuid": f"cus_{number % customers:032x}",
            "date": at.isoformat(),
            "type": kind,
            "activity-mrr-movement": -4_900 if kind in ("churn", "contraction") else 4_900,
        }


def _added_up(rows: list[Row]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row["customer-uuid"], row["date"][:7]
        sums[key] = sums.get(key, 0) + row["activity-mrr-movement"]
    return sums


def _counted(rows: list[Row]) -> object:
    found = Rows()
    for first in range(0, len(rows), PAGE):
        found.add(rows[first : first + PAGE])
    return found.count(ZONE, LAST)
