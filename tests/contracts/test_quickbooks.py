"""QuickBooks: the contract, months of documents and cash, and faults that come with HTTP 200."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.quickbooks import QuickBooksActivities
from clients.kit.books import Days
from clients.kit.errors import IntegrationError, NotFound, RateLimited, Rejected, Unauthorized, Unavailable
from clients.kit.http import Call
from clients.quickbooks.client import QuickBooksClient
from clients.quickbooks.doctor import quickbooks_findings
from clients.quickbooks.settings import QuickBooksAccount
from models.findings import State
from models.reconciliation.books import CashKind, DocumentKind
from simulators.kit.control import Control
from simulators.quickbooks.query import BadQuery, parsed
from simulators.quickbooks.state import COMPANY, QuickBooks
from tests.contracts.accounting_books import DAYS, BooksContract
from tests.product import ROOT


def account_of(url: str, credential: str = QuickBooks.refresh_token, **more: Any) -> QuickBooksAccount:
    id, secret = QuickBooks.client
    given = {
        "company_id": COMPANY,
        "client_id": id,
        "client_secret": secret,
        "refresh_token": credential,
        "base_url": f"{url}/quickbooks/api",
        "token_url": f"{url}/quickbooks/api/oauth2/v1/tokens/bearer",
        "app_url": f"{url}/quickbooks",
        "requests_per_minute": 1_000_000,
    }
    return QuickBooksAccount.model_validate(given | more)


class TestQuickBooksContract(BooksContract):
    system = "quickbooks"
    steps = QuickBooksActivities
    read_path = "/query$"
    token_path = "/api/oauth2/v1/tokens/bearer"
    invoices = "* from Invoice"
    answer = {"QueryResponse": {"totalCount": 3, "brand_new": [1]}, "brand_new": {"deep": [1]}, "time": "now"}
    wrong_answer = {"QueryResponse": {"totalCount": "many"}}
    default_wait = timedelta(seconds=60)
    odd = [
        {"TotalAmt": 1.005},
        {"CurrencyRef": {"value": "jane@acme.example"}},
        {"Line": [{"Amount": "jane@acme.example"}]},
    ]

    def connect(self, control: Control, **options: Any) -> QuickBooksClient:
        url, credential = options.pop("url", control.url), options.pop("credential", None)
        account = account_of(url, credential or QuickBooks.refresh_token)
        return QuickBooksClient(account, self.folder, **options)

    async def counted(self, client: QuickBooksClient, days: Days) -> int:
        return await client.count("Invoice", days)

    def apply_credit(self, control: Control) -> None:
        """A payment of 0 does it."""
        part = {"amount": 3_000}
        self.pay(control, 0, applied=[{"to": "INV-1", **part}], credits=[{"to": "CN-1", **part}])


CONTRACT = TestQuickBooksContract()


@pytest.fixture
async def quickbooks(simulators: Control, tmp_path: Path) -> AsyncIterator[QuickBooksClient]:
    client = QuickBooksClient(account_of(simulators.url), tmp_path)
    yield client
    await client.aclose()


async def test_receipts_are_documents_and_cash(simulators: Control, quickbooks: QuickBooksClient) -> None:
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "SR-1", 8_900, kind="sales_receipt")
    CONTRACT.put(simulators, "RR-1", 900, kind="refund_receipt")
    lines = [{"net": 10_000, "text": "payout po_77"}, {"net": -320, "text": "fees"}, {"net": -9_680}]
    CONTRACT.put(simulators, "JE-1", 1, kind="journal", lines=lines)
    kept, reading = await CONTRACT.month(quickbooks)
    assert reading.is_complete
    assert {number: each.kind for number, each in kept.documents.items()} == {
        "SR-1": DocumentKind.SALES_RECEIPT,
        "RR-1": DocumentKind.REFUND_RECEIPT,
        "JE-1": DocumentKind.JOURNAL,
    }
    journal = kept.documents["JE-1"]
    assert (journal.total, [int(line.net) for line in journal.lines]) == (10_000, [10_000, -320, -9_680])
    assert "po_77" in journal.references
    assert {(each.kind, each.amount, *each.documents) for each in kept.cash} == {
        (CashKind.PAYMENT, 8_900, kept.documents["SR-1"].id),
        (CashKind.REFUND, 900, kept.documents["RR-1"].id),
    }


async def test_a_deposit_says_what_was_kept_of_it(simulators: Control, quickbooks: QuickBooksClient) -> None:
    CONTRACT.empty(simulators)
    payment = CONTRACT.pay(simulators, 10_000, unapplied=1_500)
    applied = [{"to": str(payment["id"]), "amount": 10_000}]
    CONTRACT.pay(simulators, 9_680, kind="deposit", fee=320, applied=applied)
    kept, _ = await CONTRACT.month(quickbooks)
    paid, deposit = kept.cash
    assert (paid.unapplied, deposit.fee, deposit.documents) == (1_500, 320, [paid.id])
    assert (paid.payout, deposit.payout) == (deposit.id, "")


async def test_tax_of_one_rate_is_that_of_its_lines(
    simulators: Control, quickbooks: QuickBooksClient
) -> None:
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "INV-1", 10_000, 1_900, tax_percent="19")
    CONTRACT.put(simulators, "INV-2", 10_000, 1_900)
    kept, _ = await CONTRACT.month(quickbooks)
    assert [line.tax_percent for line in kept.documents["INV-1"].lines] == [19]
    assert [line.tax_percent for line in kept.documents["INV-2"].lines] == [None]


async def test_in_a_company_of_one_currency_no_row_names_it(
    simulators: Control, quickbooks: QuickBooksClient
) -> None:
    simulators.ask("PUT", "quickbooks", {"several_currencies": False})
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "INV-1", 10_000)
    kept, _ = await CONTRACT.month(quickbooks)
    invoice = kept.documents["INV-1"]
    assert (invoice.currency, invoice.home_total, invoice.rate) == ("USD", 10_000, Decimal(1))


async def test_a_foreign_document_keeps_both_amounts(
    simulators: Control, quickbooks: QuickBooksClient
) -> None:
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "INV-1", 120_000, currency="EUR", rate="1.0850")
    kept, _ = await CONTRACT.month(quickbooks)
    invoice = kept.documents["INV-1"]
    assert (invoice.total, invoice.home_total, invoice.home_currency) == (120_000, 130_200, "USD")


async def test_a_row_that_vanishes_while_pages_are_read_is_noticed(
    simulators: Control, tmp_path: Path
) -> None:
    """Else the row that moves to its place would be missed, and the count still be right."""
    CONTRACT.empty(simulators)
    ids = [CONTRACT.put(simulators, f"INV-{number}", 100)["id"] for number in range(6)]
    client = QuickBooksClient(account_of(simulators.url), tmp_path, page_size=3)
    pages = client.pages("Invoice", DAYS)
    assert len(await anext(pages)) == 3
    simulators.ask("DELETE", f"quickbooks/entries/{ids[0]}")
    with pytest.raises(Unavailable, match="deleted while"):
        await anext(pages)
    await client.aclose()


async def test_what_is_added_while_it_is_read_is_counted_again(
    simulators: Control, quickbooks: QuickBooksClient
) -> None:
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "INV-1", 100)
    body = {"QueryResponse": {"totalCount": 7}, "time": "now"}
    simulators.fault("quickbooks", "status", status=200, body=body, text=r"count\(\*\) from Invoice")
    _, reading = await CONTRACT.month(quickbooks)
    assert reading.is_complete
    assert reading.changed_while_read == ["Invoice: 7 at first, 1 at the end"]
    simulators.fault("quickbooks", "status", status=200, body=body, text=r"count\(\*\) from Invoice", times=4)
    _, reading = await CONTRACT.month(quickbooks)
    assert not reading.is_complete


FAULT = {
    "Error": [{"Message": "no", "Detail": "jane@acme.example", "code": "2010"}],
    "type": "ValidationFault",
}


def fault(code: str, kind: str = "ValidationFault") -> dict[str, Any]:
    return {"Fault": {"Error": [{"Message": "said", "code": code}], "type": kind}}


@pytest.mark.parametrize(
    ("rule", "error", "says"),
    [
        ({"status": 200, "body": {"Fault": FAULT}}, Rejected, "code 2010"),
        ({"status": 200, "body": fault("003001", "SERVICE")}, RateLimited, "too many calls"),
        ({"status": 200, "body": fault("610")}, NotFound, "610"),
        ({"status": 200, "body": fault("10000", "SystemFault")}, Unavailable, "10000"),
        ({"status": 403}, Unauthorized, "as an admin of it"),
        ({"status": 400}, Rejected, "unsupported property"),
        ({"status": 429}, RateLimited, "3001"),
        ({"status": 404, "body": "<html>jane@acme.example</html>"}, Unavailable, "maintenance"),
        ({"status": 200, "body": "<html>a login page</html>"}, Unavailable, "no JSON"),
        ({"status": 200, "body": {"QueryResponse": {"totalCount": "x"}}}, Rejected, "another shape"),
    ],
)
async def test_each_refusal_says_what_is_to_be_done(
    simulators: Control,
    quickbooks: QuickBooksClient,
    rule: dict[str, Any],
    error: type[IntegrationError],
    says: str,
) -> None:
    simulators.fault("quickbooks", "status", path="/query", **rule)
    with pytest.raises(error, match=says) as caught:
        await CONTRACT.counted(quickbooks, DAYS)
    assert type(caught.value) is error
    assert "jane" not in str(caught.value)


async def test_a_step_that_is_refused_for_good_tells_a_person(
    simulators: Control, quickbooks: QuickBooksClient
) -> None:
    simulators.ask("PUT", "quickbooks", {"revoked": True})
    with pytest.raises(ApplicationError, match="connect the company anew") as caught:
        await CONTRACT.month(quickbooks)
    assert (caught.value.type, caught.value.non_retryable) == ("Unauthorized", True)


@pytest.mark.parametrize(
    "text",
    [
        "select * from Invoice where TxnDate >= '2026-10-01' and TxnDate <= '2026-10-31'",
        "SELECT * FROM Customer WHERE DisplayName LIKE 'A%' ORDERBY DisplayName DESC MAXRESULTS 10",
        "select count(*) from Invoice",
        "select * from Payment where Id in ('1', '2') order by Id asc, TxnDate",
        r"select * from Customer where CompanyName = 'Adam\'s Candy Shop'",
        "select * from Item where Active = true",
    ],
)
def test_documented_queries_are_understood(text: str) -> None:
    assert parsed(text).entity in ("Invoice", "Customer", "Payment", "Item")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "select Id from Invoice",
        "select * from Invoice where TxnDate > '2026-01-01' or Id = '1'",
        "select * from Invoice where TxnDate > 2026",
        "select * from Invoice where Id != '1'",
        "select * from Invoice group by Id",
        "select * from Invoice, Payment",
        "select * from Invoice maxresults 1001",
        "select * from Invoice startposition 0",
        "select * from Invoice; delete",
        "delete from Invoice",
        "select * from Invoice where Id in ()",
    ],
)
def test_what_the_language_has_not_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parsed(text)


@pytest.mark.parametrize("query", ["select * from Bill", "select * from Invoice where Memo = 'x'"])
async def test_what_the_entity_has_not_is_refused(
    simulators: Control, quickbooks: QuickBooksClient, query: str
) -> None:
    with pytest.raises(Rejected, match="not found for"):
        await quickbooks._query(Call("quickbooks", "ask"), query)


async def test_doctor_says_whose_books_they_are(simulators: Control, tmp_path: Path) -> None:
    accounts = {
        "default": account_of(simulators.url),
        "emea": account_of(simulators.url, "dead-token", company_id="77"),
        "latam": account_of("http://127.0.0.1:9", company_id="78"),
    }
    found = [each async for each in quickbooks_findings(accounts, ["default", "latam"], tmp_path)]
    states = [(each.what, each.state) for each in found]
    assert states == [
        ("QuickBooks default", State.OK),
        ("QuickBooks emea", State.FAULT),
        ("QuickBooks emea", State.FAULT),
        ("QuickBooks latam", State.FAULT),
    ]
    assert re.fullmatch(r"Mogulflow Demo, USD, multicurrency on, [\d,]+ invoices in 31 days", found[0].detail)
    assert "there is no ChartMogul account emea" in found[1].detail
    assert "takes the refresh token no more" in found[2].detail
    assert "QUICKBOOKS__EMEA__REFRESH_TOKEN" in found[2].to_do
    assert "nothing answers" in found[3].detail
    assert not any("dead-token" in each.detail + each.to_do for each in found)
    assert [each.state async for each in quickbooks_findings({}, [], tmp_path)] == [State.OFF]


def test_no_client_of_books_has_a_way_to_write() -> None:
    """One method of each asks, and it asks by GET."""
    for system in ("quickbooks", "xero"):
        texts = [file.read_text(encoding="utf-8") for file in (ROOT / "clients" / system).glob("*.py")]
        assert sum(text.count("_rest.ask(") for text in texts) == 1
        assert not any(re.search(r'"(POST|PUT|PATCH|DELETE)"|writes=True', text) for text in texts)
