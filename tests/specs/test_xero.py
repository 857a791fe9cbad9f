"""Xero's description of its API against our client and our simulator."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from temporalio.testing import ActivityEnvironment

from activities.xero import XeroActivities
from clients.kit.books import Days
from clients.kit.http import Call
from clients.xero.client import List, XeroClient
from clients.xero.settings import XeroAccount
from models.reconciliation.books import Reading
from simulators.kit.control import Control
from simulators.xero.state import TENANT, Xero
from tests.conftest import running_simulators
from tests.contracts.accounting_books import MID, WORK, Kept
from tests.specs.conftest import Description, Prism
from tests.specs.descriptions import XERO, Document, xeros
from tests.specs.watched import refusal, watched

MONTH = Days(date(2025, 10, 1), date(2025, 10, 31))


async def all_pages(client: XeroClient) -> None:
    async for _ in client.pages("Invoices", MONTH):
        pass


Asked = Callable[[XeroClient], Awaitable[Any]]
CALLS: dict[str, tuple[str, Asked]] = {
    "organisation": ("GET /Organisation", lambda client: client.organisation()),
    "pages": ("GET /Invoices", all_pages),
    **{
        f"page, {name}": (f"GET /{name}", lambda client, name=name: client.page(name, MONTH))  # type: ignore[misc]
        for name in get_args(List)
    },
}
"""By the client's method: what it asks of Xero."""


def client_of(url: str, folder: Path, token_url: str) -> XeroClient:
    id, secret = Xero.client
    account = {
        "tenant_id": TENANT,
        "client_id": id,
        "client_secret": secret,
        "refresh_token": Xero.refresh_token,
        "base_url": url,
        "token_url": token_url,
        "requests_per_minute": 1_000_000,
        "page_size": 2,
    }
    return XeroClient(XeroAccount.model_validate(account), folder)


Made = Callable[[Path], XeroClient]


@pytest.fixture(scope="module")
def books() -> Any:
    """A document and a payment of each kind."""
    with running_simulators() as url, Control(url) as control:
        control.reset(seed=1)
        lines, part = [{"net": 1_999, "tax": 400}], [{"to": "INV-1", "amount": 500}]
        for number, more in (
            ("INV-1", {"currency": "EUR", "rate": "1.0850"}),
            ("INV-2", {"voided": True}),
            ("CN-1", {"kind": "credit_note", "applied": part}),
        ):
            given = {"number": number, "dated": MID, "lines": lines, **more}
            control.ask("POST", "xero/documents", given)
        for kind in ("payment", "refund", "overpayment", "prepayment", "deposit"):
            control.ask("POST", "xero/cash", {"kind": kind, "dated": MID, "amount": 500, "applied": part})
        yield control


@pytest.fixture(scope="module")
def document(description: Description) -> Document:
    found = description(XERO)
    xeros(found)
    return found


@pytest.fixture(scope="module")
async def proxied(books: Control, document: Document, prism: Prism) -> AsyncIterator[Made]:
    """Tokens come from the simulator: their address is no part of the description."""
    base = f"{books.url}/xero/api.xro"
    async with prism(document, upstream=f"{base}/2.0") as found:
        yield lambda folder: client_of(found.url, folder, f"{base}/connect/token")


@pytest.fixture(scope="module")
async def mocked(books: Control, document: Document, prism: Prism) -> AsyncIterator[Made]:
    async with prism(document) as found:
        yield lambda folder: client_of(found.url, folder, f"{books.url}/xero/api.xro/connect/token")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


def test_every_call_is_here() -> None:
    calls = {
        name
        for name, each in vars(XeroClient).items()
        if inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each)
    }
    public = {name for name in calls if not name.startswith("_")}
    assert public - {"aclose"} == {name.partition(",")[0] for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
async def test_request_and_answer_are_as_described(proxied: Made, folder: Path, name: str) -> None:
    operation, ask = CALLS[name]
    client = proxied(folder)
    async with watched(client._rest._http) as found:
        await ask(client)
    await client.aclose()
    assert found.has_seen(operation)
    assert found.violations == []


async def test_what_is_not_described_is_seen(proxied: Made, folder: Path) -> None:
    """Else the test above would say nothing."""
    client = proxied(folder)
    async with watched(client._rest._http) as found:
        call = Call("xero", "ask nonsense")
        for query in ({"page": "first"}, {"pageSize": "many"}):
            await refusal(client._get(call, "Invoices", query))
    await client.aclose()
    assert any(each.startswith("request.") for each in found.violations)


@pytest.mark.parametrize("name", [each for each in CALLS if each != "pages"])
async def test_every_answer_of_its_examples_is_read(mocked: Made, folder: Path, name: str) -> None:
    """Prism answers them: rows are read as they come."""
    client = mocked(folder)
    found = await refusal(CALLS[name][1](client))
    await client.aclose()
    assert found is None


async def test_rows_of_its_examples_are_records(mocked: Made, folder: Path) -> None:
    """None is left out for a field that is of another shape than described."""
    client, kept = mocked(folder), Kept()
    steps: Any = XeroActivities({"default": client}, kept)
    reading: Reading = await ActivityEnvironment().run(steps.read_books, WORK)
    await client.aclose()
    assert reading.left_out == []
    assert kept.cash
    assert kept.of("documents")
