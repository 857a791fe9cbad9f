"""How any system is read for a month: tables of records as streams, with counts against counts.

A record that was read twice is written once. One whose later page says something else is named, and so is one
that cannot be read: it is left out, and the others are not.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from clients.kit.aside import Aside
from clients.kit.http import mismatches
from clients.kit.retries import with_retries
from models.bounds import within
from models.reconciliation.books import Control, MonthCut

Table = Literal["subscriptions", "documents", "cash", "counted", "lines", "customers", "settings", "sheet"]
"""Kinds of record that a system has; the last five are ChartMogul's."""

Row = dict[str, Any]
R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")

MOST_NAMED, MOST_CHANGED = 100, 1_000
"""Records that are named, of those that were left out, and of those that changed."""

LONGEST_NAME = 100
"""Bytes of an id where it is named."""

ORDERED = orjson.OPT_SORT_KEYS

PAGE_WAITS: tuple[float, ...] = (1, 2, 4, 8)
"""Seconds before a page that failed is asked for again."""


class Unreadable(ValueError):
    """A row that is no such record; the text says why, and quotes no value."""


class BooksReader(Protocol):
    """One system's records of a month, a table after the other. Each stream is read to its end before the
    next one begins; `tally` is whole after the last."""

    tally: "Tally"

    def tables(self) -> Iterator[tuple[Table, AsyncIterator[BaseModel]]]: ...

    async def aclose(self) -> None: ...


@dataclass
class Tally:
    """What was read so far. `aside` holds ids that were seen, `twice` how many rows came again, by kind."""

    aside: Aside = field(default_factory=Aside)
    waits: Sequence[float] = PAGE_WAITS
    calls: int = 0
    rows: int = 0
    twice: Counter[str] = field(default_factory=Counter)
    controls: list[Control] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    changed_while_read: list[str] = field(default_factory=list)

    async def page(self, work: Callable[[], Awaitable[T]]) -> T:
        """A call that reads, made again where it fails for now: of thousands, one always fails."""

        async def counted() -> T:
            self.calls += 1
            return await work()

        return await with_retries(counted, self.waits)

    def is_new(self, kind: str, id: str, row: Any) -> bool:
        """Whether nobody has seen it. Seen before, and other than then, it is named."""
        digest = hashlib.blake2b(orjson.dumps(row, option=ORDERED, default=str), digest_size=8).hexdigest()
        known = self.aside.get(kind, id)
        if known is None:
            self.aside.put(kind, id, digest)
            self.rows += 1
            return True
        self.twice[kind] += 1
        if known != digest:
            self.name_changed(id)
        return False

    def has(self, kind: str, id: str) -> bool:
        return self.aside.get(kind, id) is not None

    def name_changed(self, id: str) -> None:
        if len(self.changed_while_read) < MOST_CHANGED and id not in self.changed_while_read:
            self.changed_while_read.append(id)

    def leave_out(self, kind: str, id: object, why: str) -> None:
        name = within(id, LONGEST_NAME) if isinstance(id, str) and id else "without an id"
        if len(self.left_out) < MOST_NAMED:
            self.left_out.append(f"{kind} {name}: {why}")

    async def records(
        self,
        kind: str,
        rows: AsyncIterable[Row],
        id_of: Callable[[Row], Any],
        read: Callable[[Row], R | None],
    ) -> AsyncIterator[R]:
        """Each row once, as a record; those of which `read` makes None are none of the table."""
        async for row in rows:
            id = id_of(row)
            if not isinstance(id, str) or not id:
                self.leave_out(kind, None, "it has no id")
            elif self.is_new(kind, id, row):
                try:
                    record = read(row)
                except ValidationError as error:
                    self.leave_out(kind, id, mismatches(error))
                except Unreadable as error:
                    self.leave_out(kind, id, str(error))
                else:
                    if record is not None:
                        yield record

    async def second_pass(self, kind: str, ids: AsyncIterable[str], how: str) -> None:
        """Count once more, by ids: one that is there now and was not read is missing. How many were there at
        first alone is told, too."""
        again, missing = 0, 0
        async for id in ids:
            if self.aside.get(f"{kind} again", id) is None:
                self.aside.put(f"{kind} again", id, 1)
                again += 1
                missing += not self.has(kind, id)
        read = self.aside.count(kind)
        gone = read - (again - missing)
        note = f"{how}; {gone} were there at first alone" if gone else how
        self.control(kind, read, read + missing, note)

    def control(self, kind: str, read: int, expected: int | None, how: str) -> None:
        found = Control(what=kind, read=read, expected=expected, twice=self.twice[kind], how=how)
        self.controls.append(found)


EDGE = timedelta(days=3)
"""Documents and payments are read so far around a month: what stands near its edge may be in the other month
elsewhere. Who judges takes those of the month by their instant."""


def around(cut: MonthCut) -> tuple[datetime, datetime]:
    return cut.start - EDGE, cut.end + EDGE
