"""Currencies without hundredths, nothing at all, negative lines, long invoices, zones, and random books."""

import os
from datetime import UTC, date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.reconciliation.documents.cash.judge import judge_cash
from domains.reconciliation.documents.given import Compared, DocumentBooks
from domains.reconciliation.documents.home import Homes
from domains.reconciliation.documents.judge import judge_documents
from domains.reconciliation.documents.tax import by_document, by_line
from domains.reconciliation.rates import read_rates
from models.reconciliation.books import CashEntry, CashKind, Document, DocumentKind, DocumentStatus
from models.reconciliation.causes import Cause
from models.reconciliation.rules import Tolerance
from tests.reconciliation.documents.writing import (
    ALONE,
    cash,
    cut,
    in_billing,
    in_books,
    in_mogul,
    lines,
    rules,
    tax_line_by_line,
    tax_once,
)


def compared(left: list[Document], right: list[Document]) -> Compared:
    return judge_documents(DocumentBooks(billing=right, accounting=left), rules(), cut())


def closes(found: Compared) -> bool:
    """Each row, each total, and all rows against their total."""
    for row in found.findings:
        assert row.difference == sum(it.minor for it in row.causes) + row.unexplained
    return all(each.closes for each in found.tie_outs)


def test_yen_and_fils_are_whole_units_of_theirs() -> None:
    yen = compared([in_books(1, 5_000, currency="JPY")], [in_billing(1, 5_500, currency="JPY", tax=500)])
    (row,) = yen.findings
    assert [(it.cause, it.minor) for it in row.causes] == [(Cause.GROSS_NET_TAX, -500)]
    assert "500 of tax" in row.causes[0].why
    fils = compared(
        [in_books(1, 1_234_000, currency="KWD")], [in_billing(1, 1_234_567, currency="KWD", tax=567)]
    )
    assert "0.567 of tax" in fils.findings[0].causes[0].why


def test_a_unit_of_chartmogul_that_is_another_one_is_named() -> None:
    books = DocumentBooks(
        billing=[in_billing(1, 5_000, currency="JPY"), in_billing(2, 5_000)],
        chartmogul=[in_mogul(1, 500_000, currency="JPY"), in_mogul(2, 500_000)],
    )
    found = judge_documents(books, ALONE, cut()).findings
    assert [(row.currency, [it.cause for it in row.causes], row.unexplained) for row in found] == [
        ("EUR", [], 495_000),
        ("JPY", [Cause.UNIT_EXPONENT], 0),
    ]


def test_nothing_is_no_difference() -> None:
    free = compared([in_books(1, 0)], [in_billing(1, 0), in_billing(2, 0)])
    assert [(row.difference, row.causes) for row in free.findings] == [(0, []), (0, [])]
    assert compared([], []) == ([], [], [], [])


def test_negative_lines_and_a_negative_invoice() -> None:
    held = lines([10_000, -2_500, -1], Decimal(19))
    assert (by_line(held), by_document(held)) == (1_900 - 475, 1_425)
    credit = compared([in_books(1, -1_000)], [in_billing(1, -1_000)])
    assert [(row.left.minor, row.difference) for row in credit.findings] == [(-1_000, 0)]


def test_an_invoice_of_ten_thousand_lines() -> None:
    nets = [999] * 10_000
    by_lines, once = tax_line_by_line(nets, Decimal(19)), tax_once(nets, Decimal(19))
    bill = in_billing(1, sum(nets) + once, tax=once, lines=lines(nets, Decimal(19)))
    (row,) = compared([in_books(1, sum(nets) + by_lines, tax=by_lines)], [bill]).findings
    assert [(it.cause, it.minor) for it in row.causes] == [(Cause.TAX_ROUNDING, by_lines - once)]


def test_rates_of_one_document_are_rounded_each_for_itself() -> None:
    mixed = [*lines([333, 333], Decimal(19)), *lines([333], Decimal(7))]
    assert by_document(mixed) == round(Decimal(666 * 19) / 100) + round(Decimal(333 * 7) / 100)


ZONES = (
    "Europe/Berlin",
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "America/New_York",
    "Etc/GMT+12",
    "Asia/Kolkata",
)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("period", ["2026-02", "2026-03", "2026-10", "2028-02"])
def test_what_a_sync_tool_dates_in_its_own_zone_is_the_edge_and_nothing_else(zone: str, period: str) -> None:
    """An invoice in each of the 60 hours around both ends of the month, as UTC and that zone see it."""
    from zoneinfo import ZoneInfo

    month = cut(period=period)
    right: list[Document] = []
    left: list[Document] = []
    for number in range(120):
        edge = month.start if number < 60 else month.end
        at = (edge + timedelta(hours=number % 60 - 30, minutes=number % 7)).astimezone(UTC)
        right.append(in_billing(number, 1_000 + number, at=at))
        left.append(in_books(number, 1_000 + number, dated=at.astimezone(ZoneInfo(zone)).date()))
    found = judge_documents(DocumentBooks(billing=right, accounting=left), rules(zone), month)
    assert closes(found)
    assert {it.cause for row in found.findings for it in row.causes} <= {Cause.DATE_EDGE}
    assert all(row.unexplained == 0 for row in found.findings)


def test_a_document_without_any_date_is_said() -> None:
    found = compared([], [in_billing(1, 100, at=None)])
    assert (found.findings, found.warnings) == (
        [],
        ["1 documents have no date and are in no month, as in_1"],
    )


# -- the home currency


RATES = "date,currency,rate,source\n2026-10-09,EUR,1.0850,ECB\n"


def home_row(left: Document, right: Document, text: str = RATES) -> Compared:
    books = DocumentBooks(billing=[right], accounting=[left])
    return judge_documents(books, rules(), cut(), read_rates(text, "USD"))


def test_the_books_rate_against_ours() -> None:
    left = in_books(1, 120_000, home_total=128_400, home_currency="USD", rate=Decimal("1.07"))
    found = home_row(left, in_billing(1, 120_000))
    row = next(it for it in found.findings if it.difference)
    assert (row.source, row.currency, row.right.minor) == ("stripe/default/home", "USD", 130_200)
    assert [(it.cause, it.minor) for it in row.causes] == [(Cause.FX_DOCUMENT_RATE, -1_800)]
    assert "at 1.0700 in the books, at 1.0850 in billing" in row.causes[0].why
    assert closes(found)


def test_a_day_without_a_rate_is_said_and_not_guessed() -> None:
    left = in_books(1, 120_000, home_total=128_400, home_currency="USD")
    found = home_row(left, in_billing(1, 120_000), "date,currency,rate,source\n2026-10-02,EUR,1.1,ECB\n")
    assert not any(row.difference for row in found.findings)
    assert "no rate of EUR for 2026-10-10" in found.warnings[0]


def test_a_rate_the_other_way_round_is_turned_and_said() -> None:
    """The direction of Xero's CurrencyRate is UNVERIFIED."""
    rate = (1 / Decimal("1.07")).quantize(Decimal("0.0000000001"))
    left = in_books(1, 120_000, home_total=128_400, home_currency="USD", rate=rate)
    found = home_row(left, in_billing(1, 120_000))
    assert found.warnings == ["quickbooks: its rates are units per home unit, and were turned round"]
    assert [it.unexplained for it in found.findings] == [0, 0]


def test_a_home_amount_that_no_rate_makes_stays_open() -> None:
    left = in_books(1, 120_000, home_total=128_999, home_currency="USD", rate=Decimal("1.07"))
    right = in_billing(1, 120_000, home_total=128_400, home_currency="USD")
    books = DocumentBooks(billing=[right], accounting=[left])
    found = judge_documents(books, rules(), cut())
    assert closes(found)
    assert list(Homes(None, Tolerance()).warnings) == []


# -- anything at all


amounts = st.integers(-3, 3).map(lambda it: it * 500 + it)
days = st.dates(date(2026, 9, 28), date(2026, 11, 4))
numbers = st.integers(1, 6)


@st.composite
def documents(draw: st.DrawFn, accounting: bool) -> Document:
    number = draw(numbers)
    kind = draw(st.sampled_from([DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE, DocumentKind.SALES_RECEIPT]))
    more: dict[str, Any] = {
        "id": str(draw(st.integers(1, 9_999))),
        "kind": kind,
        "status": draw(st.sampled_from(DocumentStatus)),
        "tax": draw(st.sampled_from([None, 0, 500])),
        "from_balance": draw(st.sampled_from([0, 501])),
        "due": draw(st.sampled_from([None, 0, 500])),
        "links": draw(st.lists(numbers.map(str), max_size=2)),
        "references": draw(st.lists(numbers.map(lambda it: f"INV-{it}"), max_size=2)),
        "currency": draw(st.sampled_from(["EUR", "JPY"])),
        "customer_name": draw(st.sampled_from(["", "A", "B"])),
    }
    if accounting:
        home = {"home_currency": draw(st.sampled_from([None, "USD"])), "home_total": draw(amounts)}
        return in_books(number, draw(amounts), dated=draw(days), **more, **home)
    day = draw(days)
    return in_billing(number, draw(amounts), at=cut().start.replace(month=day.month, day=day.day), **more)


@st.composite
def entries(draw: st.DrawFn) -> CashEntry:
    side = draw(st.sampled_from(["billing", "accounting", "chartmogul"]))
    return cash(
        side,
        f"{draw(st.sampled_from(['ch', 'po']))}_{draw(numbers)}",
        abs(draw(amounts)),
        draw(st.sampled_from(CashKind)),
        fee=draw(st.sampled_from([None, 0, 30])),
        failed=draw(st.booleans()),
        dated=draw(days),
        unapplied=draw(st.sampled_from([0, 501])),
        payout=draw(st.sampled_from(["", "po_1", "po_2"])),
        documents=draw(st.lists(numbers.map(lambda it: f"INV-{it}"), max_size=2)),
        references=draw(st.lists(numbers.map(lambda it: f"ch_{it}"), max_size=1)),
    )


@settings(max_examples=400 if os.environ.get("FIRE") == "full" else 40)
@given(
    left=st.lists(documents(accounting=True), max_size=7),
    right=st.lists(documents(accounting=False), max_size=7),
    paid=st.lists(entries(), max_size=8, unique_by=lambda entry: (entry.side, entry.id)),
    summaries=st.booleans(),
)
def test_everything_sums_up_whatever_is_read(
    left: list[Document], right: list[Document], paid: list[CashEntry], summaries: bool
) -> None:
    books = DocumentBooks(billing=right, accounting=left, chartmogul=[], cash=paid)
    found = judge_documents(books, rules(summaries=summaries), cut())
    in_cash = judge_cash(books, rules(summaries=summaries), cut())
    assert closes(found)
    assert closes(in_cash)
    if not summaries:  # else rows of payouts stand beside documents
        _holds_each_once(found, left, right)


def _holds_each_once(found: Compared, left: list[Document], right: list[Document]) -> None:
    """What is counted on a side is what is dated in the month and in force: nothing twice, nothing lost."""
    month = cut()
    dead = (DocumentStatus.VOIDED, DocumentStatus.DELETED, DocumentStatus.DRAFT)

    def total(documents: list[Document]) -> int:
        unlike = {DocumentKind.CREDIT_NOTE: -1}
        return sum(it.total * unlike.get(it.kind, 1) for it in documents if it.status not in dead)

    here = [it for it in left if it.dated and date(2026, 10, 1) <= it.dated < date(2026, 11, 1)]
    billed = [it for it in right if it.at and month.start <= it.at < month.end]
    sums = [it for it in found.tie_outs if it.source in ("stripe/default", "quickbooks/default")]
    assert sum(it.left for it in sums) == total(here)
    assert sum(it.right for it in sums) == total(billed)


def test_many_documents() -> None:
    """A sixteenth of the volume that is planned for; all of it in FIRE=full."""
    count = 50_000 if os.environ.get("FIRE") == "full" else 3_000
    random = Random(1)
    right = [in_billing(it, random.randint(100, 99_999), customer_name=f"c{it % 500}") for it in range(count)]
    left = [
        in_books(it, right[it].total + (7 if it % 20 == 0 else 0), customer_name=f"c{it % 500}")
        for it in range(count)
        if it % 50
    ]
    mogul = [in_mogul(each, right[each].total) for each in range(count)]
    books = DocumentBooks(billing=right, accounting=left, chartmogul=mogul)
    found = judge_documents(books, rules(), cut())
    assert closes(found)
    missing = sum(it.cause == Cause.MISSING_DOCUMENT for row in found.findings for it in row.causes)
    assert missing == count // 50
    assert sum(row.unexplained != 0 for row in found.findings) == count // 20 - count // 100
