"""Tables as CSV, for machines and for spreadsheets, which would run what begins like a formula."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from domains.reconciliation.report.table import Amount, Cell, Column, Kind, Table
from models.spreadsheets import unrun


def write_csv(path: Path, table: Table) -> None:
    """UTF-8, commas, line feeds. An amount is two columns: as people write it, and in minor units."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(name for column in table.columns for name in _names(column))
        writer.writerows(_texts(table.columns, row) for row in table.rows())


def _names(column: Column) -> tuple[str, ...]:
    return (column.name, f"{column.name}_minor") if column.kind is Kind.AMOUNT else (column.name,)


def _texts(columns: Iterable[Column], row: Iterable[Cell]) -> list[str]:
    found: list[str] = []
    for column, cell in zip(columns, row, strict=True):
        found += _amounts(cell) if column.kind is Kind.AMOUNT else [text_of(cell)]
    return found


def _amounts(cell: Cell) -> tuple[str, str]:
    if isinstance(cell, Amount):
        return f"{cell.exact:.{cell.decimals}f}", str(cell.minor)
    return "", ""


def text_of(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(cell, str):
        return unrun(cell).replace("\r\n", "\n").replace("\r", "\n")  # some read a bare CR as a new row
    return str(cell)
