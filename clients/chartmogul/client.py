"""ChartMogul's REST API. A read-only API key suffices but for what ends in `_writes`."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, ValidationError

from clients.chartmogul.activities import read_activities
from clients.chartmogul.customer import CustomerRows, count_with_email, read_customer
from clients.chartmogul.dates import InvoicePage, Page, Row, id_of
from clients.chartmogul.invoice_writes import InvoiceWrites
from clients.chartmogul.past_due import InvoiceBlock, block_of
from clients.chartmogul.reads import Reads
from clients.chartmogul.refusals import error_of
from clients.chartmogul.settings import ChartMogulAccount
from clients.chartmogul.streams import (
    read_metrics,
    read_pages,
    read_subscriptions,
    read_whole,
)
from clients.chartmogul.subscription_events import EventWrites
from clients.chartmogul.windows import MovementBlock, read_movements
from clients.chartmogul.writes import CustomerWrites
from clients.kit.cooldown import Cooldown, through
from clients.kit.errors import RateLimited
from clients.kit.http import CONNECT_SECONDS, Call, parsed, proxy_for, unclear
from clients.kit.pages import pages
from clients.kit.rate_limiter import RateLimiter
from clients.kit.rest import tls
from clients.kit.retries import with_retries
from clients.kit.stretch import Stretch
from clients.kit.unanswered import unanswered
from models.chartmogul import (
    Account,
    Activity,
    ActivityBlock,
    Customer,
    CustomerMovement,
    Invoice,
    Note,
    Subscription,
)
from models.chartmogul_values import loads_rows

MAX_CONNECTIONS = 15
"""ChartMogul answers 503 above about 20."""

BULK_CONNECTIONS = 12
"""Of these: the rest is for live events, which must not wait until a slow page is there."""

KEEP_SECONDS = 4
"""How long an idle connection is kept: shorter than servers do, often 5, or the next call is lost."""

SKIPPED_AFTER_A_REFUSAL = 5
"""So many calls in bulk are left out where ChartMogul says there were too many: a jam makes a few."""

RETRY_WAITS: tuple[float, ...] = (1, 2, 4, 8)
"""Seconds before a page that failed in bulk work is asked for again."""

PAGE_SIZE = 200

MOST_BYTES = 400_000
"""Of one customer's movements, and of its subscriptions, as they are handed to a run: 5,000 or so. Temporal
takes no more than two megabytes of a step."""

M = TypeVar("M", bound=BaseModel)

EARLIEST = datetime.min.replace(tzinfo=UTC)


class ChartMogulClient:
    def __init__(
        self,
        account: ChartMogulAccount,
        *,
        timeout_seconds: float = 10,
        page_size: int = PAGE_SIZE,
        retry_waits: Sequence[float] = RETRY_WAITS,
        cooldown: Cooldown | None = None,
        live_limit: Stretch | None = None,
    ) -> None:
        """`live_limit`: of calls that are not in bulk, for a caller that is to have no more than a part."""
        self._account, self._cooldown, self._live_limit = account, cooldown, live_limit
        self._page_size = str(page_size)
        # Evenly spaced: a burst would take from what live events may use in that second.
        limit = account.requests_per_second
        self._bulk = RateLimiter(limit * account.bulk_share, of=limit)
        self._lines = asyncio.Semaphore(BULK_CONNECTIONS)
        self._retry_waits = retry_waits
        self._timeout = aiohttp.ClientTimeout(
            connect=timeout_seconds,
            sock_connect=min(CONNECT_SECONDS, timeout_seconds),
            sock_read=timeout_seconds,
        )
        self._session: aiohttp.ClientSession | None = None
        self.reads = Reads(self._get, page_size)
        self.customer_writes, self.event_writes = CustomerWrites(self._send), EventWrites(self._send)
        self.invoice_writes = InvoiceWrites(self._send)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def page_size(self) -> int:
        return int(self._page_size)

    async def get_in_bulk(self, call: Call, path: str, **params: str) -> Any:
        """Any answer, at the rate of bulk work."""
        return await self._get_with_retries(call, path, **params)

    async def account(self) -> Account:
        return await self._one("read the account", "account", Account)

    async def customer(self, uuid: str) -> Customer:
        return await self._one(f"read customer {uuid}", _customer(uuid), Customer)

    async def subscriptions(self, uuid: str) -> list[Subscription]:
        what, path = f"read subscriptions of {uuid}", f"{_customer(uuid)}/subscriptions"
        rows = await self._all(what, path, Subscription)
        return _fitting(sorted(rows, key=lambda row: not row.alive))

    async def movements(self, uuid: str) -> list[CustomerMovement]:
        """The customer's MRR movements, newest first."""
        what, path = f"read movements of {uuid}", f"{_customer(uuid)}/activities"
        rows = await self._all(what, path, CustomerMovement)
        # ChartMogul orders by when it computed a row; `sorted` keeps that order within a second.
        return _fitting(sorted(rows, key=lambda row: row.date, reverse=True))

    async def live_activities(self, start: datetime, end: datetime) -> list[Activity]:
        """The same as below of a few seconds, for an event that waits."""
        blocks = read_activities(self._get, start, end, int(self._page_size))
        return [row async for block in blocks for row in block.rows]

    async def customers_of(self, external_id: str, data_source: str = "") -> list[Customer]:
        """Who has that id in the billing system: one per data source, and who was merged into another."""
        call = Call("chartmogul", "find the customers of an external id")
        query = {"external_id": external_id, "per_page": self._page_size, **_of(data_source)}
        page = await self._get(call, "customers", **query)
        return _readable(parsed(call, Page, page).entries, Customer)

    async def invoice(self, external_id: str, data_source: str = "") -> Invoice | None:
        """By its id in the billing system, valid or not. Another data source may have one of the same id:
        then it is none."""
        call = Call("chartmogul", "read an invoice")
        query = {"external_id": external_id, "validation_type": "all", "per_page": self._page_size}
        query |= _of(data_source)
        page = parsed(call, InvoicePage, await self._get(call, "invoices", **query))
        found = [each for each in _readable(page.invoices, Invoice) if each.external_id == external_id]
        return found[0] if len(found) == 1 else None

    async def invoices_past_due(self, since: datetime) -> AsyncIterator[InvoiceBlock]:
        """One for each request, at the rate of bulk work: of each customer who owes something the newest,
        valid or not, as many as a page has."""
        async for rows in self._pages("customers", "entries", status="Past_Due"):
            yield InvoiceBlock()
            for row in rows:
                if uuid := id_of(row):
                    yield block_of(await self._latest_invoices(uuid), since)
                else:
                    yield InvoiceBlock(unreadable=["a customer who is past due has no uuid"])

    async def _latest_invoices(self, customer_uuid: str) -> list[Row]:
        call = Call("chartmogul", f"read invoices of {customer_uuid}")
        query = {"customer_uuid": customer_uuid, "validation_type": "all", "per_page": self._page_size}
        page = parsed(call, InvoicePage, await self._get_with_retries(call, "invoices", **query))
        return page.invoices

    def activities(self, start: datetime, end: datetime) -> AsyncIterator[ActivityBlock]:
        """All customers' MRR movements with start <= date < end, at the rate of bulk work."""
        return read_activities(self._get_in_bulk, start, end, int(self._page_size))

    def stream_movements(self, start: datetime, end: datetime) -> AsyncIterator[MovementBlock]:
        """The same as rows, read at several places at once; see `MovementBlock`."""
        return read_movements(self._get_with_retries, start, end, int(self._page_size), BULK_CONNECTIONS)

    def stream_customers(self) -> AsyncIterator[list[Row]]:
        return self._pages("customers", "entries")

    def stream_invoices(self) -> AsyncIterator[list[Row]]:
        """All of them, also those that are invalid or disabled; line items and transactions inside."""
        return self._pages("invoices", "invoices", validation_type="all", with_disabled="true")

    def stream_plans(self) -> AsyncIterator[list[Row]]:
        return self._pages("plans", "plans")

    def stream_plan_groups(self) -> AsyncIterator[list[Row]]:
        return self._pages("plan_groups", "plan_groups")

    async def stream_data_sources(self) -> AsyncIterator[list[Row]]:
        yield await read_whole(self._get_with_retries, "data_sources", "data_sources")

    async def stream_metrics(self, start: date, end: date, interval: str) -> AsyncIterator[list[Row]]:
        """One list: a row per interval (day, week, month, quarter, year), by its last day."""
        yield await read_metrics(self._get_with_retries, start, end, interval)

    def stream_subscriptions(
        self, customer_uuids: Iterable[str] | AsyncIterable[str]
    ) -> AsyncIterator[list[Row]]:
        """Of these customers, each row with its `customer-uuid`; one list per customer that has any."""
        size = int(self._page_size)
        return read_subscriptions(self._get_with_retries, customer_uuids, size, BULK_CONNECTIONS)

    async def customer_rows(self, uuid: str, *, live: bool) -> CustomerRows:
        """All that the lists say of one customer; live at once, else at the rate of bulk work."""
        return await read_customer(self._get if live else self._get_with_retries, uuid, int(self._page_size))

    async def count_with_email(self, email: str) -> int:
        return await count_with_email(self._get, email)

    async def latest_note(self, uuid: str) -> Note | None:
        call = Call("chartmogul", f"read notes of {uuid}")
        page = await self._get(call, "customer_notes", customer_uuid=uuid, per_page=self._page_size)
        notes = [Note.model_validate(row) for row in parsed(call, Page, page).entries]
        return max(notes, key=lambda note: note.created_at or EARLIEST, default=None)

    async def _one(self, what: str, path: str, model: type[M]) -> M:
        call = Call("chartmogul", what)
        return parsed(call, model, await self._get(call, path))

    async def _all(self, what: str, path: str, model: type[M]) -> list[M]:
        """A row that cannot be read is left out: what the customer's other rows say stays true."""
        call = Call("chartmogul", what)

        async def page_from(cursor: str | None) -> Page:
            more = {"cursor": cursor} if cursor else {}
            return parsed(call, Page, await self._get(call, path, per_page=self._page_size, **more))

        found = pages(call, page_from, lambda page: page.next_cursor)
        return [row async for page in found for row in _readable(page.entries, model)]

    def _pages(self, path: str, key: str, **query: str) -> AsyncIterator[list[Row]]:
        return read_pages(self._get_with_retries, path, key, int(self._page_size), **query)

    async def _get_with_retries(self, call: Call, path: str, **params: str) -> Any:
        return await with_retries(lambda: self._get_in_bulk(call, path, **params), self._retry_waits)

    async def _get_in_bulk(self, call: Call, path: str, **params: str) -> Any:
        async with self._lines:
            await self._bulk.acquire()
            try:
                return await self._ask(call, path, **params)
            except RateLimited:
                self._bulk.skip(SKIPPED_AFTER_A_REFUSAL)
                raise

    async def _get(self, call: Call, path: str, **params: str) -> Any:
        """For live events. Bulk work has its own rate limiter and retries."""
        if self._live_limit:
            await self._live_limit.wait()
        return await through(self._cooldown, lambda: self._ask(call, path, **params))

    async def _send(
        self,
        call: Call,
        path: str,
        *,
        method: str = "GET",
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """A change, or the look before and after it."""
        sent = {"json": body} if body is not None else {}
        return await through(self._cooldown, lambda: self._request(call, method, path, query or {}, **sent))

    async def _ask(self, call: Call, path: str, **params: str) -> Any:
        return await self._request(call, "GET", path, params)

    async def _request(
        self, call: Call, method: str, path: str, params: Mapping[str, str], **sent: Any
    ) -> Any:
        """The answer's JSON; None where a write is answered with nothing."""
        url = f"{self._account.base_url.rstrip('/')}/{path}"
        http = self._http()
        try:
            async with http.request(method, url, params=params, allow_redirects=False, **sent) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
            raise unclear(call, unanswered(error, url), left=not _never_left(error)) from None
        if not 200 <= response.status < 300:
            raise error_of(call, response.status, body, response.headers.get("Retry-After"))
        if call.writes and not body.strip():
            return None
        try:
            return loads_rows(body)
        except ValueError:
            raise unclear(call, "the answer is no JSON") from None

    def _http(self) -> aiohttp.ClientSession:
        """Made within the running loop. By aiohttp: httpx takes six times as long for a call."""
        if self._session is None:
            key = self._account.api_key.get_secret_value()
            self._session = aiohttp.ClientSession(
                headers={"Authorization": aiohttp.encode_basic_auth(key, "")},
                # Roots that come with the installation: not every Python on macOS finds the system's.
                connector=aiohttp.TCPConnector(
                    limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_SECONDS, ssl=tls()
                ),
                timeout=self._timeout,
                proxy=proxy_for(self._account.base_url),
                middlewares=[_send_once],
            )
        return self._session


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """After these two aiohttp sends a GET again by itself, where it had kept the connection."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError from error


def _never_left(error: BaseException) -> bool:
    """No connection came about. `_send_once` has wrapped it."""
    return isinstance(error.__cause__ or error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def _of(data_source: str) -> dict[str, str]:
    """Of that one alone; of all where it is not known."""
    return {"data_source_uuid": data_source} if data_source else {}


def _readable(rows: Iterable[Row], model: type[M]) -> list[M]:
    found = []
    for row in rows:
        with suppress(ValidationError):
            found.append(model.model_validate(row))
    return found


def _fitting(rows: Sequence[M]) -> list[M]:
    """The first of them, as many as a run's history takes."""
    found, size = [], 0
    for row in rows:
        size += len(row.model_dump_json())
        if size > MOST_BYTES:
            break
        found.append(row)
    return found


def _customer(uuid: str) -> str:
    return f"customers/{quote(uuid, safe='')}"
