"""Stripe against its own mock, which nobody here wrote: it refuses parameters that Stripe's specification has
not, and answers with Stripe's own examples.

It knows one version of the API, that of its specification, 2026-08-26.dahlia, and answers by it whatever is
asked for: there is no mock yet of 2026-10-28.endive, which the library asks for. What we send and read is the
same in both."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stripe.params import EventListParams

from activities.stripe import StripeActivities
from clients.kit.errors import Rejected, Unauthorized
from clients.kit.http import Call
from clients.stripe.books.reader import EXPANDED, StripeBooks
from clients.stripe.client import REASON, StripeClient
from clients.stripe.doctor import stripe_findings
from clients.stripe.library import Library
from clients.stripe.settings import StripeAccount
from models.billing import FailedSince
from models.findings import State
from models.money import Money
from models.stripe import STRIPE_TYPES, StripeEvent, from_stripe
from tests.contracts.books import CUT, read
from tests.emulators.running import Emulator

CALL = Call("stripe", "ask its mock")
UNTIL = datetime.now(UTC)
SINCE = UNTIL - timedelta(days=2)


def account_of(stripe_mock: Emulator, key: str = "rk_test_123") -> StripeAccount:
    return StripeAccount.model_validate({"api_key": key, "base_url": stripe_mock.url})


@pytest.fixture
async def client(stripe_mock: Emulator) -> AsyncIterator[StripeClient]:
    client = StripeClient(account_of(stripe_mock))
    yield client
    await client.aclose()


@pytest.fixture
async def library(stripe_mock: Emulator) -> AsyncIterator[Library]:
    library = Library(account_of(stripe_mock), timeout_seconds=10)
    yield library
    await library.aclose()


async def test_an_invoice_is_read(client: StripeClient) -> None:
    found = await client.invoice("in_123")
    assert found is not None
    assert (found.id, found.status, found.due) == ("in_123", "open", Money(cents=1_000, currency="USD"))


async def test_the_reason_of_a_failure_is_asked_for_where_stripe_has_it(library: Library) -> None:
    """What is not expanded is an id, or not there at all."""
    invoice = await library.invoice(CALL, "in_123", [REASON])
    [payment] = invoice["payments"]["data"]
    assert "last_payment_error" in payment["payment"]["payment_intent"]


async def test_an_event_with_such_an_invoice_is_read(library: Library) -> None:
    invoice = await library.invoice(CALL, "in_123", [])
    event = {
        "id": "evt_1",
        "type": STRIPE_TYPES[0],
        "created": invoice["created"],
        "data": {"object": invoice},
    }
    found = from_stripe(StripeEvent.model_validate(event), "default")
    assert (found.invoice, found.amount) == ("in_123", Money(cents=1_000, currency="USD"))
    assert found.customer_external_id == invoice["customer"]


async def test_failed_payments_are_listed_and_other_events_are_left_out(client: StripeClient) -> None:
    """Its one event is of a plan, whatever types are asked for."""
    steps: Any = StripeActivities({"default": client})
    for cursor in (None, f"{int(UNTIL.timestamp())}:evt_123"):
        query = FailedSince(account="default", since=SINCE, until=UNTIL, cursor=cursor)
        found = await type(steps).failed_payments.__wrapped__(steps, query)
        assert (found.events, found.unreadable, found.cursor) == ([], [], None)


@pytest.mark.parametrize(
    "objects",
    [
        "subscriptions", "invoices", "credit_notes", "charges", "refunds", "disputes", "payouts",
        "balance_transactions", "invoice_payments", "customers", "events",
    ],
)  # fmt: skip
async def test_lists_of_a_month_are_asked_for_as_stripe_has_them(client: StripeClient, objects: str) -> None:
    query: dict[str, Any] = {"limit": 2, "created": {"gte": 1, "lt": int(UNTIL.timestamp())}}
    if objects == "subscriptions":
        query |= {"status": "all", "expand": [*EXPANDED, "data.customer"]}
    assert (await client.page(objects, query)).rows


async def test_a_month_of_its_examples_is_read(stripe_mock: Emulator) -> None:
    """Each list has one row, whatever window is asked for. The customer's discount has no coupon there: what
    is unknown is left out, and said."""
    client = StripeClient(account_of(stripe_mock))
    found = await read(StripeBooks(client, CUT, "default", readers=1))
    await client.aclose()
    [bad] = found.reading.left_out
    assert bad.endswith("the coupon of discount obj_123 is not told")
    assert {name: len(rows) for name, rows in found.tables.items()} == {
        "subscriptions": 0, "documents": 2, "cash": 2
    }  # fmt: skip
    assert found.open_controls == []


async def test_doctor_finds_all_it_needs(stripe_mock: Emulator) -> None:
    found = [each async for each in stripe_findings({"default": account_of(stripe_mock)}, ["default"])]
    assert [each.state for each in found[:3]] == [State.OK] * 3


async def test_it_does_refuse_what_stripe_does_not_know(library: Library) -> None:
    """Else the tests above would say nothing."""
    unknown: EventListParams = {"since": 1}  # type: ignore[typeddict-unknown-key]
    with pytest.raises(Rejected, match="additional properties are not allowed"):
        await library._said(CALL, library._api.events.list_async(unknown))


async def test_a_key_that_is_none_is_refused(stripe_mock: Emulator) -> None:
    client = StripeClient(account_of(stripe_mock, "a-password"))
    with pytest.raises(Unauthorized, match="the key is refused"):
        await client.check_events()
    await client.aclose()
