"""Xero: does each account's organisation answer, in which currency are its books, and what is left today?"""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clients.kit.billing import of_account
from clients.kit.books import Days
from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from clients.xero.client import SCOPE, XeroClient
from clients.xero.settings import XeroAccount
from models.findings import Finding, State

FEW_CALLS = 1_000
"""Of 5,000 a day: a reading of 50,000 documents takes as many."""


async def xero_findings(
    accounts: Mapping[str, XeroAccount], known: Collection[str], token_folder: Path
) -> AsyncIterator[Finding]:
    """`known` are ChartMogul's accounts."""
    if not accounts:
        advice = "Set XERO__DEFAULT__TENANT_ID, where reconciliation compares with it."
        yield Finding("Xero", State.OFF, "no books are read from it", advice)
    for name, account in accounts.items():
        for finding in of_account("xero", name, known):
            yield finding
        async for finding in _of_organisation(name, account, token_folder):
            yield finding


async def _of_organisation(name: str, account: XeroAccount, token_folder: Path) -> AsyncIterator[Finding]:
    what, client = f"Xero {name}", XeroClient(account, token_folder)
    today = datetime.now(UTC).date()
    try:
        books = await client.organisation(name)
        page = await client.page("Invoices", Days(today - timedelta(days=31), today))
        detail = f"{books.name}, {books.home}, {books.time_zone}, {page.all or 0:,} invoices in 31 days"
        yield Finding(what, State.OK, detail)
        if client.left_today is not None and client.left_today < FEW_CALLS:
            advice = "Read at night, or make XERO__<ACCOUNT>__PAGE_SIZE larger."
            yield Finding(f"{what} limit", State.WARNING, f"{client.left_today:,} calls left today", advice)
    except IntegrationError as error:
        advice = f"Connect it with offline_access {SCOPE}: set XERO__{name.upper()}__REFRESH_TOKEN."
        yield failed(what, error, advice)
    finally:
        await client.aclose()
