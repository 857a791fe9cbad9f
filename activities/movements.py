"""Reading ChartMogul's own list of movements and seeing to each, without a row through a workflow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from temporalio import activity

from activities.chartmogul import client_of
from activities.definition import step_activity
from activities.heartbeats import HEARTBEAT_SECONDS
from clients.chartmogul.client import ChartMogulClient
from models.chartmogul import Activity
from models.events import MrrMovement, NotAMovement, movement_from_activity
from models.movements import Scan, Tally

SeeTo = Callable[[Scan, Sequence[MrrMovement], datetime], Awaitable[Tally]]


class MovementScanner(Protocol):
    """What `dispatch.movement_scan` gives: the dispatcher, seen from here."""

    @property
    def take(self) -> SeeTo: ...

    @property
    def compare(self) -> SeeTo: ...


class MovementActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient], movement_scan: MovementScanner) -> None:
        self._clients = clients
        self._scan = movement_scan

    @step_activity("movements.sweep")
    async def sweep(self, scan: Scan) -> Tally:
        """Start what has no run. A try that was cut off goes on where its last block ended."""
        return await self._read(scan, self._scan.take)

    @step_activity("movements.compare")
    async def compare(self, scan: Scan) -> Tally:
        """Which run each movement has."""
        return await self._read(scan, self._scan.compare)

    async def _read(self, scan: Scan, see_to: SeeTo) -> Tally:
        start, tally = _where_it_was(scan)
        async with _alive(start, tally) as heart:
            async for block in client_of(self._clients, scan.account).activities(start, scan.end):
                movements, unreadable = _movements(block.rows, scan)
                tally += await see_to(scan, movements, datetime.now(UTC))
                unreadable = block.unreadable + unreadable
                tally += Tally(
                    rows=len(block.rows) + len(block.unreadable),
                    requests=block.requests,
                    unreadable_rows=len(unreadable),
                    unreadable=unreadable,
                )
                heart.beat(block.until, tally)
        return tally


class _Heart:
    """Says that the work goes on, and from where another try would have to.

    The SDK sends the first beat at once and the next ones seldom: the first one is a block's."""

    def __init__(self, until: datetime, tally: Tally) -> None:
        self._last = (until.isoformat(), tally.model_dump(mode="json"))

    def beat(self, until: datetime, tally: Tally) -> None:
        self._last = (until.isoformat(), tally.model_dump(mode="json"))
        self.beat_again()

    def beat_again(self) -> None:
        activity.heartbeat(*self._last)


@asynccontextmanager
async def _alive(start: datetime, tally: Tally) -> AsyncIterator[_Heart]:
    """Beats also while one block takes long: a second of an import by date may hold thousands."""
    heart = _Heart(start, tally)

    async def go_on() -> None:
        await asyncio.sleep(HEARTBEAT_SECONDS)  # a block's beat tells more: let it be the first
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            heart.beat_again()

    heartbeats = asyncio.create_task(go_on())
    try:
        yield heart
    finally:
        heartbeats.cancel()


def _where_it_was(scan: Scan) -> tuple[datetime, Tally]:
    details = activity.info().heartbeat_details
    if not details:
        return scan.start, Tally()
    until, tally = details
    return datetime.fromisoformat(until), Tally.model_validate(tally)


def _movements(rows: Sequence[Activity], scan: Scan) -> tuple[list[MrrMovement], list[str]]:
    movements, unreadable = [], []
    for row in rows:
        try:
            movements.append(movement_from_activity(row, scan.account, scan.source))
        except (NotAMovement, ValueError) as error:
            reason = error if isinstance(error, NotAMovement) else "it cannot be read"
            unreadable.append(f"{row.date:%Y-%m-%dT%H:%M:%SZ}: {reason}")
    return movements, unreadable
