"""What a long reading has to remember, on disk: ids that were seen, sums, what belongs to what. In memory it
takes a few megabytes, however much there is."""

import sqlite3
from collections.abc import Iterator
from typing import Any, Self

import orjson

KEPT_KILOBYTES = 16_384
"""Of pages that SQLite holds in memory."""


class Aside:
    """Values by kind and key, of JSON. In a file without a name, which is gone when it is closed, and with
    the process."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{KEPT_KILOBYTES}"):
            self._db.execute(f"PRAGMA {pragma}")
        columns = "kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key)"
        self._db.execute(f"CREATE TABLE aside ({columns}) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def put(self, kind: str, key: str, value: Any) -> None:
        """The last value stays. What JSON has not, a Decimal say, is text from then on."""
        text = orjson.dumps(value, default=str)
        self._db.execute("INSERT OR REPLACE INTO aside VALUES (?, ?, ?)", (kind, key, text))

    def get(self, kind: str, key: str) -> Any:
        """None where there is none."""
        found = self._db.execute("SELECT value FROM aside WHERE kind = ? AND key = ?", (kind, key))
        row = found.fetchone()
        return orjson.loads(row[0]) if row else None

    def count(self, kind: str) -> int:
        found: int = self._db.execute("SELECT count(*) FROM aside WHERE kind = ?", (kind,)).fetchone()[0]
        return found

    def items(self, kind: str) -> Iterator[tuple[str, Any]]:
        """By key."""
        for key, value in self._db.execute(
            "SELECT key, value FROM aside WHERE kind = ? ORDER BY key", (kind,)
        ):
            yield key, orjson.loads(value)
