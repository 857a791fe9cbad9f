"""Asks the demo's warehouse, in SQL: `query.py FILE "select … from mrr_by_month"`. Reads only."""

import sys
from datetime import date
from decimal import Decimal

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

BY_MONTH = (
    "select month_start, currency, mrr, new_business, expansion, churn from mrr_by_month"
    " order by month_start desc limit 12"
)


def shown(value: object) -> str:
    """Amounts with two decimals, a month's first day as the month."""
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, date) and value.day == 1:
        return f"{value:%Y-%m}"
    return "" if value is None else str(value)


def main(file: str, query: str = BY_MONTH) -> None:
    with duckdb.connect(file, read_only=True) as database:
        database.execute("use warehouse.chartmogul")
        answer = database.execute(query)
        names, rows = [str(column[0]) for column in answer.description or ()], answer.fetchall()
    table = Table(*names)
    for row in rows:
        table.add_row(*(escape(shown(value)) for value in row))
    for column, values in zip(table.columns, zip(*rows, strict=True), strict=False):
        column.justify = "right" if all(isinstance(each, int | Decimal) for each in values) else "left"
    Console().print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
