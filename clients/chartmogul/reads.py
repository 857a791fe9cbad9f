"""What is asked of ChartMogul for somebody who waits: customers, metrics, lists page by page."""

from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from clients.chartmogul.cfl import cfl
from clients.chartmogul.dates import ADVICE, Get, InvoicePage, Page, Row, read_on, rows_in, whole_second
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, parsed, refused
from clients.kit.pages import pages
from models.chartmogul import Invoice
from models.chartmogul_details import (
    ActivityDetail,
    CustomerDetail,
    MetricSheet,
    MovementDetail,
    ScheduledEvent,
    SubscriptionDetail,
)
from models.metrics import MetricQuery

M = TypeVar("M", bound=BaseModel)

MOST_EVENT_PAGES = 5
"""Of subscription events, newest first: the list takes no range of dates."""


class Reads:
    """Each method is one call, unless it says otherwise."""

    def __init__(self, get: Get, page_size: int) -> None:
        self._get, self._page_size = get, page_size

    async def customer(self, uuid: str) -> CustomerDetail:
        call = Call("chartmogul", f"read customer {uuid}")
        return parsed(call, CustomerDetail, await self._get(call, _customer(uuid)))

    async def with_email(self, email: str) -> list[CustomerDetail]:
        """ChartMogul says 404 where nobody has it."""
        call = Call("chartmogul", "find the customers with an e-mail")
        try:
            page = await self._get(call, "customers/search", email=email)
        except NotFound:
            return []
        return _readable(parsed(call, Page, page).entries, CustomerDetail)

    async def with_external_id(self, external_id: str) -> list[CustomerDetail]:
        """Each data source may have one."""
        call = Call("chartmogul", "find the customers of an external id")
        page = await self._get(call, "customers", external_id=external_id)
        return _readable(parsed(call, Page, page).entries, CustomerDetail)

    async def customers(
        self, status: str, size: int, cursor: str | None
    ) -> tuple[list[CustomerDetail], str | None]:
        """A page, and where the next one begins."""
        call = Call("chartmogul", f"read customers with status {status}")
        more = {"cursor": cursor} if cursor else {}
        answer = await self._get(call, "customers", status=status, per_page=str(size), **more)
        page = parsed(call, Page, answer)
        return _readable(page.entries, CustomerDetail), page.next_cursor or None

    async def subscriptions(self, uuid: str) -> list[SubscriptionDetail]:
        """All pages; the active ones first. None of a customer that is gone."""
        with suppress(NotFound):
            found = await self._all(
                f"read subscriptions of {uuid}", f"{_customer(uuid)}/subscriptions", SubscriptionDetail
            )
            return sorted(found, key=lambda row: not row.alive)
        return []

    async def newest_movements(self, uuid: str) -> tuple[list[MovementDetail], bool]:
        """The page that was computed last, newest first, and whether there are more."""
        call = Call("chartmogul", f"read movements of {uuid}")
        answer = await self._get(call, f"{_customer(uuid)}/activities", per_page=str(self._page_size))
        page = parsed(call, Page, answer)
        rows = _readable(page.entries, MovementDetail)
        return sorted(rows, key=lambda row: row.date, reverse=True), page.has_more

    async def newest_invoices(self, uuid: str, most: int) -> list[Invoice]:
        call = Call("chartmogul", f"read invoices of {uuid}")
        query = {"customer_uuid": uuid, "validation_type": "all", "per_page": str(most)}
        return _readable(
            parsed(call, InvoicePage, await self._get(call, "invoices", **query)).invoices, Invoice
        )

    async def metric(self, name: str, wanted: MetricQuery) -> MetricSheet:
        """`name` as in the path, such as `customer-count`, or `all`."""
        call = Call("chartmogul", f"read the metric {name}")
        query = {"start-date": wanted.start_date, "end-date": wanted.end_date, "interval": wanted.interval}
        named = {"plans": wanted.plans, "geo": wanted.countries}
        query |= {key: ",".join(values) for key, values in named.items() if values}
        if filters := cfl(wanted.filter):
            query["filters"] = filters
        return parsed(call, MetricSheet, await self._get(call, f"metrics/{name}", **query))

    async def activities(
        self, start: datetime, end: datetime, type: str = ""
    ) -> AsyncIterator[list[ActivityDetail]]:
        """Movements with start <= date < end, oldest first, a list for each call or few. One that cannot be
        read is left out."""
        of_type = {"type": type} if type else {}

        async def get(call: Call, path: str, **query: str) -> Any:
            return await self._get(call, path, **query, **of_type)

        start, end = whole_second(start), whole_second(end)
        while start < end:
            step = await read_on(get, start, end, self._page_size)
            yield _readable(step.rows, ActivityDetail)
            start = step.until

    async def subscription_events(self, event_type: str) -> tuple[list[ScheduledEvent], bool]:
        """The newest, MOST_EVENT_PAGES calls at most, and whether there are more."""
        call = Call("chartmogul", f"read subscription events {event_type}")
        found: list[ScheduledEvent] = []
        cursor: str | None = None
        for _ in range(MOST_EVENT_PAGES):
            more = {"cursor": cursor} if cursor else {}
            query = {"event_type": event_type, "per_page": str(self._page_size)}
            answer = await self._get(call, "subscription_events", **query, **more)
            found += _readable(_events(call, answer), ScheduledEvent)
            cursor = answer.get("cursor") if answer.get("has_more") else None
            if not cursor:
                return found, False
        return found, True

    async def _all(self, what: str, path: str, model: type[M]) -> list[M]:
        call = Call("chartmogul", what)

        async def page_from(cursor: str | None) -> Page:
            more = {"cursor": cursor} if cursor else {}
            return parsed(call, Page, await self._get(call, path, per_page=str(self._page_size), **more))

        found = pages(call, page_from, lambda page: page.next_cursor)
        return [row async for page in found for row in _readable(page.entries, model)]


def _events(call: Call, answer: Any) -> list[Row]:
    rows = rows_in(answer.get("subscription_events")) if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise refused(call, Rejected, "the answer has no list in subscription_events", ADVICE)
    return rows


def _readable(rows: Iterable[Row], model: type[M]) -> list[M]:
    found = []
    for row in rows:
        with suppress(ValidationError):
            found.append(model.model_validate(row))
    return found


def _customer(uuid: str) -> str:
    return f"customers/{quote(uuid, safe='')}"
