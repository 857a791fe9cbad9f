"""A system's books of a month: read as streams, written a table at a time, answered as counts."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from activities.heartbeats import heartbeats
from clients.kit.errors import Unauthorized, title
from clients.kit.tables import BooksReader
from models.base import Record
from models.reconciliation.books import MonthCut, Reading
from models.templates.reconciliation import BooksWork, SnapshotPlace

READINGS = 2
"""Of a system, one after the other, where the first is not whole: what is lost in the night is read late."""

AT_ONCE = 500
"""Records that are handed on together."""

C = TypeVar("C")


class Kept(Protocol):
    @property
    def reading(self) -> Reading: ...


class Writing(Protocol):
    def add(self, table: str, records: Iterable[Record]) -> None: ...

    def finish(self, reading: Reading) -> Kept: ...


class Store(Protocol):
    """Where snapshots are: what was written of a system stays, and is not read again once it is whole."""

    def reading(self, place: SnapshotPlace, system: str, site: str) -> Reading | None: ...

    def writing(self, place: SnapshotPlace, system: str, site: str) -> AbstractContextManager[Writing]: ...


class Books:
    """Of one system. `clients` by site, which is a connection's name in the settings; `reader` makes the
    reading of one month. Without a store there is nowhere to write."""

    def __init__(
        self,
        system: str,
        clients: Mapping[str, C],
        reader: Callable[[C, MonthCut, str, list[str]], BooksReader],
        store: Store | None,
    ) -> None:
        self._system, self._clients, self._reader, self._store = system, clients, reader, store

    async def read(self, work: BooksWork) -> Reading:
        """Raises Unauthorized where that site is not connected."""
        client, store = self._clients.get(work.site), self._store
        if client is None or store is None:
            what = f"{title(self._system)} {work.site}" if client is None else "the folder of snapshots"
            raise Unauthorized(self._system, f"No books can be read: {what} is not set up.")
        if (there := store.reading(work.place, self._system, work.site)) and there.serves(work.cut):
            return there
        for _ in range(READINGS):
            reading = await self._read(client, store, work)
            if reading.closes:
                break
        return reading

    async def _read(self, client: Any, store: Store, work: BooksWork) -> Reading:
        reader = self._reader(client, work.cut, work.site, work.customers)
        try:
            async with heartbeats(lambda: {"rows": reader.tally.rows, "calls": reader.tally.calls}):
                with store.writing(work.place, self._system, work.site) as writing:
                    return await self._written(reader, writing, work)
        finally:
            await reader.aclose()

    async def _written(self, reader: BooksReader, writing: Writing, work: BooksWork) -> Reading:
        began_at, tally = datetime.now(UTC), reader.tally
        for table, records in reader.tables():
            await write_table(writing, table, records)
        reading = Reading(
            system=self._system,
            site=work.site,
            began_at=began_at,
            ended_at=datetime.now(UTC),
            calls=tally.calls,
            controls=tally.controls,
            left_out=tally.left_out,
            changed_while_read=tally.changed_while_read,
        )
        return writing.finish(reading).reading


async def write_table(writing: Writing, table: str, records: AsyncIterator[Any]) -> None:
    """It is there where there are none, too."""
    writing.add(table, [])
    async for some in _some_at_once(records):
        writing.add(table, some)


async def _some_at_once(records: AsyncIterator[BaseModel]) -> AsyncIterator[list[Any]]:
    some: list[BaseModel] = []
    async for record in records:
        some.append(record)
        if len(some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some
