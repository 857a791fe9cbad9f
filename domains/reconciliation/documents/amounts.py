"""Exact amounts, rounded once, and how they are written for people."""

from decimal import Decimal
from fractions import Fraction

from models.minor_units import ISO_4217, USUAL


def rounded(exact: Fraction | Decimal) -> int:
    """To the nearest, halves away from zero."""
    numerator, denominator = Fraction(exact).as_integer_ratio()
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def decimals(currency: str) -> int:
    return ISO_4217.get(currency, USUAL)


def said(minor: int, currency: str) -> str:
    """`−1,200.00`."""
    places = decimals(currency)
    return f"{Decimal(minor).scaleb(-places):,.{places}f}".replace("-", "−")


def converted(minor: int, currency: str, rate: Fraction, into: str) -> int:
    """`rate` is units of the second currency per unit of the first."""
    return rounded(minor * rate * Fraction(10) ** (decimals(into) - decimals(currency)))
