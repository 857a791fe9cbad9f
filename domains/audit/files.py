"""The audit as JSON lines: one file for each day and account, which nobody else may read."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import orjson
from pydantic import ValidationError

from clients.kit.errors import Rejected
from models.ledger import AuditPlace, Link
from models.nightly_audit import Written

SYSTEM = "audit"


class AuditFiles:
    """An account's, in a folder of its own."""

    def __init__(self, folder: Path, account: str) -> None:
        self.folder = folder / quote(account, safe="").replace(".", "%2E")

    def all(self) -> list[Path]:
        """Oldest first."""
        return sorted(self.folder.glob("audit-*.jsonl"))

    def links(self, after: int = 0) -> Iterator[Link]:
        """Rows with a higher number, as they stand there. Raises Rejected where a line is none."""
        for file in reversed(self._back_to(after)):
            for link in read(file):
                if link.number > after:
                    yield link

    def about(self, customer: str) -> Iterator[Link]:
        """Rows of one customer. Only lines that name them are looked into. Raises Rejected."""
        for file in self.all():
            for link in read(file, customer.encode()):
                if link.row.get("customer") == customer:
                    yield link

    def place(self) -> AuditPlace:
        """The end of the chain. Raises Rejected where the newest file is not whole."""
        files = self.all()
        return _end_of(files[-1]) if files else AuditPlace()

    def written(self, new: int) -> Written | None:
        """What the newest file has, where there is one."""
        for file in self.all()[-1:]:
            first, place = next(read(file)), _end_of(file)
            return Written(file=file.name, first=first.number, number=place.number, head=place.head, new=new)
        return None

    def day(self, day: date) -> "Day":
        """The day's file, to be added to. A day before the newest file's goes into that one: rows stay in
        order. Raises Rejected where that one is not whole."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        newest = self.all()[-1:]
        file = max([self.folder / f"audit-{day:%Y-%m-%d}.jsonl", *newest])
        return Day(file, self.place())

    def _back_to(self, number: int) -> list[Path]:
        """Newest first, as far as there are higher ones in it."""
        found = []
        for file in reversed(self.all()):
            found.append(file)
            first = next(read(file), None)
            if first and first.number <= number:
                break
        return found


class Day:
    """A file that is written beside the one that is there, and takes its place where the block ends well."""

    def __init__(self, file: Path, place: AuditPlace) -> None:
        self.file, self.place, self.new = file, place, 0
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=file.parent)
        self._name = Path(name)
        self._lines: IO[bytes] = os.fdopen(descriptor, "wb")  # 0600, as mkstemp makes it
        if file.exists():
            self._lines.write(file.read_bytes())

    def add(self, links: Sequence[Link], *, accept_gap: bool = False) -> None:
        """Raises Rejected where they do not go on where the file ends."""
        for link in links:
            if not (accept_gap and not self.new):
                _check(self.place, link)
            self._lines.write(line_of(link))
            self.place, self.new = link.place, self.new + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        try:
            with self._lines:
                self._lines.flush()
                os.fsync(self._lines.fileno())
            if self.new and failure is None:
                self._name.replace(self.file)
        finally:
            self._name.unlink(missing_ok=True)


def line_of(link: Link) -> bytes:
    return orjson.dumps(link.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def read(file: Path, with_words: bytes = b"") -> Iterator[Link]:
    """Raises Rejected."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if with_words not in line:
                continue
            try:
                yield Link.model_validate_json(line)
            except ValidationError:
                raise Rejected(SYSTEM, f"{file.name}, line {number}, is no row of the audit.") from None


def _end_of(file: Path) -> AuditPlace:
    place: AuditPlace | None = None
    for link in read(file):
        if place:
            _check(place, link)
        place = link.place
    return place or AuditPlace()


def _check(place: AuditPlace, link: Link) -> None:
    if link.number != place.number + 1:
        raise Rejected(
            SYSTEM, f"Row {link.number} would follow row {place.number}: what is between them is not there."
        )
    if link.previous != place.head or not link.is_whole:
        raise Rejected(SYSTEM, f"Row {link.number} does not fit to row {place.number}: one was changed.")
