"""Chargebee, read for a month."""

from datetime import timedelta
from typing import Any

from clients.chargebee.books.reader import ChargebeeBooks
from clients.chargebee.client import ChargebeeClient
from clients.chargebee.settings import ChargebeeAccount
from clients.kit.tables import Tally
from models.reconciliation.books import CashKind, DocumentKind, ItemKind, Standing
from simulators.chargebee.api import KEY
from simulators.kit.control import Control
from tests.contracts.books import CUT, DAY, END, NOW, PERIOD, Read, billed, read, true


async def books_of(control: Control) -> Read:
    account = {
        "site": "acme-test",
        "api_key": KEY,
        "base_url": f"{control.url}/chargebee/api/v2",
        "web_url": f"{control.url}/chargebee",
        "requests_per_minute": 100_000,
    }
    client = ChargebeeClient(ChargebeeAccount.model_validate(account))
    try:
        return await read(ChargebeeBooks(client, CUT, "default", tally=Tally(waits=(0.01,) * 4)))
    finally:
        await client.aclose()


def c(id: str, **more: Any) -> dict[str, Any]:
    return true(id, "chargebee", **more)


async def test_a_month_is_read_to_the_cent(simulators: Control) -> None:
    limited = {"id": "l", "percent": "25", "duration": "repeating", "months": 12, "start": PERIOD.isoformat()}
    fixed = {"id": "f", "amount": 3_000, "duration": "once", "start": PERIOD.isoformat()}
    simulators.put_books(
        c("plain", quantity=3, refunded=500, credited=700),
        c("yearly", unit=120_000, interval="year", coupon=limited, period_end=PERIOD + 365 * DAY),
        c("once", coupon=fixed),
        c("tax", unit=11_900, tax_percent="19", tax_included=True),
        c("dinar", currency="KWD", unit=12_345),
        c("usage", usage=3_740),
        c("later", pending_unit=12_000),
        c("owed", standing="past_due", owed_since=PERIOD),
        c("paused", standing="paused", paused_at=PERIOD),
        c("leaving", cancel_asked_at=PERIOD, ends_at=PERIOD + 30 * DAY),
        c("left", standing="canceled", ended_at=END - DAY),
        c("trial", standing="trialing", trial_ends_at=END + 5 * DAY),
    )
    found = await books_of(simulators)
    of = found.subscriptions
    assert found.reading.left_out == []
    assert (found.open_controls, found.reading.changed_while_read) == ([], [])
    assert {id: each.items[0].amount for id, each in of.items()} == {id: 10_000 for id in of} | {
        "plain": 30_000, "yearly": 120_000, "tax": 11_900, "dinar": 12_345
    }  # fmt: skip
    assert {id: each.own_mrr for id, each in of.items()} == {id: 10_000 for id in of} | {
        "plain": 30_000, "tax": 10_000, "dinar": 12_345, "paused": 0, "left": 0, "trial": 0
    }  # fmt: skip
    [off] = of["yearly"].discounts
    assert (off.percent, off.duration, off.in_own_mrr) == (25, "repeating", True)
    [once] = of["once"].discounts
    assert (once.amount, once.duration, once.in_own_mrr) == (3_000, "once", False)
    assert [(each.kind, each.amount) for each in of["usage"].items] == [
        (ItemKind.RECURRING, 10_000), (ItemKind.METERED, 0)
    ]  # fmt: skip
    assert of["later"].pending is not None
    assert ([each.amount for each in of["later"].pending], of["later"].pending_at) == (
        [12_000], PERIOD + 30 * DAY
    )  # fmt: skip
    assert (of["owed"].standing, of["owed"].past_due_since) == (Standing.PAST_DUE, PERIOD)
    assert (of["paused"].standing, of["paused"].paused_at) == (Standing.PAUSED, PERIOD)
    assert (of["leaving"].standing, of["leaving"].status) == (Standing.ACTIVE, "non_renewing")
    assert (of["leaving"].cancel_asked_at, of["leaving"].ends_at) == (PERIOD, PERIOD + 30 * DAY)
    assert (of["left"].standing, of["left"].ended_at) == (Standing.ENDED, END - DAY)

    documents, cash = found.documents, found.cash
    assert [(each.net, each.tax) for each in documents["in_tax"].lines] == [(10_000, 1_900)]
    assert [each.net for each in documents["in_yearly"].lines] == [90_000]
    assert documents["in_owed"].due == 10_000
    note = documents["CN-plain"]
    assert (note.kind, note.total, note.links) == (DocumentKind.CREDIT_NOTE, 700, ["in_plain"])
    assert (cash["ch_plain"].amount, cash["ch_plain"].documents) == (30_000, ["in_plain"])
    assert (cash["re_plain"].kind, cash["re_plain"].amount) == (CashKind.REFUND, 500)
    assert cash["ch_owed"].failed


async def test_its_lines_tell_what_they_are_of(simulators: Control) -> None:
    simulators.put_books(
        c("more", set_up_fee=50_000, usage=3_740), c("up", upgraded_at=PERIOD + DAY, upgraded_unit=16_000)
    )
    found = await books_of(simulators)
    assert billed(found, "in_more") == [
        ("li_more_0", "more", "standard", "standard", None, None),
        ("li_more_1", "more", "standard-setup", "standard-setup", ItemKind.ONE_TIME, None),
        ("li_more_2", "more", "standard-usage", "standard-usage", None, None),
    ]
    assert [each[0] for each in billed(found, "in_up_up")] == ["li_up_up_0", "li_up_up_1"]
    [line, *_] = found.documents["in_up_up"].lines
    assert (line.starts_at, line.ends_at, line.tax_inside) == (PERIOD + DAY, PERIOD + 30 * DAY, False)
    assert {each.id for each in found.subscriptions["more"].items} == {"standard", "standard-usage"}


async def test_what_changed_after_the_cut_is_told_as_it_was(simulators: Control) -> None:
    simulators.put_books(
        c("same"), c("up", unit=5_000, unit_later=8_000, changed_at=END + timedelta(minutes=5))
    )
    found = (await books_of(simulators)).subscriptions
    assert found["same"].earlier is None
    up = found["up"]
    assert (up.items[0].amount, up.own_mrr, up.changed_at) == (8_000, 8_000, END + timedelta(minutes=5))
    assert up.earlier is not None
    assert (up.earlier.items[0].amount, up.earlier.own_mrr) == (5_000, 5_000)


async def test_what_shifts_and_what_changes_meanwhile_loses_nothing(simulators: Control) -> None:
    many = [c(f"n{number:03}") for number in range(205)]
    new = [c(f"new{number}", started_at=NOW + timedelta(hours=1)) for number in range(3)]
    simulators.put_books(*many, arrivals=new, touched=["n200", "n201"])
    simulators.fault("chargebee", "status", status=429, retry_after=0, path="/v2/subscriptions", times=2)
    found = await books_of(simulators)
    assert len(found.subscriptions) == len(found.tables["subscriptions"]) == 205
    assert found.open_controls == []


async def test_the_seeds_lists_are_read_as_they_are(simulators: Control) -> None:
    simulators.reset(customers=30)
    found = await books_of(simulators)
    assert found.reading.left_out == []
    assert found.open_controls == []
