"""Tables as a workbook: the same bytes each time, whatever the clock says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from domains.reconciliation.report.table import Amount, Cell, Column, Kind, Table

CREATED = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Of every workbook, as the parts of the zip file have it."""

MOST_ROWS = 1_000_000
MOST_LETTERS = 32_000
MOST_LINKS = 10_000
"""The format has 1,048,576 rows, 32,767 letters in a cell, 65,530 links on a sheet; links stay in memory."""

EXACT = 10**15
"""A number of a cell has 15 digits; what has more is written as text."""

WIDTHS = {Kind.AMOUNT: 16, Kind.COUNT: 10, Kind.INSTANT: 18, Kind.LINK: 16, Kind.TEXT: 20}
WIDE = 60


@dataclass
class _Book:
    book: Any
    formats: dict[int, Any] = field(default_factory=dict)
    links: int = 0

    def of_amount(self, decimals: int) -> Any:
        """Red where it is negative, with a sign all the same: prints are grey."""
        if decimals not in self.formats:
            digits = "#,##0" + (f".{'0' * decimals}" if decimals else "")
            self.formats[decimals] = self.book.add_format({"num_format": f"{digits};[Red]-{digits};{digits}"})
        return self.formats[decimals]


def write_xlsx(path: Path, tables: Sequence[Table], properties: Mapping[str, str]) -> None:
    """A sheet for each table. Rows go to the disk as they come."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "tmpdir": str(path.parent),
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({**properties, "created": CREATED})
        of = _Book(book)
        heads = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        plain = book.add_format({"valign": "top"})
        for table in tables:
            _write_sheet(of, table, heads, plain)


def _write_sheet(of: _Book, table: Table, heads: Any, plain: Any) -> None:
    sheet = of.book.add_worksheet(table.title[:31])
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for number, column in enumerate(table.columns):
        sheet.set_column(number, number, WIDE if column.wide else WIDTHS[column.kind])
        sheet.write_string(0, number, column.title, heads)
    last = 0
    for last, row in enumerate(table.rows(), start=1):
        if last > MOST_ROWS:
            sheet.write_string(last, 0, "More rows than a sheet may have: the CSV file has all of them.")
            break
        for number, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            _write_cell(of, sheet, (last, number), column, cell, plain)
    if last:
        sheet.autofilter(0, 0, last, len(table.columns) - 1)


def _write_cell(of: _Book, sheet: Any, at: tuple[int, int], column: Column, cell: Cell, plain: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, Amount):
        _write_number(sheet, at, cell, of.of_amount(cell.decimals))
    elif isinstance(cell, datetime):
        sheet.write_string(*at, cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), plain)
    elif isinstance(cell, int):
        sheet.write_number(*at, cell, plain)
    elif column.kind is Kind.LINK and is_link(cell) and of.links < MOST_LINKS:
        of.links += 1
        sheet.write_url(*at, cell, string=column.title)
    else:
        sheet.write_string(*at, cell[:MOST_LETTERS], plain)


def _write_number(sheet: Any, at: tuple[int, int], cell: Amount, form: Any) -> None:
    if abs(cell.minor) < EXACT:
        sheet.write_number(*at, float(cell.exact), form)
    else:
        sheet.write_string(*at, f"{cell.exact:.{cell.decimals}f}")


def is_link(text: str) -> bool:
    """What a page may lead to: nothing that runs, and no longer than a workbook takes."""
    return text.startswith(("https://", "http://")) and len(text) < 2000
