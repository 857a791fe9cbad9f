"""ChartMogul, read for a month: what it counts, of which lines, by which settings."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from clients.chartmogul.books.reader import ChartMogulBooks
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from clients.kit.tables import Tally
from models.reconciliation.books import (
    AccountSettings,
    AccountSheet,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
)
from simulators.billing.truth.month import month
from simulators.chartmogul.books import SECOND, SOURCES, uuid_of
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.contracts.books import CUT, DAY, END, PERIOD, Read, read, true

STRIPE = SOURCES["stripe"].uuid
A_SECOND = timedelta(seconds=1)


async def books_of(control: Control, customers: Iterable[str] = (), **options: Any) -> Read:
    account = ChartMogulAccount(
        api_key=SecretStr(CHARTMOGUL_KEY), base_url=control.chartmogul_url, requests_per_second=10_000
    )
    client = ChartMogulClient(account, **options)
    try:
        tally = Tally(waits=(0.01,) * 4)
        return await read(ChartMogulBooks(client, CUT, "default", customers=customers, tally=tally))
    finally:
        await client.aclose()


def counted(found: Read) -> dict[str, CountedSubscription]:
    return {each.subscription_external_id: each for each in found.tables["counted"]}


def lines(found: Read) -> dict[str, list[CountedLine]]:
    of: dict[str, list[CountedLine]] = {}
    for line in found.tables["lines"]:
        of.setdefault(line.invoice_external_id, []).append(line)
    return of


def s(id: str, **more: Any) -> dict[str, Any]:
    return true(id, "stripe", **more)


async def test_a_month_is_read_to_the_cent(simulators: Control) -> None:
    simulators.put_books(
        s("plain", quantity=3, refunded=500),
        s("yearly", unit=19_999, interval="year", period_start=END - 300 * DAY, period_end=END + 65 * DAY),
        s("old", unit=200_000, interval="year", interval_count=3, period_start=END - 900 * DAY,
          period_end=END + 195 * DAY, started_at=END - 900 * DAY),
        s("euro", currency="EUR", rate="1.08", rate_first="1.04"),
        s("yen", currency="JPY", unit=5_000, rate="0.0066"),
        s("fee", set_up_fee=50_000, deviation="fee_as_subscription"),
        s("tax", unit=11_900, tax_percent="19", tax_included=True),
        s("notax", unit=11_900, tax_percent="19", tax_included=True, deviation="tax_not_imported"),
        s("edited", deviation="edited", deviates_to=9_000),
        s("wrong", deviation="import_error"),
        s("twice", deviation="second_source"),
        s("up", upgraded_at=PERIOD + 5 * DAY, upgraded_unit=16_000),
        s("left", standing="canceled", ended_at=END - DAY),
        counts_from="paid",
        auto_churn_days=30,
        pending_imports=2,
    )  # fmt: skip
    found = await books_of(simulators, page_size=5)
    assert found.reading.left_out == []
    assert found.open_controls == []
    [settings] = found.tables["settings"]
    assert isinstance(settings, AccountSettings)
    assert (settings.currency, settings.time_zone) == ("USD", "Europe/Berlin")
    assert (settings.refund_handling, settings.churn_when_zero_mrr) == ("refund_ignore", True)
    source = next(each for each in settings.sources if each.uuid == STRIPE)
    assert (source.counts_from, source.auto_churn_days, source.pending) == ("paid", 30, 2)

    of = counted(found)
    sums = {id: each.by_movements for id, each in of.items()}
    assert sums == {
        "plain": 30_000, "yearly": 1_667, "old": 5_556, "euro": None, "yen": None, "fee": 60_000,
        "tax": 10_000, "notax": 11_900, "edited": 9_000, "twice": 10_000, "up": 16_000, "left": 0,
    }  # fmt: skip
    assert (of["euro"].by_view, of["yen"].by_view, of["plain"].by_view) == (10_800, 3_300, None)
    assert (of["left"].last_movement, of["left"].last_movement_at) == ("churn", END - DAY)
    assert sorted(
        each.source for each in found.tables["counted"] if each.subscription_external_id == "twice"
    ) == (sorted([STRIPE, SECOND.uuid]))

    line = lines(found)
    assert [(each.amount, each.kind) for each in line["in_fee"]] == [
        (10_000, "subscription"), (50_000, "subscription")
    ]  # fmt: skip
    [tax], [notax], [edited] = line["in_tax"], line["in_notax"], line["in_edited"]
    assert ((tax.amount, tax.tax), (notax.amount, notax.tax)) == ((11_900, 1_900), (11_900, 0))
    assert (edited.amount, edited.by_hand, edited.amount_before_edit) == (9_000, True, 10_000)
    assert line["in_wrong"][0].errors == ["line_items: ['plan is missing']"]
    [old] = line["in_old"]
    assert old.starts_at is not None  # its invoice is older than the list is read back
    assert [(each.prorated, each.amount) for each in line["in_up"]] == [(False, 10_000)]
    assert [(each.prorated, each.amount) for each in line["in_up_up"]] == [(True, -8_333), (True, 13_333)]
    assert [each.amount for each in line["in_yen"]] == [500_000]
    [paid, refund] = line["in_plain"][0].transactions
    assert (paid.kind, paid.amount, refund.kind, refund.amount) == ("payment", 30_000, "refund", 500)

    numbers = {each.number: each for each in found.tables["documents"]}
    assert (numbers["in_tax"].side, numbers["in_tax"].total, numbers["in_tax"].tax) == (
        "chartmogul",
        11_900,
        1_900,
    )
    assert numbers["in_yen"].total == 5_000
    assert found.cash["re_plain"].amount == 500

    [sheet] = found.tables["sheet"]
    assert isinstance(sheet, AccountSheet)
    euro_by_movements = Decimal(10_000) * Decimal("1.04")
    assert sheet.movements == sum(each or 0 for each in sums.values()) + 10_000 + euro_by_movements + 3_300
    assert sheet.mrr is not None
    assert sheet.movements is not None
    assert sheet.mrr - sheet.movements == 10_800 - euro_by_movements
    last = (CUT.end - timedelta(microseconds=1)).astimezone(ZoneInfo(CUT.time_zone))
    assert len(sheet.months) == 12
    assert sheet.months[-1].period == f"{last.replace(day=1) - DAY:%Y-%m}"
    assert (sheet.months[0].mrr, sheet.months[-1].mrr > 5_556) == (5_556, True)  # of the old one alone

    customers = {each.external_ids[0]: each for each in found.tables["customers"]}
    twice = customers["cus-twice"]
    assert isinstance(twice, CountedCustomer)
    assert (twice.mrr, twice.name, sorted(twice.sources)) == (
        20_000,
        "Company twice",
        sorted([STRIPE, SECOND.uuid]),
    )


async def test_single_customers_are_read_whole(simulators: Control) -> None:
    simulators.put_books(s("one"), s("other"), s("euro", currency="EUR", rate="1.08"))
    uuids = [uuid_of("cus", "cus-one"), uuid_of("cus", "cus-euro")]
    found = await books_of(simulators, uuids)
    of = counted(found)
    assert set(of) == {"one", "euro"}
    assert (of["one"].by_movements, of["one"].by_view, of["one"].source) == (10_000, 10_000, STRIPE)
    assert (of["euro"].by_movements, of["euro"].by_view) == (None, 10_800)
    assert [each.uuid for each in found.tables["customers"]] == uuids


async def test_movements_ahead_are_not_of_the_month(simulators: Control) -> None:
    simulators.put_books(s("later", started_at=END + timedelta(days=3)), s("now"))
    of = counted(await books_of(simulators))
    assert (of["later"].by_movements, of["later"].future) == (0, 10_000)
    assert (of["now"].by_movements, of["now"].future) == (10_000, 0)


async def test_the_seeds_lists_are_read_beside_it(simulators: Control) -> None:
    """Pages of two lists, and refusals."""
    simulators.reset(customers=40)
    simulators.put_books(s("one"), alone=False)
    simulators.fault("chartmogul", "status", status=429, path="/invoices|/activities", times=2)
    found = await books_of(simulators, page_size=7, retry_waits=(0.01,) * 4)
    assert found.open_controls == []
    assert found.reading.left_out == []
    assert len(found.tables["customers"]) == 41
    of = counted(found)
    rows = simulators.customers(limit=40)
    dollars = [row for row in rows if row.number % 10 != 7]
    assert sum(each.by_movements or 0 for each in of.values()) == 10_000 + sum(row.mrr for row in dollars)


def charged_for_the_rest(wishes: list[dict[str, Any]]) -> int:
    """Of the price of 160.00, for what is left of its period."""
    [said] = [each for each in wishes if each["id"] == "proration-flag"]
    begin, at, end = (
        datetime.fromisoformat(said[each]) for each in ("period_start", "upgraded_at", "period_end")
    )
    return round(Fraction(16_000) * Fraction((end - at) // A_SECOND, (end - begin) // A_SECOND))


async def test_the_demos_month_differs_where_its_names_say(simulators: Control) -> None:
    """By ChartMogul's figure; what a billing system has is in the names' terms."""
    wishes = month(END, agreeing=6)
    simulators.put_books(*wishes)
    found = await books_of(simulators)
    sums: dict[str, int] = {}
    for each in found.tables["counted"]:
        figure = each.by_view if each.by_movements is None else each.by_movements
        sums[each.subscription_external_id] = sums.get(each.subscription_external_id, 0) + figure
    agreeing = {wish["id"]: wish["unit"] for wish in wishes if wish["id"].startswith("agree-")}
    assert {id: figure for id, figure in sums.items() if id in agreeing} == agreeing
    assert {id: figure for id, figure in sums.items() if id not in agreeing} == {
        "discount-rule": 8_000,
        "tax-included": 11_900,
        "one-time-as-recurring": 54_900,
        "cancel-timing": 10_000,
        "unpaid-counted": 5_900,
        "duplicate-source": 19_800,
        "proration-flag": charged_for_the_rest(wishes),
        "paused-counted": 8_000,
        "unbilled-change": 12_000,
        "user-edit": 9_000,
        "metered-counted": 8_740,
        "fx-rate-date": 10_800,
        "unexplained": 7_711,
    }
    assert {line.invoice_external_id for line in found.tables["lines"] if line.errors} == {"in_import-error"}
    assert found.reading.left_out == []
