"""Conversion into the account's currency, by the rates of the run."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from domains.reconciliation.figures.rounding import half_away
from models.minor_units import decimals

Table = Mapping[tuple[date, str], Decimal]
"""Units of the account's currency per unit, by day and currency."""

OLDEST = 7
"""Days: tables leave out weekends and holidays; what is older is no rate of that day."""


class NoRate(LookupError):
    def __init__(self, currency: str, day: date) -> None:
        super().__init__(f"no rate of {currency} for {day:%Y-%m-%d}")


class Rates:
    def __init__(self, table: Table, currency: str) -> None:
        self._table = table
        self.currency = currency

    def of(self, currency: str, day: date) -> Fraction:
        """The day's, or the last one before. Raises NoRate."""
        if currency == self.currency:
            return Fraction(1)
        for back in range(OLDEST + 1):
            rate = self._table.get((day - timedelta(days=back), currency))
            if rate is not None:
                return Fraction(rate)
        raise NoRate(currency, day)

    def convert(self, minor: int, currency: str, day: date) -> int:
        if currency == self.currency:
            return minor
        scale = Fraction(10) ** (decimals(self.currency) - decimals(currency))
        return half_away(minor * self.of(currency, day) * scale)
