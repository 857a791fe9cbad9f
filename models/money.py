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


@lru_cache(4096)
def _text(cents: int, currency: str) -> str:
    sign = "−" if cents < 0 else ""
    return sign + format_currency(Decimal(abs(cents)) / 100, currency, locale="en_US")


str(Money(cents=0, currency="USD"))  # babel reads its files at the first use; a workflow may open none
