"""Reading a month of an accounting system into a snapshot."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from activities.heartbeats import heartbeats
from clients.kit.books import MonthReading
from clients.kit.errors import Rejected, title
from models.base import Record
from models.reconciliation.books import MonthCut, Reading, TableFile
from models.templates.reconciliation import BooksWork, SnapshotPlace

C = TypeVar("C")


class Snapshots(Protocol):
    """Where the records of a snapshot go. A table that was written before by an attempt that was cut off is
    written anew."""

    async def write(self, place: SnapshotPlace, table: str, records: AsyncIterator[Record]) -> TableFile: ...


class BooksReader(Generic[C]):
    """`clients` by the name of the connection. Raises Rejected where there is none, or no place for it."""

    def __init__(
        self,
        system: str,
        clients: Mapping[str, C],
        snapshots: Snapshots | None,
        month: Callable[[C, MonthCut, str], MonthReading],
    ) -> None:
        self._system, self._clients, self._snapshots, self._month = system, clients, snapshots, month

    async def read(self, work: BooksWork) -> Reading:
        """Its tables are `<system>-cash` and `<system>-documents`."""
        client, snapshots, began = self._clients.get(work.site), self._snapshots, datetime.now(UTC)
        if client is None:
            variables = f"{self._system.upper()}__{work.site.upper()}__*"
            raise self._refused(f"{title(self._system)} is not connected for {work.site}: set {variables}")
        if snapshots is None:
            raise self._refused("There is no place for snapshots")
        month = self._month(client, work.cut, work.site)
        async with heartbeats(lambda: month.progress):
            files = [
                await snapshots.write(work.place, f"{self._system}-cash", month.cash()),
                await snapshots.write(work.place, f"{self._system}-documents", month.documents()),
            ]
        return Reading(
            system=self._system,
            site=work.site,
            began_at=began,
            ended_at=datetime.now(UTC),
            calls=month.calls,
            controls=month.controls,
            files=files,
            left_out=month.left_out.said(),
            changed_while_read=month.changed,
        )

    def _refused(self, why: str) -> Rejected:
        return Rejected(self._system, why)
