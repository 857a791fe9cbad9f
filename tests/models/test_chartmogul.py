"""Rows read back may be odd where nothing depends on them."""

from typing import Any

import pytest

from models.chartmogul import Customer, Note, Subscription


@pytest.mark.parametrize(
    "odd",
    [
        {"status": None, "currency": None, "attributes": None},
        {"customer-since": ""},
        {"customer-since": "1970-01-01T00:00:00+00:00"},
        {"customer-since": None},
        {"company": None, "name": None},
    ],
)
def test_a_customer_with_odd_fields_is_a_customer(odd: dict[str, Any]) -> None:
    customer = Customer.model_validate({"uuid": "cus_1"} | odd)
    assert (customer.label, customer.customer_since) == ("cus_1", None)


def test_a_subscription_and_a_note_with_odd_fields_are_read() -> None:
    row = {"external_id": "s", "plan": None, "status": None, "start-date": "1980-01-01T00:00:00Z"}
    assert not Subscription.model_validate(row).alive
    assert Note.model_validate({"text": "Asked for SSO", "created_at": None}).text == "Asked for SSO"
