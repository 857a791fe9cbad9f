"""Recurly: an invoice as it is now, and the payments that failed. Reads only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import Field

from clients.kit.cooldown import Cooldown
from clients.kit.errors import NotFound, Permanent, Rejected
from clients.kit.http import Call, parsed, refused, unclear
from clients.kit.rest import TIMEOUT_SECONDS, Rest
from clients.kit.stretches import LAG, MOST_BYTES, Row, RowPage, Stretch
from clients.recurly.errors import error_of
from clients.recurly.invoices import RecurlyInvoice
from clients.recurly.settings import RecurlyAccount
from models.billing import InvoiceNow, Said, Words

VERSION = "application/vnd.recurly.v2021-02-25+json"
"""Without it every call is refused."""

PAGE_SIZE = 100
"""Of 200 that Recurly allows."""

LONGEST_ID = 100
_ANY_NEXT = re.compile(r"/[a-z_]{1,50}(/[A-Za-z0-9_-]{1,100}/[a-z_]{1,50})?\?[!-~]{1,2000}")
_NEXT = re.compile(r"/transactions\?[!-~]{1,2000}")
"""Where a list goes on: a path of the same API, followed as it is."""


class RecurlyClient:
    def __init__(
        self,
        account: RecurlyAccount,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int = PAGE_SIZE,
        lag: timedelta = LAG,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._account, self._page_size, self._lag = account, page_size, lag
        self._rest = Rest(
            account.base_url,
            error_of,
            auth=httpx.BasicAuth(account.api_key.get_secret_value(), ""),
            headers={"Accept": VERSION},
            timeout_seconds=timeout_seconds,
            most_bytes=MOST_BYTES,
            cooldown=cooldown,
        )

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def invoice(self, number: str) -> InvoiceNow | None:
        """None where Recurly knows none of that number. An older notification without a number has the
        invoice's uuid, by which the API finds none."""
        if not number or len(number) > LONGEST_ID:
            return None
        call, path = Call("recurly", f"read invoice {number}"), f"invoices/number-{quote(number, safe='')}"
        try:
            found = parsed(call, RecurlyInvoice, await self._rest.fields(call, "GET", path))
        except NotFound:
            return None
        link = self._account.page(f"/invoices/{quote(found.number, safe='')}")
        return found.now(link, await self._pay_link(found))

    async def transaction(self, uuid: str) -> Row | None:
        """None where Recurly knows none."""
        if not uuid or len(uuid) > LONGEST_ID:
            return None
        call = Call("recurly", f"read transaction {uuid}")
        try:
            return await self._rest.fields(call, "GET", f"transactions/uuid-{quote(uuid, safe='')}")
        except NotFound:
            return None

    async def failed_payments(self, since: datetime, until: datetime, cursor: str | None = None) -> RowPage:
        """One page of all transactions that changed from `since` on and up to `until`, oldest first: one may
        be declined days after it was made. Those that went well are among them: UNVERIFIED whether
        `success=false` leaves them out, as the specification knows `true` alone."""
        call = Call("recurly", "list transactions")
        stretch = Stretch.of(call, since, until, cursor, self._lag)
        if stretch.is_empty:
            return stretch.page(call, [], None)
        page = parsed(call, _Transactions, await self._transactions(call, stretch))
        after = _checked(page.next or "") if page.has_more else None
        return stretch.page(call, page.data, after)

    def link(self, path: str) -> str:
        """Empty where nobody has said whose pages they are."""
        return self._account.page(path) or ""

    async def read(self, path: str) -> Row:
        """One object; `path` is quoted."""
        call = Call("recurly", f"read one of {path.partition('/')[0]}")
        return await self._rest.fields(call, "GET", path)

    async def page(self, path: str, query: Mapping[str, str]) -> "ListPage":
        """Of any list: its first page, or that at `path` as the page before named it, without a query."""
        call = Call("recurly", f"list {path.strip('/').partition('?')[0].partition('/')[0]}")
        body = await self._rest.fields(call, "GET", path, query=query)
        page = parsed(call, _Transactions, body)
        if not page.has_more:
            return ListPage(page.data, None)
        if not _ANY_NEXT.fullmatch(page.next or ""):
            raise unclear(call, "the list says it goes on, but not where")
        return ListPage(page.data, page.next)

    async def count(self, objects: str, query: Mapping[str, str]) -> int | None:
        """How many the list has; None where the answer does not say."""
        call = Call("recurly", f"count {objects}")
        reply = await self._rest.ask(call, "HEAD", objects, query=query)
        said = reply.headers.get("Recurly-Total-Records", "")
        return int(said) if said.isdecimal() and len(said) < 15 else None

    async def site(self) -> "Site":
        """That of the key. Raises IntegrationError."""
        call = Call("recurly", "read the site")
        page = parsed(call, _Sites, await self._rest.fields(call, "GET", "sites", query={"limit": "1"}))
        return page.data[0] if page.data else Site()

    async def check(self, objects: str) -> None:
        """Raises IntegrationError where the key may not list them."""
        await self._rest.fields(Call("recurly", f"list {objects}"), "GET", objects, query={"limit": "1"})

    async def _transactions(self, call: Call, stretch: Stretch) -> dict[str, Any]:
        if stretch.after is not None:
            if not (path := _checked(stretch.after)):
                raise refused(call, Rejected, "the cursor is none", "Begin with the first page again.")
            return await self._rest.fields(call, "GET", path)
        query = {
            "sort": "updated_at",
            "order": "asc",
            "begin_time": _written(stretch.since),
            "end_time": _written(stretch.until),
            "limit": str(self._page_size),
        }
        return await self._rest.fields(call, "GET", "transactions", query=query)

    async def _pay_link(self, invoice: RecurlyInvoice) -> str | None:
        if not (self._account.login_links and invoice.account.id and invoice.status == "open"):
            return None
        call = Call("recurly", "read the account of an invoice")
        try:
            path = f"accounts/{quote(invoice.account.id, safe='')}"
            token = parsed(call, _Account, await self._rest.fields(call, "GET", path)).hosted_login_token
        except Permanent:
            return None
        return self._account.page(f"/account/billing_info/edit?ht={quote(token, safe='')}") if token else None


@dataclass(frozen=True)
class ListPage:
    """`after` is the path where the list goes on, as Recurly names it."""

    rows: list[Row]
    after: str | None


class Site(Said):
    subdomain: Words = None
    mode: Words = None


class _Sites(Said):
    data: list[Site] = []


class _Account(Said):
    hosted_login_token: Words = None


class _Transactions(Said):
    data: list[Row]
    has_more: bool = Field(strict=True)
    next: str | None = None


def _checked(path: str) -> str:
    """Empty where it leads elsewhere."""
    return path if _NEXT.fullmatch(path) else ""


def _written(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
