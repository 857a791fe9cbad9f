"""What a table is to all writers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from models.minor_units import ISO_4217, USUAL


class Amount(NamedTuple):
    """`minor` is in units of 10**-`decimals`: cents, yen, fils."""

    minor: int
    currency: str
    decimals: int

    @property
    def exact(self) -> Decimal:
        return Decimal(self.minor).scaleb(-self.decimals)

    @property
    def said(self) -> str:
        """`−1,234.50`."""
        return f"{self.exact:,.{self.decimals}f}".replace("-", "−")


def amount(minor: int, currency: str) -> Amount:
    return Amount(minor, currency, ISO_4217.get(currency, USUAL))


def hundredths(minor: int, currency: str) -> Amount:
    """As ChartMogul counts every currency."""
    return Amount(minor, currency, USUAL)


class Kind(StrEnum):
    TEXT = "text"
    AMOUNT = "amount"
    COUNT = "count"
    INSTANT = "instant"
    LINK = "link"


class Column(NamedTuple):
    """`name` is for machines, `title` for people. `wide` ones get room, a `detail` is not for paper."""

    name: str
    title: str
    kind: Kind = Kind.TEXT
    wide: bool = False
    detail: bool = False


Cell = str | int | Amount | datetime | None
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """`rows` gives them anew each time, so that nobody holds all of them. Rows with the same first `group`
    cells belong together."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterable[Row]]
    said: str = ""
    group: int = 0
