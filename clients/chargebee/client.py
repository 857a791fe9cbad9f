"""Chargebee: an invoice as it is now, and the payments that failed. Reads only, by a read-only key."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import Field

from clients.chargebee.errors import error_of
from clients.chargebee.invoices import BilledInvoice, BilledTo
from clients.chargebee.settings import ChargebeeAccount
from clients.kit.cooldown import Cooldown
from clients.kit.errors import NotFound, Permanent
from clients.kit.http import Call, parsed
from clients.kit.rate_limiter import RateLimiter
from clients.kit.rest import TIMEOUT_SECONDS, Rest
from clients.kit.stretches import LAG, MOST_BYTES, Row, RowPage, Stretch
from models.billing import InvoiceNow, Said
from models.chargebee import CHARGEBEE_TYPE, ChargebeeTransaction

PAGE_SIZE = 50
"""Of 100 that Chargebee allows: each event holds a whole invoice."""

KEPT = timedelta(days=90)
"""How long Chargebee shows events. UNVERIFIED whether its API has them longer: they are asked for anyway."""

LONGEST_ID = 100

M = TypeVar("M", bound=Said)


class ChargebeeClient:
    def __init__(
        self,
        account: ChargebeeAccount,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int = PAGE_SIZE,
        lag: timedelta = LAG,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._account, self._page_size, self._lag = account, page_size, lag
        self._rest = Rest(
            account.at_site(account.base_url),
            error_of,
            auth=httpx.BasicAuth(account.api_key.get_secret_value(), ""),
            timeout_seconds=timeout_seconds,
            most_bytes=MOST_BYTES,
            cooldown=cooldown,
        )

    async def aclose(self) -> None:
        await self._rest.aclose()

    async def invoice(self, id: str) -> InvoiceNow | None:
        """None where Chargebee knows none. Where the key may not read customers or transactions, who it is or
        why it failed is missing."""
        if not id.strip(".") or len(id) > LONGEST_ID:
            return None
        call = Call("chargebee", f"read invoice {id}")
        try:
            invoice = await self._one(call, "invoice", id, BilledInvoice)
        except NotFound:
            return None
        customer, reason = await self._customer(invoice), await self._reason(invoice)
        link = f"{self._account.at_site(self._account.web_url)}/d/invoices/{quote(id, safe='')}"
        return invoice.now(link, self._account.at_site(self._account.portal_url), customer, reason)

    async def failed_payments(self, since: datetime, until: datetime, cursor: str | None = None) -> RowPage:
        """One page of the events from `since` on and before `until`, oldest first. Whether `after` and
        `before` take the second that they name, the documentation does not say: none is left out, and one may
        come twice."""
        call = Call("chargebee", "list failed payments")
        stretch = Stretch.of(call, since, until, cursor, self._lag)
        if stretch.is_empty:
            return stretch.page(call, [], None)
        more = {"offset": stretch.after} if stretch.after else {}
        query = {
            "event_type[is]": CHARGEBEE_TYPE,
            "occurred_at[after]": str(stretch.since - 1),
            "occurred_at[before]": str(stretch.until),
            "sort_by[asc]": "occurred_at",
            "limit": str(self._page_size),
        }
        said = await self._rest.fields(call, "GET", "events", query=query | more)
        page, oldest = parsed(call, _Events, said), datetime.now(UTC) - KEPT
        rows = [each.event for each in page.rows]
        return stretch.page(call, rows, page.next_offset, oldest if since < oldest else None)

    @property
    def web_url(self) -> str:
        return self._account.at_site(self._account.web_url)

    def books_limiter(self) -> RateLimiter:
        """For the reading of a month: what it leaves of the limit is for events."""
        limit = self._account.requests_per_minute
        return RateLimiter(limit * self._account.books_share, 60, of=limit)

    async def read(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """One answer of any path, whose parts are no one's words but the vendor's."""
        call = Call("chargebee", f"read {path.partition('/')[0].replace('_', ' ')}")
        parts = [quote(each, safe="") for each in path.split("/")]
        return await self._rest.fields(call, "GET", "/".join(parts), query=query)

    async def check(self, objects: str) -> None:
        """Raises IntegrationError where the key may not list them."""
        await self._rest.fields(Call("chargebee", f"list {objects}"), "GET", objects, query={"limit": "1"})

    async def _one(self, call: Call, kind: str, id: str, model: type[M]) -> M:
        said = await self._rest.fields(call, "GET", f"{kind}s/{quote(id, safe='')}")
        return parsed(call, model, said.get(kind))

    async def _customer(self, invoice: BilledInvoice) -> BilledTo:
        """As on the invoice where there is no other."""
        if not invoice.customer_id:
            return invoice.billing_address
        call = Call("chargebee", "read the customer of an invoice")
        try:
            return await self._one(call, "customer", invoice.customer_id, BilledTo)
        except Permanent:
            return invoice.billing_address

    async def _reason(self, invoice: BilledInvoice) -> str:
        failure = invoice.last_failure if invoice.standing in ("open", "lost") else None
        if failure is None:
            return ""
        call = Call("chargebee", f"read transaction {failure}")
        try:
            return (await self._one(call, "transaction", failure, ChargebeeTransaction)).reason
        except Permanent:
            return ""


class _Listed(Said):
    event: Row


class _Events(Said):
    rows: list[_Listed] = Field(alias="list")
    next_offset: str | None = None
