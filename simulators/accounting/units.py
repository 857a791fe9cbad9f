"""Amounts as vendors send them: decimal numbers in the currency's unit."""

from decimal import Decimal

from babel.numbers import get_currency_precision


def in_units(minor: int, currency: str) -> float:
    return float(Decimal(minor).scaleb(-get_currency_precision(currency)))
