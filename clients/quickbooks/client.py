"""QuickBooks Online: the transactions of some days. It asks by GET alone, and has no call that writes.

A list is counted first, then read by pages in the order of ids: what is added meanwhile comes last. Each page
begins with the last row of the one before it: where that is another, something was deleted in between, and a
row may have been missed.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from clients.kit.books import Days, Row
from clients.kit.cooldown import Cooldown
from clients.kit.errors import Rejected
from clients.kit.http import Call, parsed, refused, unclear
from clients.kit.oauth import App, SignIn
from clients.kit.rate_limiter import RateLimiter
from clients.kit.rest import Rest
from clients.quickbooks.documents import Company
from clients.quickbooks.errors import doubtful, error_of
from clients.quickbooks.rows import Entity
from clients.quickbooks.settings import QuickBooksAccount
from models.base import Record

MINOR_VERSION = "75"
"""The oldest that Intuit still answers, since August 2025."""

PAGE_SIZE = 1_000
"""The most that a query gives."""

TIMEOUT_SECONDS = 120.0
"""After so long Intuit itself gives a request up."""

MOST_BYTES = 64 * 1024 * 1024
CONNECT_AGAIN = (
    "connect the company anew in Intuit's OAuth 2.0 playground, and set QUICKBOOKS__<ACCOUNT>__REFRESH_TOKEN."
)


class QuickBooksClient:
    """`token_folder` is where the latest refresh token is kept, for all who use this company."""

    def __init__(
        self,
        account: QuickBooksAccount,
        token_folder: Path,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int = PAGE_SIZE,
        cooldown: Cooldown | None = None,
    ) -> None:
        self.account, self._page_size, self.calls = account, max(page_size, 2), 0
        app = App(
            "quickbooks",
            account.token_url,
            account.client_id,
            account.client_secret.get_secret_value(),
            account.refresh_token.get_secret_value(),
            CONNECT_AGAIN,
        )
        self._sign_in = SignIn(app, token_folder / f"quickbooks-{account.company_id}.token")
        self._rest = Rest(
            f"{account.base_url.rstrip('/')}/v3/company/{account.company_id}",
            error_of,
            auth=self._sign_in,
            timeout_seconds=timeout_seconds,
            most_bytes=MOST_BYTES,
            limiter=RateLimiter(account.requests_per_minute, 60),
            cooldown=cooldown,
            doubts=doubtful,
        )

    async def aclose(self) -> None:
        await self._sign_in.aclose()
        await self._rest.aclose()

    async def company(self, site: str = "") -> Company:
        """Its name and home currency. Raises IntegrationError."""
        named = Call("quickbooks", "read the company")
        path = f"companyinfo/{self.account.company_id}"
        name = parsed(named, _CompanyAnswer, await self._get(named, path)).CompanyInfo.CompanyName
        asked = Call("quickbooks", "read the company's preferences")
        prefs = parsed(asked, _PreferencesAnswer, await self._get(asked, "preferences")).Preferences
        currency = prefs.CurrencyPrefs
        if currency.HomeCurrency is None:
            advice = "Look at Account and settings, Advanced, Currency."
            raise refused(asked, Rejected, "the preferences name no home currency", advice)
        return Company(site, currency.HomeCurrency.value, name, currency.MultiCurrencyEnabled)

    async def count(self, entity: Entity, days: Days) -> int:
        call = Call("quickbooks", f"count {entity}")
        query = f"select count(*) from {entity} {_where(days)}"
        return parsed(call, _CountAnswer, await self._query(call, query)).QueryResponse.totalCount

    async def pages(self, entity: Entity, days: Days) -> AsyncIterator[list[Row]]:
        """All rows once, by id. Raises IntegrationError; Retryable where one may have been missed."""
        call = Call("quickbooks", f"list {entity}")
        start, last = 1, ""
        while True:
            rows = await self._page(call, entity, days, start)
            if last and (not rows or rows[0].get("Id") != last):
                raise unclear(call, "rows were deleted while the list was read")
            new = rows[1:] if last else rows
            yield new
            if len(rows) < self._page_size or not new:
                return
            last, start = str(rows[-1].get("Id") or ""), start + len(rows) - 1
            if not last:
                raise unclear(call, "the last row of a page has no id")

    async def _page(self, call: Call, entity: Entity, days: Days, start: int) -> list[Row]:
        query = (
            f"select * from {entity} {_where(days)} orderby Id startposition {start}"
            f" maxresults {self._page_size}"
        )
        response = parsed(call, _RowsAnswer, await self._query(call, query)).QueryResponse
        rows = response.get(entity, [])
        if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
            raise unclear(call, "the answer has no list of rows")
        return rows

    async def _query(self, call: Call, query: str) -> Any:
        return await self._get(call, "query", {"query": query})

    async def _get(self, call: Call, path: str, query: dict[str, str] | None = None) -> Any:
        """The only way to QuickBooks: it reads."""
        self.calls += 1
        asked = {"minorversion": MINOR_VERSION, **(query or {})}
        return (await self._rest.ask(call, "GET", path, query=asked)).exact(call)


def _where(days: Days) -> str:
    return f"where TxnDate >= '{days.first}' and TxnDate <= '{days.last}'"


class _CompanyInfo(Record):
    CompanyName: str = ""


class _CompanyAnswer(Record):
    CompanyInfo: _CompanyInfo


class _Home(Record):
    value: str


class _CurrencyPrefs(Record):
    HomeCurrency: _Home | None = None
    MultiCurrencyEnabled: bool = False


class _Preferences(Record):
    CurrencyPrefs: _CurrencyPrefs = _CurrencyPrefs()


class _PreferencesAnswer(Record):
    Preferences: _Preferences


class _Count(Record):
    totalCount: int


class _CountAnswer(Record):
    QueryResponse: _Count


class _RowsAnswer(Record):
    QueryResponse: dict[str, Any]
