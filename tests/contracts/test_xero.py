"""Xero: the contract, months of documents and cash, limits that say which they are, and rates both ways."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.xero import XeroActivities
from clients.kit.books import Days
from clients.kit.errors import IntegrationError, NotFound, RateLimited, Rejected, Unauthorized, Unavailable
from clients.kit.http import Call
from clients.kit.rest import Reply
from clients.xero.client import XeroClient
from clients.xero.doctor import xero_findings
from clients.xero.errors import error_of
from clients.xero.rows import instant_of
from clients.xero.settings import XeroAccount
from models.chartmogul_values import Unfit
from models.findings import State
from models.reconciliation.books import CashKind
from simulators.kit.control import Control
from simulators.xero.state import TENANT, Xero
from tests.contracts.accounting_books import DAYS, BooksContract


def account_of(url: str, credential: str = Xero.refresh_token, **more: Any) -> XeroAccount:
    id, secret = Xero.client
    given = {
        "tenant_id": TENANT,
        "client_id": id,
        "client_secret": secret,
        "refresh_token": credential,
        "base_url": f"{url}/xero/api.xro/2.0",
        "token_url": f"{url}/xero/api.xro/connect/token",
        "app_url": f"{url}/xero",
        "requests_per_minute": 1_000_000,
    }
    return XeroAccount.model_validate(given | more)


class TestXeroContract(BooksContract):
    system = "xero"
    steps = XeroActivities
    read_path = "/Invoices$"
    token_path = "/api.xro/connect/token"
    invoices = "/Invoices?"
    answer = {
        "pagination": {"page": 1, "pageSize": 100, "pageCount": 0, "itemCount": 0, "brand_new": 1},
        "Invoices": [],
        "brand_new": {"deep": [1]},
    }
    wrong_answer = {"pagination": {"itemCount": "many"}, "Invoices": []}
    odd = [
        {"Total": 1.005},
        {"Date": "jane@acme.example"},
        {"Status": "jane@acme.example"},
    ]

    def connect(self, control: Control, **options: Any) -> XeroClient:
        url, credential = options.pop("url", control.url), options.pop("credential", None)
        return XeroClient(account_of(url, credential or Xero.refresh_token), self.folder, **options)

    async def counted(self, client: XeroClient, days: Days) -> int:
        return (await client.page("Invoices", days)).all or 0


CONTRACT = TestXeroContract()


@pytest.fixture
async def xero(simulators: Control, tmp_path: Path) -> AsyncIterator[XeroClient]:
    client = XeroClient(account_of(simulators.url), tmp_path)
    yield client
    await client.aclose()


async def test_over_and_prepayments_say_what_is_left_of_them(simulators: Control, xero: XeroClient) -> None:
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "INV-1", 10_000, due=0)
    CONTRACT.pay(simulators, 1_500, kind="overpayment", unapplied=1_500)
    part = [{"to": "INV-1", "amount": 4_000}]
    CONTRACT.pay(simulators, 9_000, kind="prepayment", unapplied=5_000, applied=part)
    kept, reading = await CONTRACT.month(xero)
    assert reading.is_complete
    over, pre = kept.cash
    assert (over.kind, over.amount, over.unapplied) == (CashKind.PAYMENT, 1_500, 1_500)
    assert (pre.unapplied, pre.documents) == (5_000, [kept.documents["INV-1"].id, "INV-1"])


async def test_a_credit_note_that_is_paid_back_is_a_refund(simulators: Control, xero: XeroClient) -> None:
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "CN-1", 900, kind="credit_note", due=0)
    CONTRACT.pay(simulators, 900, kind="refund", applied=[{"to": "CN-1", "amount": 900}])
    kept, _ = await CONTRACT.month(xero)
    [refund] = kept.cash
    assert (refund.kind, refund.documents) == (CashKind.REFUND, [kept.documents["CN-1"].id, "CN-1"])


async def test_deleted_and_drafts_are_told_as_such(simulators: Control, xero: XeroClient) -> None:
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "INV-1", 100, deleted=True)
    CONTRACT.put(simulators, "INV-2", 100, draft=True)
    kept, _ = await CONTRACT.month(xero)
    assert [each.status.value for each in kept.documents.values()] == ["deleted", "draft"]
    assert kept.documents["INV-1"].total == 100


@pytest.mark.parametrize("there", ["foreign_per_base", "base_per_foreign"])
@pytest.mark.parametrize("here", ["foreign_per_base", "base_per_foreign"])
async def test_a_rate_that_means_the_other_direction_is_noticed(
    simulators: Control, tmp_path: Path, there: str, here: str
) -> None:
    """By what arrived at the bank."""
    simulators.ask("PUT", "xero", {"rate_is": there})
    CONTRACT.empty(simulators)
    CONTRACT.put(simulators, "INV-1", 120_000, currency="EUR", rate="1.0850", due=0)
    part = [{"to": "INV-1", "amount": 120_000}]
    euros = {"currency": "EUR", "rate": "1.0700", "applied": part}
    CONTRACT.pay(simulators, 120_000, bank_amount=128_400, **euros)
    client = XeroClient(account_of(simulators.url, currency_rate=here), tmp_path)
    kept, reading = await CONTRACT.month(client)
    await client.aclose()
    assert reading.is_complete is (there == here)
    if there == here:
        [paid] = kept.cash
        rates = [each or Decimal(0) for each in (paid.rate, kept.documents["INV-1"].rate)]
        assert [round(rate, 4) for rate in rates] == [Decimal("1.0700"), Decimal("1.0850")]
    else:
        assert reading.left_out[0].endswith(f"set XERO__DEFAULT__CURRENCY_RATE={there}")


async def test_a_larger_page_that_is_not_given_costs_calls_alone(simulators: Control, tmp_path: Path) -> None:
    simulators.ask("PUT", "xero", {"largest_page": 2})
    client = XeroClient(account_of(simulators.url, page_size=1_000), tmp_path)
    kept, reading = await CONTRACT.month(client)
    await client.aclose()
    assert reading.is_complete
    assert len(kept.documents) > 2


async def test_what_is_added_while_it_is_read_is_said(simulators: Control, tmp_path: Path) -> None:
    CONTRACT.empty(simulators)
    for number in range(5):
        CONTRACT.put(simulators, f"INV-{number}", 100)
    body = {"pagination": {"page": 1, "pageSize": 3, "pageCount": 2, "itemCount": 4}, "Invoices": []}
    simulators.fault(
        "xero",
        "status",
        status=200,
        body={**body, "Invoices": [{}]},
        path="/Invoices",
        text="[?&]page=1(&|$)",
        times=2,
    )
    client = XeroClient(account_of(simulators.url), tmp_path, page_size=3)
    _, reading = await CONTRACT.month(client)
    await client.aclose()
    assert reading.changed_while_read == ["Invoices: 4 at first, 5 at the end"]
    assert "Invoices without an id" in reading.left_out
    assert not reading.is_complete


async def test_a_list_that_says_no_count_is_read_to_its_end(simulators: Control, tmp_path: Path) -> None:
    """And its control says that nobody knows."""
    CONTRACT.empty(simulators)
    client = XeroClient(account_of(simulators.url), tmp_path, page_size=2)
    row = {"Type": "ACCREC", "Status": "PAID", "Date": "/Date(1760000000000)/", "CurrencyCode": "USD"}
    rows = [row | {"InvoiceID": f"id-{n}", "InvoiceNumber": f"INV-{n}", "Total": 1.0} for n in range(2)]
    simulators.fault("xero", "status", status=200, body={"Invoices": rows}, path="/Invoices")
    simulators.fault("xero", "status", status=200, body={"Invoices": []}, path="/Invoices")
    kept, reading = await CONTRACT.month(client)
    await client.aclose()
    [control] = [each for each in reading.controls if each.what == "Invoices"]
    assert (control.read, control.expected, control.closes) == (2, None, True)
    assert len(kept.documents) == 2


@pytest.mark.parametrize(
    ("rule", "error", "says"),
    [
        ({"status": 401}, Unauthorized, "Unauthorized"),
        ({"status": 403}, Unauthorized, "Forbidden"),
        ({"status": 400}, Rejected, "ValidationException"),
        ({"status": 400, "body": {"Message": "jane@acme.example"}}, Rejected, "e-mail"),
        ({"status": 404}, Unavailable, "maintenance"),
        ({"status": 429}, RateLimited, "limit per minute"),
        ({"status": 503}, Unavailable, "503"),
        ({"status": 200, "body": "<html>a login page</html>"}, Unavailable, "no JSON"),
        ({"status": 200, "body": {**TestXeroContract.answer, "Invoices": [1]}}, Rejected, "another shape"),
    ],
)
async def test_each_refusal_says_what_is_to_be_done(
    simulators: Control, xero: XeroClient, rule: dict[str, Any], error: type[IntegrationError], says: str
) -> None:
    simulators.fault("xero", "status", path="/Invoices", times=2, **rule)
    with pytest.raises(error, match=says) as caught:
        await CONTRACT.counted(xero, DAYS)
    assert type(caught.value) is error
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "quota", "wait"),
    [
        ({"X-Rate-Limit-Problem": "day", "Retry-After": "3600"}, True, 3_600),
        ({"X-Rate-Limit-Problem": "minute", "Retry-After": "12"}, False, 12),
        ({"X-Rate-Limit-Problem": "appminute", "Retry-After": "5"}, False, 5),
        ({"X-DayLimit-Remaining": "0"}, True, None),
        ({}, False, None),
    ],
)
def test_a_limit_says_which_it_is(headers: dict[str, str], quota: bool, wait: int | None) -> None:
    error = error_of(Call("xero", "read"), Reply(429, headers, b"too many"))
    assert isinstance(error, RateLimited)
    assert error.quota is quota
    assert error.retry_after == (timedelta(seconds=wait) if wait else None)


async def test_a_day_s_limit_is_a_quota(simulators: Control, xero: XeroClient) -> None:
    simulators.ask("PUT", "xero", {"requests_per_day": 1})
    await CONTRACT.counted(xero, DAYS)
    assert xero.left_today == 0
    with pytest.raises(RateLimited, match="limit per day") as caught:
        await CONTRACT.counted(xero, DAYS)
    assert caught.value.quota


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        ("/Date(1552326816230+0000)/", datetime(2019, 3, 11, 17, 53, 36, 230_000, UTC)),
        ("/Date(1552326816230+1300)/", datetime(2019, 3, 11, 17, 53, 36, 230_000, UTC)),
        ("/Date(-1000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-10-31T00:00:00", datetime(2026, 10, 31, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_they_come(said: str, instant: datetime) -> None:
    assert instant_of(said) == instant


@pytest.mark.parametrize("said", ["/Date(-99999999999999)/", "/Date(x)/", "soon", "/Date(1)/x"])
def test_what_is_no_date_is_refused(said: str) -> None:
    with pytest.raises(Unfit):
        instant_of(said)


@pytest.mark.parametrize(
    "query",
    [
        {"where": 'Type=="ACCREC" OR Type=="ACCPAY"'},
        {"where": 'Colour=="red"'},
        {"where": "Date>=2026"},
        {"where": "Date>=DateTime(2026,10,1) Date<DateTime(2026,11,1)"},
        {"order": "Colour ASC"},
        {"page": "0"},
        {"brand_new": "1"},
    ],
)
async def test_what_xero_does_not_know_is_refused(
    simulators: Control, xero: XeroClient, query: dict[str, str]
) -> None:
    with pytest.raises(Rejected):
        await xero._get(Call("xero", "ask"), "Invoices", query)
    with pytest.raises((NotFound, Unavailable)):
        await xero._get(Call("xero", "ask"), "Colours")


async def test_a_custom_connection_needs_no_refresh_token(simulators: Control, tmp_path: Path) -> None:
    client = XeroClient(account_of(simulators.url, "", tenant_id=""), tmp_path)
    assert (await client.organisation()).home == "USD"
    assert simulators.ask("GET", "xero/tokens") == []
    await client.aclose()


async def test_doctor_says_whose_books_they_are(simulators: Control, tmp_path: Path) -> None:
    simulators.ask("PUT", "xero", {"requests_per_day": 500})
    accounts = {
        "default": account_of(simulators.url),
        "emea": account_of(simulators.url, "dead-token", tenant_id="another"),
    }
    found = [each async for each in xero_findings(accounts, ["default"], tmp_path)]
    assert [(each.what, each.state) for each in found] == [
        ("Xero default", State.OK),
        ("Xero default limit", State.WARNING),
        ("Xero emea", State.FAULT),
        ("Xero emea", State.FAULT),
    ]
    assert re.fullmatch(r"Mogulflow Demo, USD, EASTERNSTANDARDTIME, [\d,]+ invoices .*", found[0].detail)
    assert found[1].detail == "498 calls left today"
    assert "takes the refresh token no more" in found[3].detail
    assert "offline_access" in found[3].to_do
    assert [each.state async for each in xero_findings({}, [], tmp_path)] == [State.OFF]
