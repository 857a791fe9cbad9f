"""Recurly's description of its API against our client and our simulator. It has no examples: Prism makes
answers of it."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from clients.kit.errors import IntegrationError, NotFound, Rejected, Unavailable
from clients.kit.http import Call
from clients.recurly.client import RecurlyClient
from clients.recurly.settings import RecurlyAccount
from simulators.kit.control import Control
from simulators.recurly.api import KEY
from tests.conftest import running_simulators
from tests.contracts.billing import INVOICE, LONG_AGO, NOW, fail, last_invoices
from tests.contracts.books import PERIOD, true
from tests.emulators.running import Emulator
from tests.specs.conftest import Description, Prism
from tests.specs.descriptions import RECURLY, recurlys
from tests.specs.watched import refusal, watched


async def all_pages(client: RecurlyClient) -> None:
    page = await client.failed_payments(LONG_AGO, NOW)
    while page.cursor:
        page = await client.failed_payments(LONG_AGO, NOW, page.cursor)


BY_CHANGE = {"sort": "updated_at", "order": "asc"}


async def two_pages(client: RecurlyClient, objects: str) -> None:
    page = await client.page(objects, {"limit": "1", **BY_CHANGE})
    if page.after:
        await client.page(page.after, {})


Asked = Callable[[RecurlyClient], Awaitable[Any]]
CALLS: dict[str, tuple[list[str], Asked]] = {
    "invoice": (
        ["GET /invoices/{invoice_id}", "GET /accounts/{account_id}"],
        lambda client: client.invoice(INVOICE),
    ),
    "transaction": (["GET /transactions/{transaction_id}"], lambda client: client.transaction("ch_1_0_1")),
    "failed_payments": (["GET /transactions"], all_pages),
    "site": (["GET /sites"], lambda client: client.site()),
    "page, subscriptions": (["GET /subscriptions"], lambda client: two_pages(client, "subscriptions")),
    "page, invoices": (["GET /invoices"], lambda client: two_pages(client, "invoices")),
    "page, plans": (["GET /plans"], lambda client: two_pages(client, "plans")),
    "read": (["GET /coupons/{coupon_id}"], lambda client: client.read("coupons/coul")),
    "check": (["GET /invoices"], lambda client: client.check("invoices")),
    "check, transactions": (["GET /transactions"], lambda client: client.check("transactions")),
}
"""By the client's method: what it asks of Recurly."""


def client_of(url: str) -> RecurlyClient:
    account = {"api_key": KEY, "base_url": url, "subdomain": "acme", "login_links": True}
    return RecurlyClient(RecurlyAccount.model_validate(account), page_size=2)


@pytest.fixture(scope="module")
async def proxy(description: Description, prism: Prism) -> AsyncIterator[Emulator]:
    document = description(RECURLY)
    recurlys(document)
    with running_simulators() as url, Control(url) as control:
        control.reset(seed=1)
        for invoice in {INVOICE, *last_invoices(control, "recurly", 5)}:
            fail(control, "recurly", invoice)
        coupon = {"id": "l", "percent": "25", "duration": "repeating", "months": 3}
        coupon["start"] = PERIOD.isoformat()
        more = {"pending_unit": 12_000, "usage": 100, "tax_percent": "19"}
        tiers = [{"up_to": 5, "unit": 1_000}, {"unit": 500}]
        control.put_books(
            true("one", "recurly", coupon=coupon, **more),
            true("two", "recurly", tiers=tiers, credited=100, plan="gold"),
            alone=False,
        )
        async with prism(document, upstream=f"{url}/recurly/v3") as found:
            yield found


@pytest.fixture(scope="module")
async def mock(description: Description, prism: Prism) -> AsyncIterator[Emulator]:
    async with prism(description(RECURLY), "--seed", "1") as found:
        yield found


def test_every_call_is_here() -> None:
    """But for HEAD, of which the description has words alone."""
    calls = {name for name, each in vars(RecurlyClient).items() if inspect.iscoroutinefunction(each)}
    public = {name for name in calls if not name.startswith("_")}
    assert public - {"aclose", "count"} == {name.partition(",")[0] for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
async def test_request_and_answer_are_as_described(proxy: Emulator, name: str) -> None:
    operations, ask = CALLS[name]
    client = client_of(proxy.url)
    async with watched(client._rest._http) as found:
        await ask(client)
    await client.aclose()
    assert [each for each in operations if not found.has_seen(each)] == []
    assert found.violations == []


async def test_what_is_not_described_is_seen(proxy: Emulator) -> None:
    """Else the test above would say nothing."""
    client = client_of(proxy.url)
    async with watched(client._rest._http) as found:
        call = Call("recurly", "ask nonsense")
        for query in ({"limit": "1000"}, {"begin_time": "yesterday"}, {"sort": "name"}):
            await refusal(client._rest.ask(call, "GET", "transactions", query=query))
    await client.aclose()
    assert len(found.violations) == 3


MADE: dict[str, set[type[IntegrationError] | None]] = {
    "code=200": {None, Rejected, Unavailable},
    "code=200, dynamic=true": {None},
    "code=400": {Rejected},
    "code=404": {NotFound, None},
}
"""What becomes of answers that Prism is asked for. Of the first kind an invoice is in the first state of the
list, which is `all` and none, and the next page is at `string`."""


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("name", CALLS)
async def test_answers_that_are_made_of_it_are_read_or_refused(mock: Emulator, name: str, made: str) -> None:
    client = client_of(mock.url)
    client._rest._http.headers.update(
        {"Accept": "application/json", "Prefer": made}
    )  # it names no other type
    assert await refusal(CALLS[name][1](client)) in MADE[made]
    await client.aclose()
