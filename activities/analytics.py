"""An account's movements read from ChartMogul and counted. No row, only the counts, travels through a run."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from activities.chartmogul import client_of
from activities.definition import step_activity
from activities.heartbeats import heartbeats
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.dates import Row, seconds_of
from domains.analytics.book import About, book_of
from domains.analytics.checks import Metrics
from domains.analytics.count import Counted, count
from domains.analytics.movements import Movements
from models.analytics import Book, BookInput
from models.chartmogul_values import Unfit, whole_cents
from models.zones import day_in

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass
class _Progress:
    """What a heartbeat says."""

    doing: str = "reading"
    rows: int = 0


class AnalyticsActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient]) -> None:
        self._clients = clients

    @step_activity("analytics.count_movements")
    async def count_movements(self, given: BookInput) -> Book:
        """All up to now."""
        client, progress = client_of(self._clients, given.account), _Progress()
        as_of = datetime.now(UTC).replace(microsecond=0)
        async with heartbeats(lambda: vars(progress)):
            account, rows = await client.account(), Rows()
            async for block in client.stream_movements(EARLIEST, as_of):
                rows.add(block.rows)
                progress.rows += len(block.rows)
            progress.doing = "counting"
            counted = await asyncio.to_thread(rows.count, account.time_zone, as_of)
            progress.doing = "comparing with the metrics"
            theirs = await _metrics(client, counted.first, day_in(account.time_zone, as_of))
        about = About(given.account, "chartmogul", account.currency, account.time_zone, as_of)
        return book_of(about, rows.movements, counted, theirs)


class Rows:
    """An account's movements as ChartMogul sends them, block by block."""

    def __init__(self) -> None:
        self.movements = Movements()

    def add(self, rows: list[Row]) -> None:
        found = list(_readable(rows))
        self.movements.extend(found)
        self.movements.unreadable += len(rows) - len(found)

    def count(self, time_zone: str, as_of: datetime) -> Counted:
        return count(self.movements, time_zone, as_of)


def _readable(rows: list[Row]) -> Iterator[tuple[str, int, str, int]]:
    for row, second in zip(rows, seconds_of(rows), strict=True):
        who, kind, cents = row.get("customer-uuid"), row.get("type"), _cents(row.get("activity-mrr-movement"))
        if second and isinstance(who, str) and isinstance(kind, str) and cents is not None:
            yield who, int(second.timestamp()), kind, cents


def _cents(value: object) -> int | None:
    if type(value) is int:  # nearly all are, and there are millions
        return value
    try:
        return whole_cents(value)
    except Unfit:
        return None


async def _metrics(client: ChartMogulClient, first: date | None, last: date) -> dict[date, Metrics]:
    """By month; none of an account without movements."""
    if first is None:
        return {}
    rows = [row async for page in client.stream_metrics(first, last, "month") for row in page]
    return dict(_by_month(rows))


def _by_month(rows: Iterable[Row]) -> Iterator[tuple[date, Metrics]]:
    for row in rows:
        try:
            month = date.fromisoformat(str(row.get("date"))).replace(day=1)
        except ValueError:
            continue
        yield month, Metrics(_number(row.get("mrr")), _number(row.get("customer-churn-rate")))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
