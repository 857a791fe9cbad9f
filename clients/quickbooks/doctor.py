"""QuickBooks: does each account's company answer, and in which currency are its books?"""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clients.kit.billing import of_account
from clients.kit.books import Days
from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from clients.quickbooks.client import QuickBooksClient
from clients.quickbooks.settings import QuickBooksAccount
from models.findings import Finding, State

CONNECT = (
    "In Intuit's developer portal, the app's OAuth 2.0 playground with scope com.intuit.quickbooks.accounting"
    " gives company id and refresh token: set"
)


async def quickbooks_findings(
    accounts: Mapping[str, QuickBooksAccount], known: Collection[str], token_folder: Path
) -> AsyncIterator[Finding]:
    """`known` are ChartMogul's accounts."""
    if not accounts:
        advice = "Set QUICKBOOKS__DEFAULT__COMPANY_ID, where reconciliation compares with it."
        yield Finding("QuickBooks", State.OFF, "no books are read from it", advice)
    for name, account in accounts.items():
        for finding in of_account("quickbooks", name, known):
            yield finding
        yield await _of_company(name, account, token_folder)


async def _of_company(name: str, account: QuickBooksAccount, token_folder: Path) -> Finding:
    what, client = f"QuickBooks {name}", QuickBooksClient(account, token_folder)
    today = datetime.now(UTC).date()
    try:
        company = await client.company(name)
        invoices = await client.count("Invoice", Days(today - timedelta(days=31), today))
    except IntegrationError as error:
        return failed(what, error, f"{CONNECT} QUICKBOOKS__{name.upper()}__REFRESH_TOKEN.")
    finally:
        await client.aclose()
    currencies = "multicurrency on" if company.several_currencies else "one currency"
    detail = f"{company.name}, {company.home}, {currencies}, {invoices:,} invoices in 31 days"
    return Finding(what, State.OK, detail)
