"""A list of what happened in a stretch of time, read one page a call: nothing is missed between two pages,
nor between two stretches that touch."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from clients.kit.errors import Rejected
from clients.kit.http import Call, refused, unclear

LAG = timedelta(seconds=60)
"""What is younger may not be in the vendor's list yet, or not all of it: it is left to the next stretch."""

MOST_BYTES = 32 * 1024 * 1024
"""Of a page: each row may hold a whole invoice."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Stretch:
    """From `since` on and before `until`, in whole seconds since 1970. `after` is the vendor's own mark of
    where the page before ended. A cursor holds it and `until`: all pages of a stretch have the same end."""

    since: int
    until: int
    after: str | None = None

    @classmethod
    def of(cls, call: Call, since: datetime, until: datetime, cursor: str | None, lag: timedelta) -> Self:
        """Raises Rejected for a cursor that is none of ours."""
        start = int(since.timestamp())
        if cursor is None:
            settled = min(until, datetime.now(UTC) - lag)
            return cls(start, max(start, int(settled.timestamp())))
        end, _, after = cursor.partition(":")
        if not (end.isdecimal() and len(end) < 12 and after):
            raise refused(call, Rejected, "the cursor is none", "Begin with the first page again.")
        return cls(start, int(end), after)

    @property
    def is_empty(self) -> bool:
        return self.since >= self.until

    def page(
        self, call: Call, rows: list[Row], after: str | None, gone_before: datetime | None = None
    ) -> "RowPage":
        """`after` is where it goes on: None after the last page, "" where the vendor does not say where.
        Raises Unavailable for that, and where it would go on for ever."""
        if after == "" or (after is not None and after == self.after):
            raise unclear(call, "the list says it goes on, but not where")
        cursor = f"{self.until}:{after}" if after else None
        return RowPage(rows, cursor, datetime.fromtimestamp(self.until, UTC), gone_before)


@dataclass(frozen=True)
class RowPage:
    """Rows as the vendor has them. Before `until` there are no others, once all pages are read."""

    rows: list[Row]
    cursor: str | None
    until: datetime
    gone_before: datetime | None = field(default=None)
    """The vendor keeps nothing from before, and something from before was asked for."""
