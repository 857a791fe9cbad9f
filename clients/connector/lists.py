"""Lists that an API gives a page at a time, by the rules of the connector's file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from clients.connector.client import ConnectorClient
from clients.connector.requests import Request, request_for
from clients.kit.errors import Rejected
from clients.kit.http import Call, refused, unclear
from models.connectors import Answer, Connector, Operation, PageBy, Pages
from models.expressions import found

ADVICE = "Look at `pages` in the connector's file."


async def all_rows(
    client: ConnectorClient, call: Call, connector: Connector, operation: Operation, values: Mapping[str, Any]
) -> list[Any]:
    """Raises IntegrationError; Rejected also for a list that is longer than the file allows."""
    pages = operation.pages
    assert pages is not None
    request: Request | None = _first(pages, request_for(call, connector, operation, values))
    rows: list[Any] = []
    asked: set[tuple[str, bytes | None]] = set()
    while request is not None:
        if len(asked) >= pages.most:
            raise refused(call, Rejected, f"the list has more than {pages.most} pages", ADVICE)
        if (request.url, request.body) in asked:
            raise unclear(call, "the list says it goes on, but not where")
        asked.add((request.url, request.body))
        answer, _ = await client.ask(call, operation, request)
        block = _block(call, pages, answer)
        rows += block
        request = _next(call, pages, request, answer, block, len(asked))
    return rows


def _block(call: Call, pages: Pages, answer: Answer) -> list[Any]:
    block = found(pages.rows, answer.body)
    if not isinstance(block, list):
        raise refused(call, Rejected, f"there are no rows at `{pages.rows}` in the answer", ADVICE)
    return block


def _first(pages: Pages, request: Request) -> Request:
    start = {PageBy.OFFSET: 0, PageBy.PAGE: pages.first}.get(pages.by)
    return request if start is None else _asking(request, pages, start)


def _next(
    call: Call, pages: Pages, request: Request, answer: Answer, block: list[Any], number: int
) -> Request | None:
    """None after the last page."""
    if pages.by is PageBy.NEXT_LINK:
        return _linked(call, pages, request, answer)
    if pages.by in (PageBy.BODY_CURSOR, PageBy.QUERY_CURSOR):
        cursor = found(pages.next or "", answer.body)
        return _asking(request, pages, cursor) if cursor not in (None, "", False) else None
    if len(block) < pages.size:
        return None
    if pages.by is PageBy.LAST_ID:
        last = found(pages.next or "", block[-1])
        return _asking(request, pages, last) if last is not None else None
    return _asking(
        request, pages, pages.first + number if pages.by is PageBy.PAGE else _offset(request, pages, block)
    )


def _offset(request: Request, pages: Pages, block: list[Any]) -> int:
    query = dict(parse_qsl(urlsplit(request.url).query))
    return int(query[pages.parameter or ""]) + len(block)


def _asking(request: Request, pages: Pages, where: Any) -> Request:
    """The same, from there on."""
    name = pages.parameter or ""
    if pages.by is PageBy.BODY_CURSOR:
        body = _set(dict(request.sent or {}), name.split("."), where)
        return replace(request, sent=body, body=json.dumps(body).encode())
    parts = urlsplit(request.url)
    others = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name]
    return replace(request, url=parts._replace(query=urlencode([*others, (name, str(where))])).geturl())


def _set(body: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """A copy that has the value there."""
    first, rest = path[0], path[1:]
    inner = body.get(first)
    below = _set(dict(inner) if isinstance(inner, dict) else {}, rest, value) if rest else value
    return {**body, first: below}


def _linked(call: Call, pages: Pages, request: Request, answer: Answer) -> Request | None:
    """Of the same host: the credential goes along."""
    link = found(pages.next or "", answer.body)
    if not isinstance(link, str) or not link:
        return None
    url = urljoin(request.url, link)
    here, there = urlsplit(request.url), urlsplit(url)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise refused(call, Rejected, "the next page is said to be at another host", ADVICE)
    return replace(request, url=url)
