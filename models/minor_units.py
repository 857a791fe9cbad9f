"""Amounts that a billing system tells in a currency's smallest unit: how many of its digits are decimals.

Not as CLDR has it, which says how people write a price: it knows no decimals of ALL, LBP or RSD, and billing
systems do.
"""

from collections.abc import Mapping
from decimal import Decimal

from models.chartmogul_values import same_spelling
from models.money import MOST_CENTS, Money

ISO_4217: Mapping[str, int] = dict.fromkeys(
    (
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
        "XAF", "XOF", "XPF",
    ),
    0,
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)  # fmt: skip
"""Decimals, where they are not two."""

STRIPE: Mapping[str, int] = {**ISO_4217, "ISK": 2, "UGX": 2, "MGA": 0}
"""The two of old are still sent with two decimals: https://docs.stripe.com/currencies#special-cases"""

USUAL = 2


def money(amount: Decimal | int | None, currency: str | None, decimals: Mapping[str, int]) -> Money | None:
    """In hundredths, as ours are; None where either is missing or can be none. `decimals` are those of the
    smallest unit."""
    code = _code(currency)
    if amount is None or code is None:
        return None
    return _money(Decimal(amount).scaleb(-decimals.get(code, USUAL)), code)


def whole_money(amount: Decimal | None, currency: str | None) -> Money | None:
    """The same of an amount in the currency itself, such as 19.99."""
    code = _code(currency)
    return None if amount is None or code is None else _money(amount, code)


def exact_minor(amount: Decimal | int, currency: str, decimals: Mapping[str, int]) -> Decimal:
    """In the currency's own smallest unit, by ISO 4217, of an amount that has so many `decimals`."""
    code = currency.upper()
    return Decimal(amount).scaleb(ISO_4217.get(code, USUAL) - decimals.get(code, USUAL))


def in_minor(amount: Decimal | int, currency: str) -> Decimal:
    """The same of an amount in the currency itself, such as 19.99."""
    return Decimal(amount).scaleb(ISO_4217.get(currency.upper(), USUAL))


def minor_of(amount: Decimal | int, currency: str, decimals: Mapping[str, int] | None = None) -> int:
    """The same where it has to be whole. Without `decimals` the amount is in the currency itself, such as
    19.99. Raises ValueError where a part of the smallest unit is left."""
    found = in_minor(amount, currency) if decimals is None else exact_minor(amount, currency, decimals)
    if found != found.to_integral_value():
        raise ValueError("is no whole number of the currency's smallest unit")
    return int(found)


def decimals(currency: str) -> int:
    """How many a currency has, by its code in capitals."""
    return ISO_4217.get(currency, USUAL)


def said(minor: int, currency: str) -> str:
    """`−1,200.00`."""
    places = decimals(currency)
    return f"{Decimal(minor).scaleb(-places):,.{places}f}".replace("-", "−")


def minor_text(minor: int, currency: str) -> str:
    """`−1,200.50 EUR`."""
    return f"{said(minor, currency)} {currency}"


def has_cents(currency: str | None) -> bool:
    """Whether hundredths and the smallest unit are the same."""
    return ISO_4217.get(_code(currency) or "", USUAL) == USUAL


def _money(amount: Decimal, code: str) -> Money | None:
    cents = round(amount * 100)
    return Money(cents=cents, currency=code) if abs(cents) <= MOST_CENTS else None


def _code(currency: str | None) -> str | None:
    code = same_spelling(currency or "").upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None
