"""Reading a month of an accounting system into a snapshot."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Generic, TypeVar

from activities.heartbeats import heartbeats
from activities.month import READINGS, Store, write_table
from clients.kit.books import MonthReading
from clients.kit.errors import Rejected, title
from models.reconciliation.books import MonthCut, Reading
from models.templates.reconciliation import BooksWork

C = TypeVar("C")


class BooksReader(Generic[C]):
    """`clients` by the name of the connection. Raises Rejected where there is none, or no place for it."""

    def __init__(
        self,
        system: str,
        clients: Mapping[str, C],
        snapshots: Store | None,
        month: Callable[[C, MonthCut, str], MonthReading],
    ) -> None:
        self._system, self._clients, self._snapshots, self._month = system, clients, snapshots, month

    async def read(self, work: BooksWork) -> Reading:
        """Its tables are `cash` and `documents`. What was written before stays, and is not read again once it
        is whole."""
        client, snapshots = self._clients.get(work.site), self._snapshots
        if client is None:
            variables = f"{self._system.upper()}__{work.site.upper()}__*"
            raise self._refused(f"{title(self._system)} is not connected for {work.site}: set {variables}")
        if snapshots is None:
            raise self._refused("There is no place for snapshots")
        if (there := snapshots.reading(work.place, self._system, work.site)) and there.serves(work.cut):
            return there
        for _ in range(READINGS):
            reading = await self._read(client, snapshots, work)
            if reading.closes:
                break
        return reading

    async def _read(self, client: C, snapshots: Store, work: BooksWork) -> Reading:
        began, month = datetime.now(UTC), self._month(client, work.cut, work.site)
        async with heartbeats(lambda: month.progress):
            with snapshots.writing(work.place, self._system, work.site) as writing:
                await write_table(writing, "cash", month.cash())
                await write_table(writing, "documents", month.documents())
                return writing.finish(self._reading(work, month, began)).reading

    def _reading(self, work: BooksWork, month: MonthReading, began: datetime) -> Reading:
        return Reading(
            system=self._system,
            site=work.site,
            began_at=began,
            ended_at=datetime.now(UTC),
            calls=month.calls,
            controls=month.controls,
            left_out=month.left_out.said(),
            changed_while_read=month.changed,
        )

    def _refused(self, why: str) -> Rejected:
        return Rejected(self._system, why)
