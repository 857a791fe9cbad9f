"""How each stream of ChartMogul is read for a night, and how far a night reaches."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from clients.chartmogul import ChartMogulClient
from clients.chartmogul_dates import Row
from models.exports import Night, StreamWork
from models.warehouse_loads import MonthSeen, Window

FIRST_DAY = date(2010, 1, 1)
"""ChartMogul is younger; what was imported from before is in no metric of this span."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

AHEAD = timedelta(days=5 * 365)
"""Movements are scheduled so far ahead at most. Reading has an end that does not move while it lasts."""

INTERVALS = ("day", "month")

Rows = AsyncIterator[list[Row]]


def read(client: ChartMogulClient, work: StreamWork, customers: list[str]) -> Rows:
    """All rows of the stream, a list at a time. `customers` are those whose subscriptions are wanted."""
    if work.stream == "mrr_movements":
        return _movements(client, movement_window(work))
    if work.stream == "subscriptions":
        return client.stream_subscriptions(customers)
    if work.stream == "metrics":
        return _metrics(client, work.night)
    return WHOLE[work.stream](client)


WHOLE: dict[str, Callable[[ChartMogulClient], Rows]] = {
    "customers": ChartMogulClient.stream_customers,
    "invoices": ChartMogulClient.stream_invoices,
    "plans": ChartMogulClient.stream_plans,
    "plan_groups": ChartMogulClient.stream_plan_groups,
    "data_sources": ChartMogulClient.stream_data_sources,
}


def movement_window(work: StreamWork) -> Window:
    start = work.prepared.movements_since or EARLIEST
    return Window(start=start, end=work.night.due_at + AHEAD)


async def months_seen(client: ChartMogulClient, night: Night) -> list[MonthSeen]:
    """ChartMogul's own monthly MRR: a month that changes tells where history was restated."""
    return [
        MonthSeen(month=date.fromisoformat(row["date"]).replace(day=1), digest=_digest(row))
        async for rows in client.stream_metrics(FIRST_DAY, night.due_at.date(), "month")
        for row in rows
    ]


def _digest(row: Row) -> str:
    said: dict[str, Any] = {name: value for name, value in row.items() if name.startswith("mrr")}
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


async def _movements(client: ChartMogulClient, window: Window) -> Rows:
    async for block in client.stream_movements(window.start, window.end):
        yield block.rows


async def _metrics(client: ChartMogulClient, night: Night) -> Rows:
    for interval in INTERVALS:
        async for rows in client.stream_metrics(FIRST_DAY, night.due_at.date(), interval):
            yield [row | {"interval": interval} for row in rows]
