"""Stripe: an invoice as it is now, and the payments that failed. Reads only, by a restricted key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from clients.kit.cooldown import Cooldown, through
from clients.kit.errors import NotFound, Unauthorized
from clients.kit.http import Call, parsed, unclear
from clients.kit.rest import TIMEOUT_SECONDS
from clients.kit.stretches import LAG, Row, RowPage, Stretch
from clients.stripe.invoices import StripeInvoice
from clients.stripe.rights import READ_INTENTS
from clients.stripe.settings import StripeAccount
from models.billing import InvoiceNow, Said

PAGE_SIZE = 50
"""Of 100 that Stripe allows: each event holds a whole invoice."""

KEPT = timedelta(days=30)
"""How long Stripe has events."""

REASON = "payments.data.payment.payment_intent"
_ID = re.compile(r"[A-Za-z0-9_]{1,255}")


class StripeClient:
    def __init__(
        self,
        account: StripeAccount,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int = PAGE_SIZE,
        lag: timedelta = LAG,
        cooldown: Cooldown | None = None,
    ) -> None:
        from clients.stripe.library import Library  # takes a while, and few have Stripe

        self._account, self._cooldown = account, cooldown
        self._page_size, self._lag = page_size, lag
        self._reasons = True
        self._library = Library(account, timeout_seconds)

    async def aclose(self) -> None:
        await self._library.aclose()

    async def invoice(self, id: str) -> InvoiceNow | None:
        """None where Stripe knows none. Without the right to read PaymentIntents it has no reason."""
        if not _ID.fullmatch(id):
            return None
        try:
            return await self._invoice(Call("stripe", f"read invoice {id}"), id)
        except NotFound:
            return None

    async def failed_payments(self, since: datetime, until: datetime, cursor: str | None = None) -> RowPage:
        """One page of the events from `since` on and before `until`, newest first."""
        call = Call("stripe", "list failed payments")
        stretch = Stretch.of(call, since, until, cursor, self._lag)
        if stretch.is_empty:
            return stretch.page(call, [], None)
        asked = self._page_size
        body = await through(self._cooldown, lambda: self._library.failed_payments(call, stretch, asked))
        page = parsed(call, _Events, body)
        oldest = datetime.now(UTC) - KEPT
        after = _last_id(page.data) if page.has_more else None
        return stretch.page(call, page.data, after, oldest if since < oldest else None)

    @property
    def web_url(self) -> str:
        return self._account.web_url.rstrip("/")

    async def page(self, objects: str, query: Mapping[str, Any], of: str = "") -> "ListPage":
        """One page of any list that the library has, newest first."""
        call = Call("stripe", f"list {objects.replace('_', ' ').replace('.', ', ')}")
        body = await through(self._cooldown, lambda: self._library.page(call, objects, query, of))
        page = parsed(call, _Events, body)
        after = _last_id(page.data) if page.has_more else None
        if after == "":
            raise unclear(call, "the list says it goes on, but not where")
        return ListPage(page.data, after)

    async def one(self, objects: str, id: str, expand: list[str]) -> Row:
        call = Call("stripe", f"read one of {objects.replace('_', ' ')}")
        return await through(self._cooldown, lambda: self._library.one(call, objects, id, expand))

    async def check_invoices(self) -> None:
        """Raises IntegrationError where the key may not read them."""
        call = Call("stripe", "list invoices")
        await through(self._cooldown, lambda: self._library.first_invoice(call))

    async def check_events(self) -> None:
        """The same of events."""
        call = Call("stripe", "list events")
        await through(self._cooldown, lambda: self._library.first_event(call))

    async def check_intents(self) -> None:
        """The same of payment intents."""
        call = Call("stripe", "list payment intents")
        await through(self._cooldown, lambda: self._library.first_intent(call))

    async def _invoice(self, call: Call, id: str) -> InvoiceNow:
        """Where the key may read no intents, they are not asked for again, until we are started anew."""
        more = [REASON] if self._reasons else []
        try:
            body = await through(self._cooldown, lambda: self._library.invoice(call, id, more))
        except Unauthorized as error:
            if error.code != READ_INTENTS or not more:
                raise
            self._reasons = False
            return await self._invoice(call, id)
        return parsed(call, StripeInvoice, body).now(self._account.web_url)


@dataclass(frozen=True)
class ListPage:
    """`after` is the id of its last row, where the list goes on."""

    rows: list[Row]
    after: str | None


class _Events(Said):
    data: list[Row]
    has_more: bool = Field(strict=True)


def _last_id(rows: list[Row]) -> str:
    return str(rows[-1].get("id") or "") if rows else ""
