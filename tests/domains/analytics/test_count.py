"""Cohorts, retention and churn: the worked example to the figure, and an oracle apart from the product."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domains.analytics import answers
from domains.analytics.book import About, book_of
from domains.analytics.checks import Metrics
from domains.analytics.count import Counted, count
from domains.analytics.movements import Movements
from models.analytics import Book, ChurnWish, Cohort, CohortWish, MonthCounts, Readings
from tests.domains.analytics.histories import Row, at, invented
from tests.domains.analytics.oracle import found

SEEDS = range(200 if os.environ.get("FIRE") == "full" else 25)

EXAMPLE: list[Row] = [
    ("A", at("2026-01-05T12:00Z"), "new_biz", 10_000),
    ("A", at("2026-01-20T12:00Z"), "expansion", 2_000),
    ("A", at("2026-03-10T12:00Z"), "contraction", -4_000),
    ("B", at("2026-01-15T12:00Z"), "new_biz", 5_000),
    ("B", at("2026-02-10T12:00Z"), "churn", -5_000),
    ("B", at("2026-04-02T12:00Z"), "reactivation", 6_000),
    ("C", at("2026-01-31T23:30Z"), "new_biz", 8_000),
    ("D", at("2026-01-10T12:00Z"), "new_biz", 3_000),
    ("D", at("2026-01-25T12:00Z"), "churn", -3_000),
    ("E", at("2026-02-03T12:00Z"), "new_biz", 4_000),
    ("E", at("2026-03-05T12:00Z"), "churn", -4_000),
    ("E", at("2026-03-20T12:00Z"), "reactivation", 4_000),
]
AS_OF = datetime(2026, 4, 15, tzinfo=UTC)


def book(rows: list[Row], zone: str = "Europe/Berlin", theirs: Mapping[int, Metrics] | None = None) -> Book:
    """`theirs` by month of 2026."""
    movements = Movements()
    movements.extend(rows)
    metrics = {date(2026, month, 1): said for month, said in (theirs or {}).items()}
    about = About("default", "chartmogul", "EUR", zone, AS_OF)
    return book_of(about, movements, count(movements, zone, AS_OF), metrics)


def shown(cohorts: list[Cohort]) -> dict[str, list[float | None]]:
    return {
        f"{each.month:%Y-%m}": [cell.percent and round(cell.percent, 1) for cell in each.cells]
        for each in cohorts
        if each.cells
    }


def test_the_worked_example() -> None:
    counted = book(EXAMPLE)
    kept = answers.cohorts(counted, CohortWish())
    january, february = (each for each in kept if each.cells)
    assert (january.customers, january.value_cents) == (3, 18_000)
    assert (february.customers, february.value_cents) == (2, 12_000)
    assert shown(kept) == {"2026-01": [66.7, 33.3, 33.3, 66.7], "2026-02": [100, 100, 100]}
    assert [cell.mrr_cents for cell in january.cells] == [17_000, 12_000, 8_000, 14_000]
    assert [cell.ever_churned for cell in january.cells] == [1, 2, 2, 2]
    assert [cell.partial for cell in january.cells] == [False, False, False, True]
    revenue = answers.cohorts(counted, CohortWish(metric="net_mrr_retention"))
    assert shown(revenue) == {"2026-01": [94.4, 66.7, 44.4, 77.8], "2026-02": [100, 100, 100]}
    assert (kept[0].month, kept[0].customers, kept[0].cells) == (date(2025, 5, 1), None, [])


def test_the_worked_example_in_another_zone() -> None:
    [january, *_] = [each for each in answers.cohorts(book(EXAMPLE, "UTC"), CohortWish()) if each.cells]
    assert (january.customers, january.value_cents) == (4, 26_000)
    assert january.cells[1].percent == 50
    revenue = answers.cohorts(book(EXAMPLE, "UTC"), CohortWish(metric="net_mrr_retention"))
    assert shown(revenue)["2026-01"][1] == 76.9


def test_the_rates_of_the_worked_example() -> None:
    _, february, march, april = (
        each for each in answers.churn(book(EXAMPLE), ChurnWish()) if each.churned is not None
    )
    assert [each.customers_before for each in (february, march, april)] == [2, 3, 3]
    assert rates(february) == (50, 29.4, 29.4)
    assert rates(march) == (0, 33.3, 16.7)
    assert rates(april) == (0, 0, -30)
    assert april.mrr_before_cents == 20_000
    assert april.partial


def rates(month: Any) -> tuple[float, ...]:
    names = ("customer_churn_percent", "gross_mrr_churn_percent", "net_mrr_churn_percent")
    return tuple(round(getattr(month, name), 1) for name in names)


def test_against_the_month_before() -> None:
    against = answers.cohorts(book(EXAMPLE), CohortWish(relative_to="previous"))
    assert shown(against)["2026-01"] == [66.7, 50, 100, 200]
    lost = answers.cohorts(book(EXAMPLE), CohortWish(metric="customer_churn"))
    assert shown(lost)["2026-01"] == [33.3, 66.7, 66.7, 33.3]


def test_retention_by_age_is_of_whole_months_and_of_cohorts_that_are_so_old() -> None:
    months = answers.retention(book(EXAMPLE), CohortWish())
    assert [(each.cohorts, each.cohort_customers, each.customers) for each in months] == [
        (2, 5, 4), (2, 5, 3), (1, 3, 1),
    ]  # fmt: skip
    assert [each.customer_retention_percent for each in months] == [80, 60, 33.3333]
    assert [each.net_mrr_retention_percent for each in months] == [96.6667, 80, 44.4444]


def test_the_other_readings() -> None:
    rows = [
        ("F", at("2026-01-05T12:00Z"), "reactivation", 1_000),
        ("F", at("2026-02-05T12:00Z"), "churn", -1_000),
        ("F", at("2026-03-05T12:00Z"), "new_biz", 500),
        ("F", at("2026-03-06T12:00Z"), "churn", -500),
        ("G", at("2026-01-05T12:00Z"), "new_biz", 9_000),
        ("G", at("2026-03-06T11:00Z"), "churn", -9_000),
        ("G", at("2026-03-06T13:00Z"), "reactivation", 9_000),
    ]

    def value(**readings: Any) -> int | None:
        wish = CohortWish(start_month=date(2026, 1, 1), readings=Readings(**readings))
        return answers.cohorts(book(rows), wish)[0].value_cents

    assert (value(), value(value="ever")) == (10_000, 10_500)
    assert (value(returned="zero"), value(value="ever", returned="zero")) == (9_000, 9_500)

    def march(**readings: Any) -> tuple[int | None, float | None, float | None]:
        wish = ChurnWish(start_month=date(2026, 3, 1), readings=Readings(**readings))
        found = answers.churn(book(rows), wish)[0]
        gross = found.gross_mrr_churn_shopify_percent
        return found.churned, found.customer_churn_shopify_percent, gross and round(gross, 1)

    assert march() == (0, 100, 100)
    assert march(back_and_gone="counted") == (1, 100, 100)
    assert march(day_loss="net") == (0, 50, 5.3)


def test_dust_counts_as_nothing_and_what_lies_ahead_is_left_out() -> None:
    rows = [
        ("H", at("2026-02-01T12:00Z"), "new_biz", 1_000),
        ("H", at("2026-03-01T12:00Z"), "churn", -998),
        ("H", at("2026-05-01T12:00Z"), "reactivation", 1_000),
    ]
    counted = book(rows)
    [cohort] = counted.cohorts
    assert (cohort.active, cohort.mrr_cents, counted.ahead) == ([1, 0, 0], [1_000, 0, 0], 1)


def test_an_account_without_movements_has_no_figures() -> None:
    counted = book([])
    assert [each.customers for each in answers.cohorts(counted, CohortWish())] == [None] * 12
    assert [each.churned for each in answers.churn(counted, ChurnWish())] == [None] * 12
    assert answers.retention(counted, CohortWish()) == []


def test_a_span_that_is_none_is_refused() -> None:
    with pytest.raises(answers.TooLong, match=r"2026-03 lies behind 2026-02"):
        answers.cohorts(book(EXAMPLE), CohortWish(start_month=date(2026, 3, 9), end_month=date(2026, 2, 1)))
    with pytest.raises(answers.TooLong, match="180 are the most"):
        answers.churn(book(EXAMPLE), ChurnWish(start_month=date(2001, 1, 1)))


def test_a_formula_is_named_where_it_fits() -> None:
    def checked(february: float, march: float) -> Book:
        mrr, rates = (17_000, 24_000, 20_000), (0.0, february, march)
        said = {month: Metrics(mrr[month - 1], rates[month - 1]) for month in (1, 2, 3)}
        return book(EXAMPLE, theirs=said)

    assert checked(50, 0).checked.formula == "standard"
    assert checked(25, 33.33).checked.formula == "shopify"
    assert checked(10, 10).checked.formula == "neither"
    assert checked(50, 0).checked.months_off == 0
    assert book(EXAMPLE).checked.formula == "unknown"
    off = book(EXAMPLE, theirs={2: Metrics(24_025, None)}).checked
    assert (off.months, off.months_off, off.worst_month, off.worst_cents) == (1, 1, date(2026, 2, 1), -25)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_oracle_finds_the_same(seed: int) -> None:
    history = invented(seed)
    movements = Movements()
    movements.extend(history.rows)
    counted, theirs = count(movements, history.zone, history.as_of), found(history)
    assert ours(counted) == theirs.cohorts
    assert {f"{each.month:%Y-%m}": of_month(each) for each in counted.months} == {
        month: pytest.approx(said, abs=1e-9) for month, said in theirs.months.items()
    }


def ours(counted: Counted) -> dict[str, dict[str, Any]]:
    return {
        f"{each.month:%Y-%m}": {
            "customers": each.customers,
            "new": each.new_cents,
            "new_ever": each.new_ever_cents,
            "returned": each.returned_cents,
            "active": each.active,
            "mrr": each.mrr_cents,
            "ever_churned": each.ever_churned,
        }
        for each in counted.cohorts
    }


def of_month(each: MonthCounts) -> dict[str, float]:
    parts = {name: float(each.cents[name]) for name in ("churn", "contraction", "expansion", "reactivation")}
    return parts | {
        "customers_before": each.customers_before,
        "mrr_before": each.mrr_before_cents,
        "mrr": each.mrr_cents,
        "churned": each.churned,
        "back_and_gone": each.back_and_gone,
        "customers": each.churned_daily,
        "customers_net": each.churned_daily_net,
        "lost": each.lost_daily,
        "lost_net": each.lost_daily_net,
        "net_lost": each.net_lost_daily,
    }
