"""ChartMogul's list of all MRR movements, read so that no row is lost and none counted twice.

Its cursor may skip the row it names, and dies where a recalculation replaces that row. So the list is
read on by date: a page that is not the last ends within some second, and the next one begins with that
second anew. Only a second that holds more than a page is read by cursor, at two page sizes.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from clients.errors import Rejected
from clients.http import Call, mismatches, parsed, refused, unclear
from models.chartmogul import Activity, ActivityBlock

MARGIN = timedelta(seconds=1)
"""Whether the dates of a window count as inside is documented nowhere: ask for one second more."""

PAGE, OTHER_PAGE = 200, 199
"""A row hidden at an edge of the one is not at an edge of the other."""

ADVICE = "Look whether ChartMogul changed its API."

Get = Callable[..., Awaitable[Any]]
CALL = Call("chartmogul", "read the list of MRR movements")


class _Page(BaseModel):
    model_config = ConfigDict(extra="ignore")

    entries: list[dict[str, Any]]
    has_more: bool = False
    cursor: str | None = None


async def read_activities(
    get: Get, start: datetime, end: datetime, page_size: int = PAGE
) -> AsyncIterator[ActivityBlock]:
    """Movements with start <= date < end, oldest first. `get` is called as `get(call, path, **query)`."""
    start, end = _second(start), _second(end)
    while start < end:
        page = await _page(get, start - MARGIN, end + MARGIN, page_size)
        rows, unreadable = _rows(page.entries)
        if page.has_more and not rows:
            raise refused(CALL, Rejected, f"no row of a page can be read: {unreadable[:1]}", ADVICE)
        until = _second(rows[-1].date) if page.has_more and rows else end
        block = ActivityBlock(rows=_within(rows, start, until), until=until, unreadable=unreadable)
        if until <= start:  # the page does not get past the second it began with
            block = await _crowded_second(get, start, page_size)
        yield block
        start = min(block.until, end)


async def _crowded_second(get: Get, second: datetime, page_size: int) -> ActivityBlock:
    after, found, requests, unreadable = second + MARGIN, list[Activity](), 1, list[str]()
    for size in (page_size, max(page_size - (PAGE - OTHER_PAGE), 1)):
        rows, wrong, calls = await _by_cursor(get, second - MARGIN, after, size)
        found = _union(found, _within(rows, second, after))
        requests, unreadable = requests + calls, unreadable or wrong
    return ActivityBlock(rows=found, until=after, unreadable=unreadable, requests=requests)


async def _by_cursor(
    get: Get, start: datetime, end: datetime, size: int
) -> tuple[list[Activity], list[str], int]:
    entries: list[dict[str, Any]] = []
    cursor: str | None = None
    for requests in range(1, 10_000):
        page = await _page(get, start, end, size, cursor)
        entries += page.entries
        if not page.has_more:
            return *_rows(entries), requests
        if page.cursor in (None, cursor):
            break
        cursor = page.cursor
    raise unclear(CALL, "the list says it goes on, but not where")


async def _page(get: Get, start: datetime, end: datetime, size: int, cursor: str | None = None) -> _Page:
    query = {"start-date": _zulu(start), "end-date": _zulu(end), "order": "date", "per_page": str(size)}
    return parsed(
        CALL, _Page, await get(CALL, "activities", **query, **({"cursor": cursor} if cursor else {}))
    )


def _rows(entries: list[dict[str, Any]]) -> tuple[list[Activity], list[str]]:
    """A row of another shape must not stop the others, nor be passed over in silence."""
    rows, unreadable = [], []
    for entry in entries:
        try:
            rows.append(Activity.model_validate(entry))
        except ValidationError as error:
            unreadable.append(f"{_named(entry)}: {mismatches(error)}")
    return rows, unreadable


def _named(entry: dict[str, Any]) -> str:
    """Its date and id, nothing else: a row of another shape may have a name in their place."""
    return " ".join(
        re.sub(r"[^\w:+.-]|[g-zG-SU-Y]", "", str(entry.get(name)))[:40] for name in ("date", "uuid")
    )


def _within(rows: list[Activity], start: datetime, until: datetime) -> list[Activity]:
    return [row for row in rows if start <= _second(row.date) < until]


def _union(one: list[Activity], other: list[Activity]) -> list[Activity]:
    """Each row as often as the list that has it more often: equal rows are several movements."""
    more = list(other)
    for row in one:
        if row in more:
            more.remove(row)
    return one + more


def _second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)


def _zulu(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
