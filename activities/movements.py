"""Reading ChartMogul's own list of movements and seeing to each, without a row through a workflow."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from temporalio import activity

from activities.chartmogul import client_of
from activities.definition import step_activity
from clients.chartmogul import ChartMogulClient
from models.chartmogul import Activity
from models.events import MrrMovement, NotAMovement, movement_from_activity
from models.movements import Sweep, Tally

SeeTo = Callable[[Sweep, Sequence[MrrMovement], datetime], Awaitable[Tally]]


class Sweeper(Protocol):
    """What `ingress.sweep` gives: the door, seen from here."""

    @property
    def take(self) -> SeeTo: ...

    @property
    def compare(self) -> SeeTo: ...


class MovementActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient], sweeper: Sweeper) -> None:
        self._clients = clients
        self._sweeper = sweeper

    @step_activity("movements.sweep")
    async def sweep(self, sweep: Sweep) -> Tally:
        """Start what has no run. A try that was cut off goes on where its last block ended."""
        return await self._read(sweep, self._sweeper.take)

    @step_activity("movements.compare")
    async def compare(self, sweep: Sweep) -> Tally:
        """Which run each movement has."""
        return await self._read(sweep, self._sweeper.compare)

    async def _read(self, sweep: Sweep, see_to: SeeTo) -> Tally:
        start, tally = _where_it_was(sweep)
        async for block in client_of(self._clients, sweep.account).activities(start, sweep.end):
            movements, unreadable = _movements(block.rows, sweep)
            tally += await see_to(sweep, movements, datetime.now(UTC))
            tally += Tally(
                rows=len(block.rows), requests=block.requests, unreadable=block.unreadable + unreadable
            )
            activity.heartbeat(block.until.isoformat(), tally.model_dump(mode="json"))
        return tally


def _where_it_was(sweep: Sweep) -> tuple[datetime, Tally]:
    details = activity.info().heartbeat_details
    if not details:
        return sweep.start, Tally()
    until, tally = details
    return datetime.fromisoformat(until), Tally.model_validate(tally)


def _movements(rows: Sequence[Activity], sweep: Sweep) -> tuple[list[MrrMovement], list[str]]:
    movements, unreadable = [], []
    for row in rows:
        try:
            movements.append(movement_from_activity(row, sweep.account, sweep.source))
        except (NotAMovement, ValueError) as error:
            reason = error if isinstance(error, NotAMovement) else "it cannot be read"
            unreadable.append(f"{row.date:%Y-%m-%dT%H:%M:%SZ}: {reason}")
    return movements, unreadable
