"""A month of the book of truth, as the contracts of all vendors read it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.month import Books
from clients.kit.tables import BooksReader
from models.base import Record
from models.reconciliation.books import MonthCut, Reading
from models.templates.reconciliation import BooksWork, SnapshotPlace

NOW = datetime.now(UTC).replace(microsecond=0)
END = NOW - timedelta(minutes=30)
START = END - timedelta(days=31)
CUT = MonthCut(period="2026-11", time_zone="Europe/Berlin", start=START, end=END)
"""The month ended just now: what is read of it now may have changed since."""

DAY = timedelta(days=1)
BEGAN = END - timedelta(days=200)
PERIOD = END - timedelta(days=10)

Json = dict[str, Any]


def true(id: str, system: str, **more: Any) -> Json:
    """A monthly subscription of 100.00, billed ten days before the cut."""
    row = {
        "id": id,
        "system": system,
        "customer": f"cus-{id}",
        "company": f"Company {id}",
        "email": f"{id}@company.example",
        "unit": 10_000,
        "started_at": BEGAN.isoformat(),
        "period_start": PERIOD.isoformat(),
        "period_end": (PERIOD + timedelta(days=30)).isoformat(),
    }
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in more.items()}
    return row | said


@dataclass
class Kept:
    reading: Reading


@dataclass
class Held:
    """A store that holds what it is given."""

    tables: dict[str, list[Any]] = field(default_factory=dict)
    there: Reading | None = None

    def reading(self, place: SnapshotPlace, system: str, site: str) -> Reading | None:
        return self.there

    @contextmanager
    def writing(self, place: SnapshotPlace, system: str, site: str) -> Any:
        yield self

    def add(self, table: str, records: Iterable[Record]) -> None:
        self.tables.setdefault(table, []).extend(records)

    def finish(self, reading: Reading) -> Kept:
        self.there = reading
        return Kept(reading)


@dataclass
class Read:
    reading: Reading
    tables: dict[str, list[Any]]

    @property
    def subscriptions(self) -> dict[str, Any]:
        return {each.id: each for each in self.tables["subscriptions"]}

    @property
    def documents(self) -> dict[str, Any]:
        return {each.id: each for each in self.tables["documents"]}

    @property
    def cash(self) -> dict[str, Any]:
        return {each.id: each for each in self.tables["cash"]}

    @property
    def open_controls(self) -> list[str]:
        return [each.what for each in self.reading.controls if not each.closes]


async def read(reader: BooksReader) -> Read:
    """All tables, as the activity reads them, outside of Temporal."""
    store = Held()
    books = Books("x", {"default": None}, lambda *_: reader, store)
    work = BooksWork(place=SnapshotPlace(account="default", period=CUT.period), cut=CUT)
    try:
        reading = await books._written(reader, store, work)
    finally:
        await reader.aclose()
    return Read(reading, store.tables)


def billed(read: Read, number: str) -> list[tuple[Any, ...]]:
    """What the lines of an invoice are of."""
    [invoice] = [each for each in read.tables["documents"] if number in (each.id, each.number)]
    return [
        (each.id, each.subscription, each.item, each.plan, each.kind, each.prorated) for each in invoice.lines
    ]


async def stream(rows: Iterable[Any]) -> AsyncIterator[Any]:
    for row in rows:
        yield row
