"""config/rates.csv: what a unit of another currency was worth in the account's, day by day."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

from domains.reconciliation.figures.rounding import half_away
from models.minor_units import decimals

COLUMNS = ["date", "currency", "rate", "source"]
OLDEST = timedelta(days=7)
"""Tables leave out weekends and holidays; what is older is no rate of that day."""

MOST_LINES = 200_000
LONGEST_SOURCE = 200
LARGEST = Decimal(10) ** 9
MOST_SHOWN = 20
"""Faults that an error names."""


class Unreadable(ValueError):
    """The message names each line and what is wrong with it, and quotes nothing of it."""


class Rate(NamedTuple):
    """Units of the account's currency per unit. `day` is when it was set: not after the one asked for."""

    day: date
    rate: Decimal
    source: str


class NoRate(LookupError):
    def __init__(self, currency: str, day: date) -> None:
        super().__init__(f"no rate of {currency} for {day:%Y-%m-%d}, nor in the {OLDEST.days} days before")


class Rates:
    def __init__(self, currency: str, known: Mapping[tuple[date, str], Rate]) -> None:
        self.currency = currency
        self._known = known

    def of(self, currency: str, day: date) -> Rate:
        """That day's, or the last one in the week before. Raises NoRate."""
        if currency == self.currency:
            return Rate(day, Decimal(1), "")
        for back in range(OLDEST.days + 1):
            found = self._known.get((day - timedelta(days=back), currency))
            if found is not None:
                return found
        raise NoRate(currency, day)

    def convert(self, minor: int, currency: str, day: date) -> int:
        """In minor units of the account's currency, rounded once. Raises NoRate."""
        scale = Fraction(10) ** (decimals(self.currency) - decimals(currency))
        return half_away(minor * Fraction(self.of(currency, day).rate) * scale)


def read_rates(text: str, currency: str) -> Rates:
    """All of the file, or Unreadable."""
    known: dict[tuple[date, str], Rate] = {}
    faults: list[str] = []
    for number, cells in _lines(text):
        try:
            key, rate = _rate(cells, currency)
            if key in known:
                raise Unreadable("the same day and currency stand on a line before")
            known[key] = rate
        except Unreadable as fault:
            faults.append(f"line {number}: {fault}")
    if faults:
        more = f"; and {len(faults) - MOST_SHOWN} lines more" if len(faults) > MOST_SHOWN else ""
        raise Unreadable("; ".join(faults[:MOST_SHOWN]) + more)
    return Rates(currency, known)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """With numbers, as an editor shows them. Blank ones are none."""
    reader = csv.reader(text.removeprefix("\ufeff").splitlines(), strict=True)
    try:
        if next(reader, None) != COLUMNS:
            raise Unreadable(f"line 1: it has to be {','.join(COLUMNS)}")
        for cells in reader:
            if reader.line_num > MOST_LINES:
                raise Unreadable(f"it has more than {MOST_LINES} lines")
            if cells:
                yield reader.line_num, cells
    except csv.Error:
        raise Unreadable(f"line {reader.line_num}: it is no CSV") from None


def _rate(cells: list[str], account: str) -> tuple[tuple[date, str], Rate]:
    if len(cells) != len(COLUMNS):
        raise Unreadable(f"{len(cells)} fields, and there have to be {len(COLUMNS)}")
    day, currency, rate, source = (each.strip() for each in cells)
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise Unreadable("currency: three capital letters, as in EUR")
    if currency == account:
        raise Unreadable("currency: it is the account's own")
    if len(source) > LONGEST_SOURCE:
        raise Unreadable(f"source: more than {LONGEST_SOURCE} letters")
    on = _day(day)
    return (on, currency), Rate(on, _positive(rate), source)


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Unreadable("date: as in 2026-10-31") from None
    if found.isoformat() != text:
        raise Unreadable("date: as in 2026-10-31")
    return found


def _positive(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise Unreadable("rate: a number, as in 1.0850") from None
    if not found.is_finite() or not 0 < found <= LARGEST:
        raise Unreadable("rate: more than 0, and no more than a thousand million")
    return found
