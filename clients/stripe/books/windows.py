"""A list of Stripe's read at several places at once. A page is asked for by the last row of the one before:
one reader alone is bound by the time that a page takes. The time of creation, which never changes, is cut
into windows, and readers take the next one when they are done."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from clients.kit.side_by_side import side_by_side
from clients.kit.tables import Row

Window = tuple[int, int]
"""Seconds since 1970: first and one after the last."""

READERS = 8
YOUNG = timedelta(days=2 * 365)
OLDEST = datetime(2010, 1, 1, tzinfo=UTC)
"""Stripe is younger."""

Pages = Callable[[Window], AsyncIterator[list[Row]]]


def even(start: datetime, end: datetime, count: int = READERS) -> list[Window]:
    first, last = int(start.timestamp()), -(-end.timestamp() // 1)
    edges = [first + round((last - first) * number / count) for number in range(count + 1)]
    return [(a, int(b)) for a, b in pairwise(edges) if a < b]


def halved(windows: list[Window]) -> list[Window]:
    return [half for a, b in windows for half in ((a, (a + b) // 2), ((a + b) // 2, b)) if half[0] < half[1]]


async def since_ever(
    until: datetime, readers: int, has_older: Callable[[int], Awaitable[bool]]
) -> list[Window]:
    """Of the last two years, where most is, three windows for each reader: months. What is older in one each,
    if there is any."""
    young = until - YOUNG
    found = even(young, until, 3 * readers)
    if await has_older(int(young.timestamp())):
        found += even(OLDEST, young, readers)
    return found


def read_windows(windows: list[Window], pages: Pages, readers: int = READERS) -> AsyncIterator[list[Row]]:
    left = iter(windows)
    return side_by_side([_reader(left, pages) for _ in range(min(readers, len(windows)))])


async def _reader(left: Iterator[Window], pages: Pages) -> AsyncIterator[list[Row]]:
    for window in left:
        async for page in pages(window):
            yield page
