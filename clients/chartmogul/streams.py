"""ChartMogul's lists in bulk: rows as they came, a page at a time, for exports and for the CRM sync.

A stream that ends has been read to its end: the last page said that no more follows. One that was not
ends with an error. A page that fails is asked for again a few times: of thousands, one always fails.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable
from datetime import date
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from clients.chartmogul.dates import ADVICE, Get, Row, id_of, rows_in
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, refused
from clients.kit.pages import pages
from clients.kit.side_by_side import side_by_side

MRR_PARTS = ("mrr-new-business", "mrr-expansion", "mrr-contraction", "mrr-churn", "mrr-reactivation")
"""Of `/metrics/mrr`; `/metrics/all` has everything else."""

T = TypeVar("T")


async def read_pages(
    get: Get, path: str, key: str, page_size: int, *, what: str = "", **query: str
) -> AsyncIterator[list[Row]]:
    """`key` is where the list is in the answer."""
    call = Call("chartmogul", f"read {what or f'the list of {path}'}")
    before: set[str | None] = set()

    def page_from(cursor: str | None) -> Awaitable[Any]:
        more = {"cursor": cursor} if cursor else {}
        return get(call, path, per_page=str(page_size), **query, **more)

    async for page in pages(call, page_from, partial(_cursor_after, call)):
        rows = _rows(call, page, key)
        # Where a page begins anew with a row of the one before it.
        yield [row for row in rows if id_of(row) not in before]
        before = {id_of(row) for row in rows} - {None}


async def read_whole(get: Get, path: str, key: str, **query: str) -> list[Row]:
    """A list that has no pages."""
    call = Call("chartmogul", f"read the list of {path}")
    return _rows(call, await get(call, path, **query), key)


async def read_metrics(get: Get, start: date, end: date, interval: str) -> list[Row]:
    """One row per interval, by its last day: `/metrics/all` with the parts of `/metrics/mrr`."""
    query = {"start-date": start.isoformat(), "end-date": end.isoformat(), "interval": interval}
    every, mrr = await asyncio.gather(
        *(read_whole(get, f"metrics/{name}", "entries", **query) for name in ("all", "mrr"))
    )
    parts = {str(row.get("date")): {name: row.get(name) for name in MRR_PARTS} for row in mrr}
    if {str(row.get("date")) for row in every} != parts.keys():
        detail = "the dates of /metrics/all and /metrics/mrr differ"
        raise refused(Call("chartmogul", "read the metrics"), Rejected, detail, ADVICE)
    return [row | parts[str(row.get("date"))] for row in every]


def read_subscriptions(
    get: Get, customer_uuids: Iterable[str] | AsyncIterable[str], page_size: int, at_once: int
) -> AsyncIterator[list[Row]]:
    """The subscriptions of many customers, each with its `customer-uuid`, a list per customer that has any.

    A customer that is not there any more has none.
    """
    uuids = _as_async(customer_uuids)
    lock = asyncio.Lock()

    async def reader() -> AsyncIterator[list[Row]]:
        while uuid := await _next(uuids, lock):
            if rows := await _subscriptions_of(get, uuid, page_size):
                yield rows

    return side_by_side([reader() for _ in range(at_once)])


async def _subscriptions_of(get: Get, uuid: str, page_size: int) -> list[Row]:
    path, what = f"customers/{quote(uuid, safe='')}/subscriptions", f"subscriptions of {uuid}"
    try:
        pages = [page async for page in read_pages(get, path, "entries", page_size, what=what)]
    except NotFound:
        return []
    return [row | {"customer-uuid": uuid} for page in pages for row in page]


async def _as_async(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


async def _next(items: AsyncIterator[T], lock: asyncio.Lock) -> T | None:
    async with lock:
        return await anext(items, None)


def _rows(call: Call, page: object, key: str) -> list[Row]:
    rows = page.get(key) if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise refused(call, Rejected, f"the answer has no list in {key}", ADVICE)
    found: list[Row] = rows_in(rows)
    return found


def _cursor_after(call: Call, page: dict[str, Any]) -> str | None:
    more, cursor = page.get("has_more"), page.get("cursor")
    if not isinstance(more, bool):
        raise refused(call, Rejected, "the answer does not say whether more follows", ADVICE)
    if not more:
        return None
    return cursor if isinstance(cursor, str) else ""
