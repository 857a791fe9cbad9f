"""Amounts, references and days of accounting systems, as pure functions."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from clients.kit.books import MOST_NAMED, Days, LeftOut, Seen, exact_minor, minor, references
from clients.kit.http import exact_json
from models.chartmogul_values import Unfit
from models.reconciliation.books import MonthCut


@pytest.mark.parametrize(
    ("text", "currency", "found"),
    [
        ("19.99", "USD", 1999),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("0.1", "EUR", 10),
        ("-5", "USD", -500),
    ],
)
def test_amounts_are_exact(text: str, currency: str, found: int) -> None:
    [amount] = exact_json(f"[{text}]")
    assert minor(Decimal(amount), currency) == found
    assert str(exact_minor(Decimal(amount), currency)) == str(found)


@pytest.mark.parametrize(("text", "currency"), [("1.005", "USD"), ("0.5", "JPY"), ("1e-9", "EUR")])
def test_nothing_is_rounded(text: str, currency: str) -> None:
    with pytest.raises(Unfit, match=f"more decimals than {currency}"):
        minor(Decimal(text), currency)
    assert exact_minor(Decimal(text), currency) > 0


@pytest.mark.parametrize("text", ["[NaN]", "[1e999999]", "[Infinity]", "[" * 100_000, "{"])
def test_what_is_no_number_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number|nested|Expecting"):
        exact_json(text)


@pytest.mark.parametrize(
    ("note", "found"),
    [
        ("Stripe charge ch_1_0_0 for INV-1042.", ["ch_1_0_0", "INV-1042"]),
        ("#1042; ask jane3@acme.example", ["1042"]),
        ("invoice:in_7_1 (in_7_1)", ["in_7_1"]),
        ("2026/10-004", ["2026/10-004"]),
        ("paid by card, thanks", []),
        ("x1", []),
        ("9" * 200, []),
        (None, []),
    ],
)
def test_numbers_in_notes_are_references(note: str | None, found: list[str]) -> None:
    assert references(note) == found


def test_references_have_an_end() -> None:
    assert len(references(" ".join(f"INV-{number}" for number in range(1_000)))) == 50


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("Europe/Berlin", "2026-09-30T22:00:00+00:00", "2026-10-31T23:00:00+00:00"),
        ("America/New_York", "2026-10-01T04:00:00+00:00", "2026-11-01T04:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-09-30T10:00:00+00:00", "2026-10-31T10:00:00+00:00"),
    ],
)
def test_the_days_are_those_of_the_month_in_its_zone(zone: str, start: str, end: str) -> None:
    instants = [datetime.fromisoformat(each).astimezone(UTC) for each in (start, end)]
    cut = MonthCut(period="2026-10", time_zone=zone, start=instants[0], end=instants[1])
    assert Days.of(cut, 0) == Days(date(2026, 10, 1), date(2026, 10, 31))
    assert Days.of(cut, 10) == Days(date(2026, 9, 21), date(2026, 11, 10))


def test_rows_that_are_left_out_are_named_once_and_not_for_ever() -> None:
    left_out = LeftOut()
    for number in range(MOST_NAMED + 5):
        left_out.add(f"Invoice {number}")
        left_out.add("Invoice 0")
    assert left_out.said()[-1] == "and 5 more"
    assert len(left_out.said()) == MOST_NAMED + 1


def test_a_row_that_comes_twice_is_one_and_named_where_it_differs() -> None:
    changed: list[str] = []
    seen = Seen("Invoice", changed)
    rows = [("1", {}), ("1", {}), ("2", {"Balance": 5}), ("2", {"Balance": 0})]
    assert [seen.is_new(id, row) for id, row in rows] == [True, False, True, False]
    assert (len(seen), changed) == (2, ["Invoice 2"])
