"""ChartMogul's list of all MRR movements, read on by date so that no row is lost and none counted twice.

Its cursor may skip the row it names, and dies where a recalculation replaces that row. So a page that is
not the last ends within some second, and the next one begins with that second anew. Only a second that
holds more than a page is read by cursor, at two page sizes.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, InstanceOf

from clients.kit.errors import Rejected
from clients.kit.http import Call, parsed, refused
from clients.kit.pages import pages
from models.base import Record
from models.chartmogul_values import FIRST_YEAR, LAST_YEAR, Unfit, instant_of_movement

Row = dict[str, Any]
"""As ChartMogul sent it."""

Get = Callable[..., Awaitable[Any]]
"""Called as `get(call, path, **query)`."""

MARGIN = timedelta(seconds=1)
"""Whether the dates of a window count as inside is documented nowhere: ask for one second more."""

PAGE, OTHER_PAGE = 200, 199
"""A row hidden at an edge of the one is not at an edge of the other."""

SAME = (
    "date", "type", "description", "activity-mrr-movement", "currency", "customer-uuid",
    "customer-external-id", "subscription-external-id",
)  # fmt: skip
"""What a movement keeps when it is computed anew; its uuid and the balance after it change."""

EARLIEST = datetime.min.replace(tzinfo=UTC)


def rows_in(entries: Any) -> Any:
    """An entry that is no object is an empty row: it cannot be read, and the others can."""
    if not isinstance(entries, list):
        return entries
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def id_of(row: Row) -> str | None:
    uuid = row.get("uuid")
    return uuid if isinstance(uuid, str) else None


ADVICE = "Look whether ChartMogul changed its API."
CALL = Call("chartmogul", "read the list of MRR movements")


class Page(Record):
    model_config = ConfigDict(extra="ignore")

    entries: Annotated[list[InstanceOf[Row]], BeforeValidator(rows_in)]
    """Taken as they are: a copy of each row costs as much as decoding it."""
    has_more: bool = False
    cursor: str | None = None
    """Also on the last page."""

    @property
    def next_cursor(self) -> str | None:
        return (self.cursor or "") if self.has_more else None


class InvoicePage(Record):
    model_config = ConfigDict(extra="ignore")

    invoices: Annotated[list[InstanceOf[Row]], BeforeValidator(rows_in)]


@dataclass(frozen=True, slots=True)
class Step:
    """All rows with start <= date < until, for the `start` that was asked for; oldest first.

    A row whose date cannot be read counts as being of the same second as the row before it.
    """

    rows: list[Row]
    until: datetime
    requests: int = 1
    outside: Sequence[Row] = ()
    """What the page held besides: of the seconds around, or of a time that was not asked for."""

    def before(self, until: datetime) -> "Step":
        if until >= self.until:
            return self
        rows = [row for second, row in _dated(self.rows, EARLIEST) if second < until]
        return replace(self, rows=rows, until=until)


async def read_on(get: Get, start: datetime, end: datetime, page_size: int = PAGE) -> Step:
    """The next rows from `start` on, at least a second of them; both are whole seconds of UTC."""
    page = await _page(get, start - MARGIN, end + MARGIN, page_size)
    dated = _dated(page.entries, start)
    if page.has_more and not any(map(second_of, page.entries)):
        detail = f"no row of a page can be read: {len(page.entries)} rows without a date"
        raise refused(CALL, Rejected, detail, ADVICE)
    until = min(dated[-1][0], end) if page.has_more else end
    if until <= start:  # the page does not get past the second it began with
        return await _crowded_second(get, start, page_size)
    inside = _within(dated, start, until)
    outside = [row for second, row in dated if not start <= second < until]
    return Step(inside, until, outside=outside)


def second_of(row: Row) -> datetime | None:
    """None where the date cannot be read: no ISO text, without an offset, or of another age."""
    try:
        return whole_second(instant_of_movement(row.get("date")))
    except Unfit:
        return None


def seconds_of(rows: list[Row]) -> Sequence[datetime | None]:
    """`second_of` each, of all at once where they are as ChartMogul sends nearly all of millions."""
    try:
        instants = [datetime.fromisoformat(row["date"]) for row in rows]
    except (KeyError, TypeError, ValueError):
        instants = []
    plain = instants and all(map(_is_whole, instants))
    if plain and min(instants).year >= FIRST_YEAR and max(instants).year <= LAST_YEAR:
        return instants
    return [second_of(row) for row in rows]


def whole_second(instant: datetime) -> datetime:
    if _is_whole(instant):  # nearly all are, and there are millions
        return instant
    return instant.astimezone(UTC).replace(microsecond=0)


def _is_whole(instant: datetime) -> bool:
    return instant.tzinfo is UTC and not instant.microsecond


async def _crowded_second(get: Get, second: datetime, page_size: int) -> Step:
    after, found, requests = second + MARGIN, list[Row](), 1
    for size in (page_size, max(page_size - (PAGE - OTHER_PAGE), 1)):
        rows, calls = await _by_cursor(get, second - MARGIN, after, size)
        found = _union(found, _within(_dated(rows, second), second, after))
        requests += calls
    return Step(found, after, requests)


async def _by_cursor(get: Get, start: datetime, end: datetime, size: int) -> tuple[list[Row], int]:
    """With the number of requests."""
    found = [
        page.entries
        async for page in pages(CALL, partial(_page, get, start, end, size), lambda page: page.next_cursor)
    ]
    return list(chain.from_iterable(found)), len(found)


async def _page(get: Get, start: datetime, end: datetime, size: int, cursor: str | None = None) -> Page:
    query = {"start-date": _zulu(start), "end-date": _zulu(end), "order": "date", "per_page": str(size)}
    more = {"cursor": cursor} if cursor else {}
    return parsed(CALL, Page, await get(CALL, "activities", **query, **more))


def _dated(rows: list[Row], otherwise: datetime) -> list[tuple[datetime, Row]]:
    """Each with its second, or that of the dated row before it, else after it, else `otherwise`."""
    seconds = seconds_of(rows)
    known = next((second for second in seconds if second), otherwise)
    dated = []
    for second, row in zip(seconds, rows, strict=True):
        known = second or known
        dated.append((known, row))
    return dated


def _within(dated: list[tuple[datetime, Row]], start: datetime, until: datetime) -> list[Row]:
    return [row for second, row in dated if start <= second < until]


def _union(one: list[Row], other: list[Row]) -> list[Row]:
    """Each row as often as the list that has it more often: equal rows are several movements."""
    known = Counter(map(_likeness, one))
    ids = {id_of(row) for row in one} - {None}
    more = []
    for row in other:
        likeness = _likeness(row)
        if known[likeness]:
            known[likeness] -= 1
        elif id_of(row) not in ids:
            more.append(row)
    return one + more


def _likeness(row: Row) -> str:
    return repr([row.get(name) for name in SAME])


def _zulu(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
