"""What a warehouse's engine must be able to do. `Loader` (warehouse_loader.py) does the rest.

Everything here blocks: activities call it in a thread, one session by one thread at a time.
Errors are those of clients/kit/errors.py: a lost connection is Unavailable, one that is lost while COMMIT is
on its way OutcomeUnknown, a conflict with another transaction Unavailable, a refused sign-in Unauthorized,
a refused statement Rejected. No message holds a row's values.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from clients.kit.errors import IntegrationError, Rejected
from domains.warehouse.dialect import Dialect
from models.warehouse_tables import FieldOf


class TooMuchMissing(Rejected):
    """So many rows are gone at once that a person must look; nothing was written."""


class Superseded(Rejected):
    """A later run has loaded this table."""


class Outcome(StrEnum):
    APPLIED = "applied"
    ALREADY = "already applied"
    SUPERSEDED = "superseded"
    OVERTAKEN = "overtaken"
    """Another load came between our looking and our writing: do it anew."""


@dataclass(frozen=True)
class Commit:
    """What must happen at once, in this order; at any outcome but APPLIED nothing of it stays.

    1. `lock`: UPDATE of the stream's row in load_lock. It touches no row where the lock's version is not
       the one that the scratch tables were made at; whether it did is read, not counted.
    2. `ledger`: SELECT; a row means ALREADY.
    3. `superseded`: SELECT; a row means SUPERSEDED.
    4. `locked`: SELECT; no row means OVERTAKEN.
    5. `statements`: the merge (or the insert of new rows) first, the ledger's row last.
    """

    lock: str
    ledger: str
    superseded: str
    locked: str
    statements: Sequence[str]
    name: str
    """Fit for an id, the same for all attempts: `mrr_movements_1f0c…`"""


class Session(Protocol):
    """One connection. Scratch tables are gone when it is closed, or have an expiry."""

    @property
    def dialect(self) -> Dialect: ...

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Timestamps come as aware datetimes, decimals as Decimal, JSON as text or as Python values."""

    def execute(self, sql: str) -> None: ...

    def stage(self, name: str, fields: Sequence[FieldOf], files: Sequence[Path]) -> None:
        """Make a scratch table and load Parquet files in bulk. The files have exactly these columns, JSON as
        strings, in this order; no file is an empty table."""

    def columns(self, table: str) -> dict[str, str]:
        """Name → type in the engine's words, in lower case, in order; empty where there is no such table or
        view."""

    def columns_of(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        """Each table's, as `columns` tells them: asked at once where the engine can."""

    def commit(self, plan: Commit) -> Outcome: ...

    def close(self) -> None:
        """Never raises."""


class Engine(Protocol):
    """A warehouse and how to sign in. `name` is the client's file name."""

    name: str
    dialect: Dialect

    def connect(self, *, read_only: bool = False) -> Session:
        """Our schema is the default and exists, unless `read_only`: then nothing outlives the session."""


def by_table(tables: Sequence[str], rows: Iterable[tuple[object, object, str]]) -> dict[str, dict[str, str]]:
    """What `columns_of` answers, from table, column and type, in order."""
    found: dict[str, dict[str, str]] = {table: {} for table in tables}
    for table, name, kind in rows:
        found[str(table)][str(name)] = kind
    return found


class Transactions:
    """`commit` for engines with transactions: a session inherits it and gives `end` and `columns_of`."""

    def query(self, sql: str) -> list[tuple[object, ...]]:
        raise NotImplementedError

    def execute(self, sql: str) -> None:
        raise NotImplementedError

    def columns_of(self, tables: Sequence[str]) -> dict[str, dict[str, str]]:
        raise NotImplementedError

    def columns(self, table: str) -> dict[str, str]:
        return self.columns_of([table])[table]

    def end(self) -> None:
        """COMMIT. Raises OutcomeUnknown where its answer is lost."""
        raise NotImplementedError

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at its end; rolls back on an exception, which it lets through."""
        self.execute("begin transaction")
        try:
            yield
        except BaseException:
            with suppress(IntegrationError):  # the connection may be what failed, and its end rolls back, too
                self.execute("rollback")
            raise
        self.end()

    def commit(self, plan: Commit) -> Outcome:
        try:
            with self.transaction():
                self._apply(plan)
        except _Stop as stop:
            return stop.outcome
        return Outcome.APPLIED

    def _apply(self, plan: Commit) -> None:
        self.execute(plan.lock)
        if self.query(plan.ledger):
            raise _Stop(Outcome.ALREADY)
        if self.query(plan.superseded):
            raise _Stop(Outcome.SUPERSEDED)
        if not self.query(plan.locked):
            raise _Stop(Outcome.OVERTAKEN)
        for statement in plan.statements:
            self.execute(statement)


def title_of(sql: str) -> str:
    """The words that a statement begins with, up to its first sign: what it does, and to which table."""
    words = re.match(r"[\w\s]*", sql)
    return " ".join(words[0].split()[:5]) if words else ""


class _Stop(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
