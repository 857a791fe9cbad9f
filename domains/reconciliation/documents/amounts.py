"""Amounts in another currency, exact and rounded once."""

from fractions import Fraction

from domains.reconciliation.figures.rounding import half_away
from models.minor_units import decimals


def converted(minor: int, currency: str, rate: Fraction, into: str) -> int:
    """`rate` is units of the second currency per unit of the first."""
    return half_away(minor * rate * Fraction(10) ** (decimals(into) - decimals(currency)))
