"""What was read of each system for a month: written whole or not at all, for nobody else to read, and never
written over; what was read in part alone gives way to a later reading.

`ROOT/account/period/part/system-site/` has a Parquet file for each table, and `reading.json`, which says what
was read.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from clients.kit.errors import Rejected
from domains.reconciliation.parquet import SYSTEM, SortedTable, read, sha256_of
from models.base import Record
from models.reconciliation.books import (
    AccountSettings,
    AccountSheet,
    BillingSubscription,
    CashEntry,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
    Document,
    Reading,
    TableFile,
)
from models.templates.reconciliation import SnapshotPlace

R = TypeVar("R", bound=Record)

TABLES: Mapping[str, type[Record]] = {
    "subscriptions": BillingSubscription,
    "documents": Document,
    "cash": CashEntry,
    "counted": CountedSubscription,
    "lines": CountedLine,
    "customers": CountedCustomer,
    "settings": AccountSettings,
    "sheet": AccountSheet,
}
"""The last five are ChartMogul's."""

READING = "reading.json"
BEGUN = ".begun-"
LEFT_FOR = timedelta(days=1)
"""How long that stays which a killed process was writing."""


@dataclass(frozen=True)
class Kept:
    """What is there now. Not `is_new`: it was there already, whole, and what was read anew is thrown away."""

    reading: Reading
    is_new: bool


class Snapshots:
    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, place: SnapshotPlace) -> Path:
        names = [place.part, place.of, str(place.number or "")]
        part = "-".join(filter(None, names))
        return self._root / as_name(place.account) / place.period / part

    def looks(self, account: str, period: str) -> int:
        """The number of the last re-reading of open items, by whichever run."""
        month = self.folder(SnapshotPlace(account=account, period=period)).parent
        found = (each.name.removeprefix("open-") for each in month.glob("open-*"))
        return max((int(each) for each in found if each.isdecimal()), default=0)

    def reading(self, place: SnapshotPlace, system: str, site: str) -> Reading | None:
        """What was written of it. Raises Rejected where it cannot be read."""
        file = self.folder(place) / _folder_of(system, site) / READING
        try:
            return Reading.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            raise Rejected(SYSTEM, f"{file} says nothing of a reading: it was edited.") from None

    @contextmanager
    def writing(self, place: SnapshotPlace, system: str, site: str) -> Iterator["Writing"]:
        """What is not finished when the block ends was never there."""
        folder = self.folder(place)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_left(folder)
        own = Path(tempfile.mkdtemp(prefix=BEGUN, dir=folder))
        try:
            yield Writing(self, place, own, folder / _folder_of(system, site))
        finally:
            shutil.rmtree(own, ignore_errors=True)

    def rows(self, place: SnapshotPlace, file: TableFile, kind: type[R]) -> Iterator[R]:
        """Raises Rejected where the file is not the one that was written."""
        yield from read(self.checked(place, file), kind)

    def all_rows(
        self, place: SnapshotPlace, readings: Iterable[Reading], table: str, kind: type[R]
    ) -> Iterator[R]:
        """A table of all systems that have it."""
        for reading in readings:
            for file in reading.files:
                if file.table == table:
                    yield from self.rows(place, file, kind)

    def checked(self, place: SnapshotPlace, file: TableFile) -> Path:
        """Where the file is. Raises Rejected where it is not the one that was written."""
        path = self.folder(place) / file.file
        if not path.is_file() or sha256_of(path) != file.sha256:
            raise Rejected(SYSTEM, f"{path} is not what was read: it was edited, or is not there.")
        return path


class Writing:
    """One system and site."""

    def __init__(self, snapshots: Snapshots, place: SnapshotPlace, own: Path, folder: Path) -> None:
        self._snapshots, self._place, self._own, self._folder = snapshots, place, own, folder
        self._tables: dict[str, SortedTable] = {}

    def add(self, table: str, records: Iterable[Record]) -> None:
        """Any number of times. A table without a record is there, and empty."""
        if table not in self._tables:
            self._tables[table] = SortedTable(self._own / f"{table}.parquet", TABLES[table])
        self._tables[table].add(records)

    def finish(self, reading: Reading) -> Kept:
        """`reading` gets its files. Raises Rejected."""
        for table in self._tables.values():
            table.finish()
        whole = reading.model_copy(update={"files": [*map(self._file, sorted(self._tables))]})
        (self._own / READING).write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")
        make_private(self._own)
        if put_in_place(self._own, self._folder):
            return Kept(whole, is_new=True)
        there = self._snapshots.reading(self._place, reading.system, reading.site)
        if there is None:
            raise Rejected(SYSTEM, f"{self._folder} is there and has no {READING}: move it away.")
        if there.is_complete and there.ended_at >= reading.began_at:  # another one wrote meanwhile
            return Kept(there, is_new=False)
        self._make_way()
        put_in_place(self._own, self._folder)
        return Kept(whole, is_new=True)

    def _make_way(self) -> None:
        """The name begins as what is removed a day later does, should we end here."""
        aside = Path(tempfile.mkdtemp(prefix=BEGUN, dir=self._folder.parent))
        self._folder.rename(aside / "in part")
        shutil.rmtree(aside, ignore_errors=True)

    def _file(self, table: str) -> TableFile:
        name = f"{table}.parquet"
        rows, sha256 = self._tables[table].rows, sha256_of(self._own / name)
        return TableFile(table=table, file=f"{self._folder.name}/{name}", rows=rows, sha256=sha256)


def as_name(name: str) -> str:
    """A name of a folder, whatever people have called an account or a site."""
    return quote(name, safe="").replace(".", "%2E")


def _folder_of(system: str, site: str) -> str:
    return f"{as_name(system)}-{as_name(site)}"


def make_private(folder: Path) -> None:
    """All of it, and onto the disk."""
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def put_in_place(own: Path, folder: Path) -> bool:
    """False where there is one already: of two that write at once, one does."""
    try:
        own.rename(folder)
    except OSError:
        if folder.is_dir():
            return False
        raise
    return True


def _remove_left(folder: Path) -> None:
    for each in folder.glob(f"{BEGUN}*"):
        if each.stat().st_mtime < time.time() - LEFT_FOR.total_seconds():
            shutil.rmtree(each, ignore_errors=True)
