"""Stripe, read for a month: each record right to the cent, nothing lost while it is read, and how it was at
the cut."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from clients.kit.tables import Tally
from clients.stripe.books.documents import invoice_of
from clients.stripe.books.reader import StripeBooks
from clients.stripe.client import StripeClient
from clients.stripe.settings import StripeAccount
from models.reconciliation.books import CashKind, DocumentKind, ItemKind, Standing
from simulators.kit.control import Control
from simulators.stripe.api import KEY
from tests.contracts.books import CUT, DAY, END, NOW, PERIOD, Read, billed, read, true


async def books_of(control: Control, key: str = KEY, **options: Any) -> Read:
    url = f"{control.url}/stripe"
    client = StripeClient(StripeAccount.model_validate({"api_key": key, "base_url": url, "web_url": url}))
    reader = StripeBooks(client, CUT, "default", tally=Tally(waits=(0.01,) * 4), **{"readers": 2, **options})
    try:
        return await read(reader)
    finally:
        await client.aclose()


def s(id: str, **more: Any) -> dict[str, Any]:
    return true(id, "stripe", **more)


async def test_a_month_is_read_to_the_cent(simulators: Control) -> None:
    coupon = {
        "id": "off20",
        "percent": "20",
        "duration": "repeating",
        "months": 3,
        "start": PERIOD.isoformat(),
    }
    simulators.put_books(
        s("plain", quantity=3, refunded=500, credited=700),
        s("coupon", coupon=coupon),
        s("tax", unit=11_900, tax_percent="19", tax_included=True),
        s("yen", currency="JPY", unit=5_000),
        s("tiers", tiers=[{"up_to": 5, "unit": 1_000, "flat": 300}, {"unit": 500}], quantity=8),
        s("usage", usage=3_740),
        s("later", pending_unit=12_000),
        s("unpaid", standing="unpaid", owed_since=PERIOD),
        s("first", standing="incomplete"),
        s("leaving", cancel_asked_at=PERIOD, ends_at=PERIOD + 30 * DAY),
        s("left", standing="canceled", ended_at=END - DAY, cancel_asked_at=END - DAY),
        s("trial", standing="trialing", trial_ends_at=END + 5 * DAY),
        s("moved", deviation="gone_in_billing"),
    )
    found = await books_of(simulators)
    subscriptions = found.subscriptions
    assert found.reading.left_out == []
    assert found.open_controls == []
    assert found.reading.changed_while_read == []
    assert set(subscriptions) == {
        "plain", "coupon", "tax", "yen", "tiers", "usage", "later", "unpaid", "first", "leaving", "left",
        "trial",
    }  # fmt: skip
    amounts = {id: each.items[0].amount for id, each in subscriptions.items()}
    assert amounts == {id: Decimal(10_000) for id in amounts} | {
        "plain": 30_000, "tax": 11_900, "yen": 5_000, "tiers": 5 * 1_000 + 300 + 3 * 500
    }  # fmt: skip
    assert subscriptions["tax"].items[0].tax_included == 19
    [off] = subscriptions["coupon"].discounts
    assert (off.percent, off.duration, off.start) == (20, "repeating", PERIOD)
    assert off.end is not None
    assert [each.kind for each in subscriptions["usage"].items] == [ItemKind.RECURRING, ItemKind.METERED]
    later = subscriptions["later"]
    assert later.pending is not None
    assert ([each.amount for each in later.pending], later.pending_at) == ([12_000], PERIOD + 30 * DAY)
    assert subscriptions["unpaid"].standing is Standing.UNPAID
    assert subscriptions["unpaid"].past_due_since == PERIOD
    assert subscriptions["first"].first_invoice_open is True
    assert subscriptions["plain"].first_invoice_open is False
    leaving = subscriptions["leaving"]
    assert (leaving.standing, leaving.cancel_asked_at, leaving.ends_at) == (
        Standing.ACTIVE, PERIOD, PERIOD + 30 * DAY
    )  # fmt: skip
    assert (subscriptions["left"].standing, subscriptions["left"].ended_at) == (Standing.ENDED, END - DAY)
    assert subscriptions["trial"].standing is Standing.TRIALING
    assert subscriptions["plain"].email == "plain@company.example"
    assert subscriptions["plain"].customer_id == "cus-plain"
    assert {each.earlier for each in subscriptions.values()} == {None}

    documents, cash = found.documents, found.cash
    assert (documents["in_plain"].total, documents["in_plain"].number) == (30_000, "S-plain")
    assert (documents["in_tax"].total, documents["in_tax"].tax) == (11_900, 1_900)
    assert [(each.net, each.tax) for each in documents["in_tax"].lines] == [(10_000, 1_900)]
    assert [(each.net, each.tax) for each in documents["in_coupon"].lines] == [(8_000, None)]
    note = documents["cn_plain"]
    assert (note.kind, note.total, note.links) == (DocumentKind.CREDIT_NOTE, 700, ["in_plain"])
    paid = cash["ch_plain"]
    assert (paid.kind, paid.amount, paid.fee, paid.documents) == (CashKind.PAYMENT, 30_000, 900, ["in_plain"])
    payout = next(each for each in cash.values() if each.kind is CashKind.PAYOUT and each.currency == "JPY")
    assert cash["ch_yen"].payout == payout.id
    assert payout.amount == 5_000 - 150
    assert (cash["re_plain"].kind, cash["re_plain"].amount) == (CashKind.REFUND, 500)
    assert cash["ch_unpaid"].failed


async def test_its_lines_tell_what_they_are_of(simulators: Control) -> None:
    simulators.put_books(
        s("more", set_up_fee=50_000, usage=3_740), s("up", upgraded_at=PERIOD + DAY, upgraded_unit=16_000)
    )
    found = await books_of(simulators)
    assert billed(found, "in_more") == [
        ("il_more_0", "more", "si_more_licensed", "price_standard_10000", None, False),
        ("il_more_1", "more", "", "price_standard_setup", ItemKind.ONE_TIME, False),
        ("il_more_2", "more", "si_more_metered", "price_standard_usage", None, False),
    ]
    assert billed(found, "in_up_up") == [
        ("il_up_up_0", "up", "si_up_licensed", "price_standard_10000", None, True),
        ("il_up_up_1", "up", "si_up_licensed", "price_standard_16000", None, True),
    ]
    [line, *_] = found.documents["in_up_up"].lines
    assert (line.starts_at, line.ends_at) == (PERIOD + DAY, PERIOD + 30 * DAY)
    assert {each.id for each in found.subscriptions["more"].items} == {"si_more_licensed", "si_more_metered"}


def test_lines_of_older_versions_of_the_api_tell_it_too() -> None:
    invoice = {"id": "in_1", "currency": "usd", "total": 5_000, "status": "paid"}
    of_sub = {"subscription": "sub_1", "subscription_item": "si_1", "price": {"id": "price_1"}}
    rows = [
        {"id": "il_1", "type": "subscription", "amount": 5_000, **of_sub},
        {"id": "il_2", "type": "invoiceitem", "amount": 700, "subscription": "sub_1", "proration": False},
        {"id": "il_3", "type": "invoiceitem", "amount": -700, **of_sub, "proration": True},
    ]
    found = invoice_of(invoice | {"lines": {"data": rows}}, "default", "https://dashboard.stripe.com")
    assert [(each.id, each.item, each.plan, each.kind, each.prorated) for each in found.lines] == [
        ("il_1", "si_1", "price_1", None, False),
        ("il_2", "", "", ItemKind.ONE_TIME, False),
        ("il_3", "si_1", "price_1", None, True),
    ]
    assert {each.subscription for each in found.lines} == {"sub_1"}


async def test_what_changed_after_the_cut_is_told_as_it_was(simulators: Control) -> None:
    simulators.put_books(
        s("same"), s("up", unit=5_000, unit_later=8_000, changed_at=END + timedelta(minutes=5))
    )
    found = (await books_of(simulators)).subscriptions
    assert found["same"].changed_at is None
    up = found["up"]
    assert up.items[0].amount == 8_000
    assert up.changed_at == END + timedelta(minutes=5)
    assert up.earlier is not None
    assert up.earlier.items[0].amount == 5_000
    assert up.earlier.customer_name == "Company up"


async def test_pages_that_shift_lose_nothing_and_doubt_nothing(simulators: Control) -> None:
    """What is created meanwhile is of no reading; more than a page of one second."""
    many = [s(f"n{number:03}") for number in range(205)]
    new = [s(f"new{number}", started_at=NOW + timedelta(hours=1)) for number in range(3)]
    simulators.put_books(*many, arrivals=new)
    found = await books_of(simulators)
    assert len(found.subscriptions) == len(found.tables["subscriptions"]) == 205
    assert found.open_controls == []


async def test_a_list_that_ends_without_a_word_is_seen_where_it_is_seen_later(simulators: Control) -> None:
    """By the second pass: the first one of two lost rows."""
    simulators.put_books(*[s(f"n{number}") for number in range(4)])
    body = {"object": "list", "data": [], "has_more": False, "url": "/v1/subscriptions"}
    path, text = "/v1/subscriptions", "latest_invoice"
    simulators.fault("stripe", "status", status=200, body=body, path=path, text=text, times=None)
    found = await books_of(simulators)
    assert found.open_controls == ["subscriptions"]
    [control] = [each for each in found.reading.controls if each.what == "subscriptions"]
    assert (control.read, control.expected) == (0, 4)


async def test_a_refusal_is_waited_for_and_a_bad_row_costs_itself(simulators: Control) -> None:
    simulators.put_books(s("good"), s("odd"))
    simulators.fault("stripe", "status", status=429, path="/v1/(subscriptions|invoices|charges)", times=3)
    found = await books_of(simulators)
    assert set(found.subscriptions) == {"good", "odd"}
    assert found.reading.is_complete


async def test_the_seeds_lists_are_read_as_they_are(simulators: Control) -> None:
    simulators.reset(customers=30)
    found = await books_of(simulators)
    assert len(found.subscriptions) >= 30
    assert found.open_controls == []
    assert found.reading.left_out == []


@pytest.mark.parametrize("key", ["rk_test_invoices_only"])
async def test_a_right_that_lacks_is_told(simulators: Control, key: str) -> None:
    with pytest.raises(Exception, match="lacks the right"):
        await books_of(simulators, key)
