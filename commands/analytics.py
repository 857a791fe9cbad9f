"""`analytics`: cohorts, retention and churn as tables and as CSV."""

import csv
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, get_args

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import operations.analytics as operation
from commands.texts import escape
from models.analytics import (
    Answer,
    ChurnMonth,
    ChurnTable,
    ChurnWish,
    Cohort,
    CohortCell,
    CohortTable,
    CohortWish,
    Percent,
    Readings,
    RetentionMonth,
    RetentionTable,
)
from operations.analytics import Progress
from operations.dates import month
from operations.errors import Stopped
from settings import Settings

Cell = str | int | float | None
Rows = Iterable[Sequence[Cell]]
A = TypeVar("A", bound=Answer)

TITLES = {
    "customer_retention": "Customer retention",
    "customer_churn": "Customer churn",
    "net_mrr_retention": "Net MRR retention",
}
ROOM = 20
"""Columns of the terminal that month, and customers or value, take."""

WIDE, NARROW = 7, 5
"""Columns that a percentage takes with a decimal, and without."""

SHADES = ((90, "green"), (75, "bright_green"), (50, "yellow"), (25, "bright_red"))
"""From so many per cent on; below them all red."""


@dataclass(frozen=True)
class Asked:
    """What a person types."""

    account: str
    first: str | None = None
    last: str | None = None
    readings: Sequence[str] = ()
    file: Path | None = None

    @property
    def span(self) -> dict[str, Any]:
        """Raises Stopped."""
        return {
            "start_month": month("--from", self.first) if self.first else None,
            "end_month": month("--to", self.last) if self.last else None,
            "readings": readings(self.readings),
        }


def readings(wished: Sequence[str]) -> Readings:
    """Of `value=ever` and such. Raises Stopped."""
    known = {name: get_args(field.annotation) for name, field in Readings.model_fields.items()}
    found = {}
    for each in wished:
        name, _, value = each.partition("=")
        if value not in known.get(name, ()):
            there_are = ", ".join(f"{name}={'|'.join(values)}" for name, values in known.items())
            raise Stopped(f"--reading {each} is none; there are: {there_are}.")
        found[name] = value
    return Readings.model_validate(found)


async def cohorts(settings: Settings, asked: Asked, wish: dict[str, Any], console: Console) -> None:
    given = CohortWish.model_validate(asked.span | wish)
    table = await _waited(console, lambda told: operation.cohorts(settings, asked.account, given, told))
    if asked.file:
        return _write(asked.file, _cohort_rows(table), console)
    print_cohorts(table, console)


async def retention(settings: Settings, asked: Asked, wish: dict[str, Any], console: Console) -> None:
    given = CohortWish.model_validate(asked.span | wish)
    table = await _waited(console, lambda told: operation.retention(settings, asked.account, given, told))
    if asked.file:
        rows = (list(each.model_dump().values()) for each in table.months)
        return _write(asked.file, [list(RetentionMonth.model_fields), *rows], console)
    print_retention(table, console)


async def churn(settings: Settings, asked: Asked, console: Console) -> None:
    given = ChurnWish.model_validate(asked.span)
    table = await _waited(console, lambda told: operation.churn(settings, asked.account, given, told))
    if asked.file:
        rows = (list(each.model_dump(mode="json").values()) for each in table.months)
        return _write(asked.file, [list(ChurnMonth.model_fields), *rows], console)
    print_churn(table, console)


async def _waited(console: Console, ask: Callable[[Callable[[Progress], None]], Coroutine[Any, Any, A]]) -> A:
    with console.status("Counting movements") as status:
        return await ask(lambda progress: status.update(f"Counting movements: {escape(progress.said)}"))


# -- tables


def print_cohorts(table: CohortTable, console: Console) -> None:
    against = "the month before" if table.relative_to == "previous" else "the whole cohort"
    months = max((len(each.cells) for each in table.cohorts), default=0)
    decimals = 1 if ROOM + months * WIDE <= console.width else 0
    shown = min(months, (console.width - ROOM) // (WIDE if decimals else NARROW))
    of_mrr = table.metric == "net_mrr_retention"
    made = _table("cohort", "value" if of_mrr else "customers", *map(str, range(shown)))
    for each in table.cohorts:
        cells = [_cell(cell, decimals, table.metric == "customer_churn") for cell in each.cells[:shown]]
        size = _units(each.value_cents) if of_mrr else _count(each.customers)
        made.add_row(f"{each.month:%Y-%m}", size, *cells)
    title = f"{TITLES[table.metric]} by months since the first one, in % of {against}"
    _print(table, title, made, console)
    if shown < months:
        console.print(f"{months - shown} more months are in --csv FILE, or fit in a wider terminal.")


def print_retention(table: RetentionTable, console: Console) -> None:
    against = "the month before" if table.relative_to == "previous" else "the start"
    made = _table("month", "cohorts", "customers", "remain", "retention", "value", "MRR", "net MRR")
    for each in table.months:
        made.add_row(
            str(each.month),
            _count(each.cohorts),
            _count(each.cohort_customers),
            _count(each.customers),
            _shaded(each.customer_retention_percent),
            _units(each.value_cents),
            _units(each.mrr_cents),
            _shaded(each.net_mrr_retention_percent),
        )
    _print(table, f"Retention of all cohorts by age, in % of {against}", made, console)


def print_churn(table: ChurnTable, console: Console) -> None:
    made = _table("month", "customers", "churned", "Standard", "Shopify", "MRR", "gross", "net")
    for each in table.months:
        made.add_row(
            f"{each.month:%Y-%m}{'*' if each.partial else ''}",
            _count(each.customers_before),
            _count(each.churned),
            _percent(each.customer_churn_percent),
            _percent(each.customer_churn_shopify_percent),
            _units(each.mrr_before_cents),
            _percent(each.gross_mrr_churn_percent),
            _percent(each.net_mrr_churn_percent),
        )
    title = "Churn by month, in %: of customers by both formulas, of MRR by the Standard one"
    _print(table, title, made, console)


def _print(table: Answer, title: str, made: Table, console: Console) -> None:
    source = "the warehouse" if table.source == "warehouse" else "ChartMogul"
    about = f"Account {table.account}, {table.currency}, from {source}"
    at = f", as of {table.as_of:%Y-%m-%d %H:%M} UTC" if table.as_of else ""
    console.print(f"[bold]{title}[/]", highlight=False)
    console.print(escape(about + at), highlight=False)
    console.print(made)
    for note in table.notes:
        console.print(f"[dim]{escape(note)}[/]", highlight=False)


def _table(*columns: str) -> Table:
    made = Table(box=SIMPLE, padding=0)
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left", no_wrap=True)
    return made


def _cell(cell: CohortCell, decimals: int, churn: bool) -> str:
    if cell.percent is None:
        return "–"
    text = f"{cell.percent:.{decimals}f}{'*' if cell.partial else ''}"
    return f"[{_shade(100 - cell.percent if churn else cell.percent)}]{text}[/]"


def _shaded(value: Percent) -> str:
    return "–" if value is None else f"[{_shade(value)}]{value:.1f}[/]"


def _shade(kept: float) -> str:
    return next((colour for least, colour in SHADES if kept >= least), "red")


def _percent(value: Percent) -> str:
    return "–" if value is None else f"{value:.1f}"


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _units(cents: int | None) -> str:
    return "–" if cents is None else f"{Decimal(cents) / 100:,.0f}"


# -- CSV


def _cohort_rows(table: CohortTable) -> Iterator[Sequence[Cell]]:
    """A line for each cell."""
    of_cells = [name for name in CohortCell.model_fields if name != "month"]
    yield ["cohort_month", "cohort_customers", "value_cents", "months_since", *of_cells]
    yield from chain.from_iterable(map(_rows_of, table.cohorts))


def _rows_of(cohort: Cohort) -> Iterator[Sequence[Cell]]:
    about = [f"{cohort.month:%Y-%m}", cohort.customers, cohort.value_cents]
    for cell in cohort.cells:
        yield [*about, *cell.model_dump().values()]
    if not cohort.cells:
        yield about


def _write(file: Path, rows: Rows, console: Console) -> None:
    """Raises Stopped."""
    try:
        with file.open("w", encoding="utf-8", newline="") as into:
            csv.writer(into).writerows(rows)
    except OSError as error:
        raise Stopped(f"{file} cannot be written: {error.strerror}. Name another file by --csv.") from None
    console.print(f"Written: {file}", highlight=False, soft_wrap=True)
