"""Whole minor units. Everything before the one rounding is exact."""

from decimal import Decimal
from fractions import Fraction

from models.minor_units import USUAL, decimals


def half_away(exact: Fraction | Decimal) -> int:
    """To the nearest, halves away from zero: 0.5 is 1, −0.5 is −1."""
    numerator, denominator = exact.as_integer_ratio()
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def minor_per_hundredth(currency: str) -> Fraction:
    """ChartMogul counts in hundredths whatever the currency (not documented for those with none or three
    decimals: where it is otherwise, UNIT_EXPONENT shows it)."""
    return Fraction(10) ** (decimals(currency) - USUAL)


def of_hundredths(hundredths: int, currency: str) -> int:
    factor = minor_per_hundredth(currency)
    return hundredths if factor == 1 else half_away(hundredths * factor)
