"""Amounts as ChartMogul counts them."""

from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Self

from babel.numbers import format_currency
from pydantic import BeforeValidator, Field

from models.base import Record
from models.chartmogul_values import rounded

MOST_CENTS = 10**15


Cents = Annotated[int, BeforeValidator(rounded), Field(strict=True, ge=-MOST_CENTS, le=MOST_CENTS)]
"""Hundredths of the currency unit. ChartMogul also counts currencies without decimals so
(seen once for JPY, documented nowhere: `doctor` warns where an account uses such a currency)."""

Amount = Annotated[Decimal, Field(allow_inf_nan=False, ge=-(10**16), le=10**16)]
"""In units of its currency: 1200.50. JSON has it as text."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Money(Record):
    cents: Cents
    currency: Currency

    def __str__(self) -> str:
        """`−$250.00`: the sign first, as people write it."""
        return _text(self.cents, self.currency)

    def __neg__(self) -> Self:
        return self.model_copy(update={"cents": -self.cents})

    def __abs__(self) -> Self:
        return self.model_copy(update={"cents": abs(self.cents)})


CENT = Decimal("0.01")


def same_to_the_cent(one: Decimal | None, other: Decimal | None) -> bool:
    """As CRMs keep amounts; no amount is the same as none."""
    if one is None or other is None:
        return one is other
    return one.quantize(CENT) == other.quantize(CENT)


def in_words(amount: Decimal | None, currency: str) -> str:
    """`1,200.50 USD`."""
    return f"{amount or Decimal(0):,.2f} {currency}"


@lru_cache(4096)
def _text(cents: int, currency: str) -> str:
    sign = "−" if cents < 0 else ""
    return sign + format_currency(Decimal(abs(cents)) / 100, currency, locale="en_US")


str(Money(cents=0, currency="USD"))  # babel reads its files at the first use; a workflow may open none
