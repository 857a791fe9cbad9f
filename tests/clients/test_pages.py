"""Lists are read to their end, and no list is read without end."""

import asyncio

import pytest

from clients.kit.errors import Retryable
from clients.kit.http import Call
from clients.kit.pages import pages

CALL = Call("hubspot", "list contacts")


def read(cursors: dict[str | None, str | None]) -> list[str | None]:
    """The pages that were asked for, where each names the one after it."""
    asked: list[str | None] = []

    async def page_from(cursor: str | None) -> str | None:
        asked.append(cursor)
        return cursor

    async def run() -> list[str | None]:
        assert [page async for page in pages(CALL, page_from, cursors.__getitem__)] == asked
        return asked

    return asyncio.run(run())


def test_list_is_read_page_by_page() -> None:
    assert read({None: None}) == [None]
    assert read({None: "a", "a": "b", "b": None}) == [None, "a", "b"]


@pytest.mark.parametrize(
    "cursors", [{None: ""}, {None: "a", "a": "a"}, {None: "a", "a": "b", "b": "a"}, {None: "a", "a": ""}]
)
def test_list_that_goes_on_but_not_where_is_an_error(cursors: dict[str | None, str | None]) -> None:
    with pytest.raises(Retryable, match="the list says it goes on, but not where"):
        read(cursors)
