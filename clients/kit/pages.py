"""Lists that come a page at a time, each naming where the next one begins."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from clients.kit.http import Call, unclear

P = TypeVar("P")


async def pages(
    call: Call, page_from: Callable[[str | None], Awaitable[P]], cursor_after: Callable[[P], str | None]
) -> AsyncIterator[P]:
    """`page_from` gets the page at a cursor, the first one at None; `cursor_after` reads the next cursor from
    a page: None where it is the last, "" where more follows but the page does not say where. Raises Retryable
    for that and for a cursor that was there before: the list would never end."""
    cursor: str | None = None
    seen = {""}
    while True:
        page = await page_from(cursor)
        yield page
        cursor = cursor_after(page)
        if cursor is None:
            return
        if cursor in seen:
            raise unclear(call, "the list says it goes on, but not where")
        seen.add(cursor)
