"""ChartMogul's REST API. Reads only: a read-only API key suffices."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from aiolimiter import AsyncLimiter
from pydantic import BaseModel, ConfigDict

from clients.chartmogul_activities import read_activities
from clients.http import CONNECT_SECONDS, Call, error_for, parsed, unclear
from models.chartmogul import Account, ActivityBlock, Customer, CustomerMovement, Note, Subscription
from settings import ChartMogulAccount

MAX_CONNECTIONS = 15
"""ChartMogul answers 503 above about 20."""

PAGE_SIZE = 200

M = TypeVar("M", bound=BaseModel)

EARLIEST = datetime.min.replace(tzinfo=UTC)


class _Page(BaseModel, Generic[M]):
    model_config = ConfigDict(extra="ignore")

    entries: list[M]
    has_more: bool = False
    cursor: str | None = None


class ChartMogulClient:
    def __init__(
        self, account: ChartMogulAccount, *, timeout_seconds: float = 10, page_size: int = PAGE_SIZE
    ) -> None:
        self._page_size = str(page_size)
        # One at a time, evenly spaced: a burst would take from what live events may use in that second.
        self._bulk = AsyncLimiter(1, 1 / (account.requests_per_second * account.bulk_share))
        self._http = httpx.AsyncClient(
            base_url=account.base_url,
            auth=(account.api_key.get_secret_value(), ""),
            http1=True,
            http2=False,  # trouble with ChartMogul's front end, says its Go client
            timeout=httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def account(self) -> Account:
        return await self._one("read the account", "account", Account)

    async def customer(self, uuid: str) -> Customer:
        return await self._one(f"read customer {uuid}", _customer(uuid), Customer)

    async def subscriptions(self, uuid: str) -> list[Subscription]:
        what, path = f"read subscriptions of {uuid}", f"{_customer(uuid)}/subscriptions"
        return await self._all(what, path, _Page[Subscription])

    async def movements(self, uuid: str) -> list[CustomerMovement]:
        """The customer's MRR movements, newest first."""
        what, path = f"read movements of {uuid}", f"{_customer(uuid)}/activities"
        rows = await self._all(what, path, _Page[CustomerMovement])
        # ChartMogul orders by when it computed a row; `sorted` keeps that order within a second.
        return sorted(rows, key=lambda row: row.date, reverse=True)

    def activities(self, start: datetime, end: datetime) -> AsyncIterator[ActivityBlock]:
        """All customers' MRR movements with start <= date < end, at the pace of bulk work."""
        return read_activities(self._get_in_bulk, start, end, int(self._page_size))

    async def latest_note(self, uuid: str) -> Note | None:
        call = Call("chartmogul", f"read notes of {uuid}")
        page = await self._get(call, "customer_notes", customer_uuid=uuid, per_page=self._page_size)
        notes = parsed(call, _Page[Note], page).entries
        return max(notes, key=lambda note: note.created_at or EARLIEST, default=None)

    async def _one(self, what: str, path: str, model: type[M]) -> M:
        call = Call("chartmogul", what)
        return parsed(call, model, await self._get(call, path))

    async def _all(self, what: str, path: str, page_type: type[_Page[M]]) -> list[M]:
        call = Call("chartmogul", what)
        rows: list[M] = []
        query = {"per_page": self._page_size}
        while True:
            page = parsed(call, page_type, await self._get(call, path, **query))
            rows += page.entries
            if not page.has_more:  # the last page has a cursor, too
                return rows
            if page.cursor in (None, query.get("cursor")):
                raise unclear(call, "the list says it goes on, but not where")
            query["cursor"] = str(page.cursor)

    async def _get_in_bulk(self, call: Call, path: str, **params: str) -> Any:
        async with self._bulk:
            return await self._get(call, path, **params)

    async def _get(self, call: Call, path: str, **params: str) -> Any:
        try:
            response = await self._http.get(path, params=params)
        except httpx.RequestError as error:
            raise unclear(call, type(error).__name__) from None
        if not response.is_success:
            wait = response.headers.get("Retry-After")
            raise error_for(call, response.status_code, _explanation(response), wait)
        try:
            return response.json()
        except ValueError:
            raise unclear(call, "the answer is no JSON") from None


def _customer(uuid: str) -> str:
    return f"customers/{quote(uuid, safe='')}"


def _explanation(response: httpx.Response) -> str:
    """Errors come as {message}, {error} or {errors: {field: text}}; outages as plain text or nothing."""
    try:
        body = response.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    return str(body.get("message") or body.get("error") or body.get("errors") or "")
