"""Xero: the documents and payments of some days. It asks by GET alone, and has no call that writes.

Each page of a list says how many rows there are in all: that is the control. Rows come in the order of their
ids, so that one that is added meanwhile moves others by one place at most.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from clients.kit.books import Days, Row
from clients.kit.cooldown import Cooldown
from clients.kit.errors import Rejected
from clients.kit.http import Call, parsed, refused, unclear
from clients.kit.oauth import App, SignIn
from clients.kit.rate_limiter import RateLimiter
from clients.kit.rest import Reply, Rest
from clients.xero.documents import Organisation
from clients.xero.errors import LEFT_TODAY, error_of
from clients.xero.settings import XeroAccount
from models.base import Record

TIMEOUT_SECONDS = 60.0
MOST_BYTES = 64 * 1024 * 1024
MOST_PAGES = 10_000
CONNECT_AGAIN = "connect the organisation anew, and set XERO__<ACCOUNT>__REFRESH_TOKEN to the token it gives."
SCOPE = "accounting.transactions.read accounting.contacts.read accounting.settings.read"

List = Literal["Invoices", "CreditNotes", "Payments", "Overpayments", "Prepayments", "BankTransactions"]
IDS: dict[List, str] = {
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Payments": "PaymentID",
    "Overpayments": "OverpaymentID",
    "Prepayments": "PrepaymentID",
    "BankTransactions": "BankTransactionID",
}
ONLY: dict[List, str] = {
    "Invoices": 'Type=="ACCREC"',
    "CreditNotes": 'Type=="ACCRECCREDIT"',
    "BankTransactions": 'Type=="RECEIVE"',
}


class Page(Record):
    """`all` is how many rows there are on all pages; None where Xero does not say (UNVERIFIED: whether it
    does of an empty list)."""

    rows: list[Row]
    all: int | None
    is_last: bool


class XeroClient:
    """`token_folder` is where the latest refresh token is kept, for all who use this organisation."""

    def __init__(
        self,
        account: XeroAccount,
        token_folder: Path,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int | None = None,
        cooldown: Cooldown | None = None,
    ) -> None:
        self.account, self.calls = account, 0
        self.left_today: int | None = None
        self._page_size = page_size or account.page_size
        self._at_once = asyncio.Semaphore(account.calls_at_once)
        app = App(
            "xero",
            account.token_url,
            account.client_id,
            account.client_secret.get_secret_value(),
            account.refresh_token.get_secret_value(),
            CONNECT_AGAIN,
            SCOPE,
        )
        self._sign_in = SignIn(app, token_folder / f"xero-{account.tenant_id or account.client_id}.token")
        tenant = {"xero-tenant-id": account.tenant_id} if account.tenant_id else {}
        self._rest = Rest(
            account.base_url,
            error_of,
            auth=self._sign_in,
            headers=tenant,
            timeout_seconds=timeout_seconds,
            most_bytes=MOST_BYTES,
            limiter=RateLimiter(account.requests_per_minute, 60),
            cooldown=cooldown,
        )

    async def aclose(self) -> None:
        await self._sign_in.aclose()
        await self._rest.aclose()

    async def organisation(self, site: str = "") -> Organisation:
        """Raises IntegrationError."""
        call = Call("xero", "read the organisation")
        found = parsed(
            call, _Organisations, (await self._get(call, "Organisation")).exact(call)
        ).Organisations
        if not found or found[0].BaseCurrency is None:
            raise refused(call, Rejected, "it names no base currency", "Look at Settings, General settings.")
        [first, *_] = found
        return Organisation(
            site, found[0].BaseCurrency, self.account.currency_rate, first.Name, first.Timezone
        )

    async def page(self, kind: List, days: Days, number: int = 1) -> Page:
        call = Call("xero", f"list {kind}")
        query = {
            "where": _where(kind, days),
            "page": str(number),
            "pageSize": str(self._page_size),
        }
        if self.account.ordered:
            query["order"] = f"{IDS[kind]} ASC"
        answer = parsed(call, _Answer, (await self._get(call, kind, query)).exact(call))
        rows: Any = (answer.model_extra or {}).get(kind)
        if not _are_rows(rows):
            raise refused(
                call, Rejected, "the answer has another shape than expected: no list of rows", CHANGED
            )
        named = answer.pagination
        is_last = number >= named.pageCount if named else len(rows) < self._page_size
        return Page(rows=rows, all=named.itemCount if named else None, is_last=is_last or not rows)

    async def pages(self, kind: List, days: Days) -> AsyncIterator[Page]:
        """Raises IntegrationError."""
        number = 1
        while number <= MOST_PAGES:
            page = await self.page(kind, days, number)
            yield page
            if page.is_last:
                return
            number += 1
        raise unclear(Call("xero", f"list {kind}"), "the list goes on and on")

    async def _get(self, call: Call, path: str, query: dict[str, str] | None = None) -> Reply:
        """The only way to Xero: it reads."""
        self.calls += 1
        async with self._at_once:
            reply = await self._rest.ask(call, "GET", path, query=query)
        left = reply.headers.get(LEFT_TODAY, "")
        self.left_today = int(left) if left.isdecimal() and len(left) < 10 else self.left_today
        return reply


CHANGED = "Look whether the vendor changed its API."


def _are_rows(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(each, dict) for each in rows)


def _where(kind: List, days: Days) -> str:
    after = days.last + timedelta(days=1)
    dated = f"Date>={_written(days.first)} AND Date<{_written(after)}"
    return f"{ONLY[kind]} AND {dated}" if kind in ONLY else dated


def _written(day: date) -> str:
    return f"DateTime({day.year},{day.month:02},{day.day:02})"


class _Organisation(Record):
    Name: str = ""
    BaseCurrency: str | None = None
    Timezone: str = ""


class _Organisations(Record):
    Organisations: list[_Organisation]


class _Pagination(Record):
    itemCount: int = Field(ge=0)
    pageCount: int = Field(ge=0)


class _Answer(Record, extra="allow"):
    pagination: _Pagination | None = None
