"""What `analytics` prints and writes, in a terminal of 80 columns."""

import csv
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from commands.analytics import Asked, _cohort_rows, _write, print_churn, print_cohorts, readings
from models.analytics import ChurnMonth, ChurnTable, Cohort, CohortCell, CohortTable
from operations.errors import Stopped

AS_OF = datetime(2026, 4, 15, tzinfo=UTC)


def cohort(months: int) -> Cohort:
    cells = [
        CohortCell(
            month=number,
            percent=None if number == 2 else 100 - number,
            customers=100 - number,
            mrr_cents=490_000 - number,
            ever_churned=number,
            partial=number == months - 1,
        )
        for number in range(months)
    ]
    return Cohort(month=date(2026, 1, 1), customers=100, value_cents=49_000_000, cells=cells)


def table(months: int) -> CohortTable:
    missing = Cohort(month=date(2025, 12, 1), customers=None, value_cents=None, cells=[])
    return CohortTable(
        account="default",
        source="chartmogul",
        currency="USD",
        as_of=AS_OF,
        cohorts=[missing, cohort(months)],
        notes=["A note [with] brackets."],
    )


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=80)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return [line.strip() for line in console.file.getvalue().splitlines() if line.strip()]


def test_cohorts_have_a_decimal_where_there_is_room(console: Console) -> None:
    print_cohorts(table(4), console)
    lines = printed(console)
    assert lines[0] == "Customer retention by months since the first one, in % of the whole cohort"
    assert lines[1] == "Account default, USD, from ChartMogul, as of 2026-04-15 00:00 UTC"
    assert lines[-1] == "A note [with] brackets."
    assert [line.split() for line in lines if line.startswith(("2025", "2026"))] == [
        ["2025-12", "–"],
        ["2026-01", "100", "100.0", "99.0", "–", "97.0*"],
    ]


def test_a_wide_table_is_cut_and_says_so(console: Console) -> None:
    print_cohorts(table(14), console)
    lines = printed(console)
    assert max(map(len, lines)) <= 80
    assert any("2 more months are in --csv FILE" in line for line in lines)
    assert "…" not in "".join(lines)


def test_churn_fits(console: Console) -> None:
    month = ChurnMonth(
        month=date(2026, 4, 1),
        customers_before=123_456,
        churned=12_345,
        customer_churn_percent=10.0,
        customer_churn_shopify_percent=None,
        mrr_before_cents=123_456_789_00,
        gross_mrr_churn_percent=33.3333,
        gross_mrr_churn_shopify_percent=None,
        net_mrr_churn_percent=-30,
        net_mrr_churn_shopify_percent=None,
        partial=True,
    )
    print_churn(ChurnTable(account="default", source="warehouse", currency="USD", months=[month]), console)
    lines = printed(console)
    assert max(map(len, lines)) <= 80
    assert lines[-1].split() == ["2026-04*", "123,456", "12,345", "10.0", "–", "123,456,789", "33.3", "-30.0"]


def test_a_file_has_a_line_for_each_cell(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "cohorts.csv"
    _write(file, _cohort_rows(table(2)), console)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["cohort_month"] for row in rows] == ["2025-12", "2026-01", "2026-01"]
    assert rows[1] | {"percent": ""} == {
        "cohort_month": "2026-01", "cohort_customers": "100", "value_cents": "49000000", "months_since": "0",
        "percent": "", "customers": "100", "mrr_cents": "490000", "ever_churned": "0", "partial": "False",
    }  # fmt: skip
    with pytest.raises(Stopped, match="Name another file by --csv"):
        _write(tmp_path, [], console)


def test_what_is_typed_wrong_is_told() -> None:
    assert Asked("default", "2026-01", "2026-03-09").span["end_month"] == date(2026, 3, 1)
    with pytest.raises(Stopped, match="--from 'soon' is not a month such as 2026-10"):
        _ = Asked("default", "soon").span
    assert readings(["value=ever"]).value == "ever"
    with pytest.raises(Stopped, match=r"value=first_month\|ever"):
        readings(["value=other"])
