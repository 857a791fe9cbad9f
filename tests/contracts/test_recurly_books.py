"""Recurly, read for a month."""

from datetime import timedelta
from typing import Any

from clients.kit.tables import Tally
from clients.recurly.books.reader import RecurlyBooks
from clients.recurly.client import RecurlyClient
from clients.recurly.settings import RecurlyAccount
from models.reconciliation.books import CashKind, DocumentKind, ItemKind, Standing
from simulators.kit.control import Control
from simulators.recurly.api import KEY
from tests.contracts.books import CUT, DAY, END, NOW, PERIOD, Read, billed, read, true


async def books_of(control: Control, **options: Any) -> Read:
    account = {"api_key": KEY, "base_url": f"{control.url}/recurly/v3", "subdomain": "acme"}
    client = RecurlyClient(RecurlyAccount.model_validate(account))
    try:
        return await read(RecurlyBooks(client, CUT, "default", tally=Tally(waits=(0.01,) * 4), **options))
    finally:
        await client.aclose()


def r(id: str, **more: Any) -> dict[str, Any]:
    return true(id, "recurly", **more)


async def test_a_month_is_read_to_the_cent(simulators: Control) -> None:
    limited = {"id": "l", "percent": "25", "duration": "repeating", "months": 3, "start": PERIOD.isoformat()}
    fixed = {"id": "f", "amount": 3_050, "duration": "once", "start": PERIOD.isoformat()}
    simulators.put_books(
        r("plain", unit=1_999, quantity=3, refunded=500, credited=700),
        r("yearly", unit=19_999, interval="year", plan="gold", coupon=limited),
        r("once", coupon=fixed),
        r("tax", unit=11_900, tax_percent="19", tax_included=True),
        r("yen", currency="JPY", unit=5_000),
        r("weekly", unit=2_500, interval="week", plan="weekly"),
        r("tiers", tiers=[{"up_to": 5, "unit": 1_000}, {"unit": 500}], quantity=8),
        r("usage", usage=3_740),
        r("later", pending_unit=12_000),
        r("owed", standing="past_due", owed_since=PERIOD),
        r("first", standing="incomplete"),
        r("paused", standing="paused", paused_at=PERIOD),
        r("leaving", cancel_asked_at=PERIOD, ends_at=PERIOD + 30 * DAY),
        r("left", standing="canceled", ended_at=END - DAY),
        r("trial", standing="trialing", trial_ends_at=END + 5 * DAY),
    )
    found = await books_of(simulators)
    of = found.subscriptions
    assert found.reading.left_out == []
    assert (found.open_controls, found.reading.changed_while_read) == ([], [])
    assert {id: each.items[0].amount for id, each in of.items()} == {id: 10_000 for id in of} | {
        "plain": 3 * 1_999, "yearly": 19_999, "tax": 11_900, "yen": 5_000, "weekly": 2_500, "tiers": 0
    }  # fmt: skip
    assert of["tiers"].items[1].amount == 5 * 1_000 + 3 * 500
    assert {id: (each.items[0].interval, each.items[0].interval_count) for id, each in of.items()} == {
        id: ("month", 1) for id in of
    } | {"yearly": ("month", 12), "weekly": ("day", 7)}
    assert of["tax"].items[0].tax_included == 19
    [off] = of["yearly"].discounts
    assert (off.percent, off.duration, off.start) == (25, "repeating", PERIOD)
    assert off.end is not None
    assert [(each.amount, each.duration) for each in of["once"].discounts] == [(3_050, "once")]
    assert [each.kind for each in of["usage"].items] == [ItemKind.RECURRING, ItemKind.METERED]
    assert of["later"].pending is not None
    assert [each.amount for each in of["later"].pending] == [12_000]
    assert (of["owed"].standing, of["owed"].past_due_since) == (Standing.PAST_DUE, PERIOD)
    assert (of["first"].first_invoice_open, of["plain"].first_invoice_open) == (True, False)
    assert (of["paused"].standing, of["paused"].paused_at) == (Standing.PAUSED, PERIOD)
    assert (of["leaving"].standing, of["leaving"].ends_at) == (Standing.ACTIVE, PERIOD + 30 * DAY)
    assert (of["left"].standing, of["left"].ended_at) == (Standing.ENDED, END - DAY)
    assert of["trial"].standing is Standing.TRIALING
    assert of["plain"].link == "https://acme.recurly.com/subscriptions/plain"

    documents, cash = {each.number: each for each in found.tables["documents"]}, found.cash
    assert [(each.net, each.tax) for each in documents["in_tax"].lines] == [(10_000, 1_900)]
    assert (documents["in_yen"].total, documents["in_plain"].total) == (5_000, 5_997)
    note = documents["CN-plain"]
    assert (note.kind, note.total, note.links) == (DocumentKind.CREDIT_NOTE, 700, [documents["in_plain"].id])
    assert (cash["ch_plain"].amount, cash["ch_plain"].documents) == (5_997, ["in_plain"])
    assert (cash["re_plain"].kind, cash["re_plain"].amount) == (CashKind.REFUND, 500)
    assert cash["ch_owed"].failed


async def test_its_lines_tell_what_they_are_of(simulators: Control) -> None:
    simulators.put_books(
        r("more", set_up_fee=50_000, usage=3_740), r("up", upgraded_at=PERIOD + DAY, upgraded_unit=16_000)
    )
    found = await books_of(simulators)
    assert billed(found, "in_more") == [
        ("line-more_0", "more", "more", "standard", None, None),
        ("line-more_1", "more", "", "standard", ItemKind.ONE_TIME, None),
        ("line-more_2", "more", "usage", "standard", None, None),
    ]
    assert billed(found, "in_up_up") == [
        ("line-up_up_0", "up", "up", "standard", None, True),
        ("line-up_up_1", "up", "up", "standard", None, True),
    ]
    [credit, charge] = next(each for each in found.tables["documents"] if each.number == "in_up_up").lines
    assert (credit.net < 0, charge.net > 0, charge.starts_at) == (True, True, PERIOD + DAY)
    assert {each.id for each in found.subscriptions["more"].items} == {"more", "usage"}


async def test_what_changed_after_the_cut_is_seen_and_nobody_knows_how_it_was(simulators: Control) -> None:
    at = END + timedelta(minutes=5)
    simulators.put_books(r("up", unit=5_000, unit_later=8_000, changed_at=at))
    up = (await books_of(simulators)).subscriptions["up"]
    assert (up.items[0].amount, up.changed_at, up.earlier) == (8_000, at, None)


async def test_one_that_changes_while_it_is_read_comes_twice_and_is_named(simulators: Control) -> None:
    many = [r(f"n{number:02}", started_at=NOW - timedelta(days=200 - number)) for number in range(12)]
    new = [r("new", started_at=NOW - timedelta(seconds=1), period_start=NOW - timedelta(seconds=1))]
    simulators.put_books(*many, arrivals=new, touched=["n00"])
    simulators.fault("recurly", "status", status=429, path="/v3/subscriptions", method="GET", times=2)
    found = await books_of(simulators, limit="5")
    assert len(found.tables["subscriptions"]) == len(found.subscriptions) == 13
    assert found.open_controls == []
    assert found.reading.changed_while_read == ["n00"]


async def test_a_list_that_ends_without_a_word_is_seen(simulators: Control) -> None:
    simulators.put_books(*[r(f"n{number}") for number in range(5)], cap=4)
    found = await books_of(simulators)
    [control] = [each for each in found.reading.controls if each.what == "subscriptions"]
    assert (control.read, control.expected) == (4, 5)
    assert found.open_controls == ["subscriptions"]


async def test_the_seeds_lists_are_read_as_they_are(simulators: Control) -> None:
    simulators.reset(customers=30)
    found = await books_of(simulators)
    assert found.reading.left_out == []
    assert found.open_controls == []
