"""One movement as ChartMogul's webhook sends it, and as its list has it."""

from typing import Any

CUSTOMER = "cus_0d1f6a52-16d0-4c1b-9a39-6a7f0a9d3e11"


def webhook(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "date": "2026-05-20T07:02:18.000Z",
        "type": "mrr_movement",
        "customer": {"name": "Nora Lind", "uuid": CUSTOMER, "company": "Fjord Labs", "email": "n@f.example"},
        "description": "cancelled their Team Monthly plan",
        "subscription": {"external_id": "sub_A77"},
        "movement_type": "churn",
        "account_currency": "EUR",
        "invoice_currency": "EUR",
        "movement_amount_in_cent": -4900,
        "mrr_movement_in_account_currency": -4900,
        "mrr_movement_in_invoice_currency": -4900,
    }
    return body | changes


def activity(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "description": "cancelled their Team Monthly plan",
        "activity-mrr-movement": -4900,
        "activity-mrr": 0,
        "date": "2026-05-20T07:02:18+00:00",
        "type": "churn",
        "currency": "EUR",
        "subscription-external-id": "sub_A77",
        "customer-name": "Fjord Labs",
        "customer-uuid": CUSTOMER,
        "uuid": "b7f3c9a2-0f36-47f7-8d0e-9a54d5c1e702",
    }
    return row | {name.replace("_", "-"): value for name, value in changes.items()}
