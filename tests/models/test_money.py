"""Amounts read as people write them."""

import pytest
from pydantic import ValidationError

from models.money import Money


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (25000, "USD", "$250.00"),
        (-25000, "USD", "−$250.00"),
        (123456789, "EUR", "€1,234,567.89"),
        (52338700, "JPY", "¥523,387"),
        (0, "GBP", "£0.00"),
    ],
)
def test_money_reads_as_people_write_it(cents: int, currency: str, text: str) -> None:
    assert str(Money(cents=cents, currency=currency)) == text


def test_a_float_is_rounded_to_cents() -> None:
    assert Money.model_validate({"cents": 15620.0, "currency": "USD"}).cents == 15620


@pytest.mark.parametrize("cents", ["4900", True, None, float("nan"), float("inf"), 10**16])
def test_what_is_no_amount_is_refused(cents: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"cents": cents, "currency": "USD"})
