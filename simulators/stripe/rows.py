"""Stripe's JSON of invoices and what belongs to them, as version 2026-10-28 has it."""

from datetime import datetime
from typing import Any

from simulators.billing.books import DECLINES, Attempt, Bill, Status
from simulators.billing.subscriptions import Subscription
from simulators.kit.seed import Customer

Row = dict[str, Any]

VERSION = "2026-10-28.endive"
STATUS: dict[Status, str] = {"open": "open", "paid": "paid", "voided": "void", "lost": "uncollectible"}


def seconds(instant: datetime | None) -> int | None:
    return int(instant.timestamp()) if instant else None


def list_of(url: str, rows: list[Row], *, more: bool = False) -> Row:
    return {"object": "list", "data": rows, "has_more": more, "url": url}


def customer_row(customer: Customer) -> Row:
    code, _, city = customer.place
    return {
        "id": customer.external_id,
        "object": "customer",
        "address": {"city": city, "country": code, "line1": None, "postal_code": None, "state": None},
        "created": seconds(customer.since),
        "currency": customer.invoice_currency.lower(),
        "delinquent": customer.past_due,
        "description": None,
        "email": customer.email,
        "livemode": False,
        "metadata": {},
        "name": customer.company,
    }


def subscription_row(subscription: Subscription) -> Row:
    """The period is the item's, as newer versions have it."""
    status = "canceled" if subscription.ended else "past_due" if subscription.past_due else "active"
    price = {
        "id": subscription.plan.external_id,
        "object": "price",
        "billing_scheme": "per_unit",
        "currency": subscription.currency.lower(),
        "recurring": {"interval": subscription.plan.cycle, "interval_count": 1, "usage_type": "licensed"},
        "type": "recurring",
        "unit_amount": subscription.unit,
    }
    item = {
        "id": f"si_{subscription.id.removeprefix('sub_')}",
        "object": "subscription_item",
        "price": price,
        "quantity": subscription.quantity,
        "subscription": subscription.id,
    }
    return {
        "id": subscription.id,
        "object": "subscription",
        "cancel_at_period_end": False,
        "canceled_at": seconds(subscription.ended),
        "collection_method": "charge_automatically",
        "created": seconds(subscription.started),
        "currency": subscription.currency.lower(),
        "customer": subscription.customer.external_id,
        "ended_at": seconds(subscription.ended),
        "items": list_of(f"/v1/subscription_items?subscription={subscription.id}", [item]),
        "livemode": False,
        "metadata": {},
        "start_date": seconds(subscription.started),
        "status": status,
    }


def invoice_row(bill: Bill, url: str) -> Row:
    """Without its payments, which are told where they are asked for."""
    customer, paid = bill.customer, bill.status == "paid"
    closed = seconds(bill.closed_at)
    return {
        "id": bill.id,
        "object": "invoice",
        "amount_due": bill.minor,
        "amount_paid": bill.minor if paid else 0,
        "amount_remaining": 0 if paid else bill.minor,
        "attempt_count": len(bill.attempts),
        "attempted": bool(bill.attempts),
        "auto_advance": bill.status == "open",
        "billing_reason": "subscription_cycle",
        "collection_method": "charge_automatically",
        "created": seconds(bill.created),
        "currency": bill.currency.lower(),
        "customer": customer.external_id,
        "customer_email": customer.email,
        "customer_name": customer.company,
        "hosted_invoice_url": f"{url}/stripe/i/{bill.id}",
        "last_finalization_error": None,
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": seconds(bill.next_attempt_at),
        "number": bill.number,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": bill.subscription},
            "type": "subscription_details",
        },
        "status": STATUS[bill.status],
        "status_transitions": {
            "finalized_at": seconds(bill.created),
            "marked_uncollectible_at": closed if bill.status == "lost" else None,
            "paid_at": closed if paid else None,
            "voided_at": closed if bill.status == "voided" else None,
        },
        "subtotal": bill.minor,
        "total": bill.minor,
    }


def payments(bill: Bill, *, intents: bool) -> Row:
    """`intents`: whole, and not their ids alone."""
    intent = intent_row(bill)
    row = {
        "id": f"inpay_{bill.id}",
        "object": "invoice_payment",
        "amount_paid": bill.minor if bill.status == "paid" else None,
        "amount_requested": bill.minor,
        "created": seconds(bill.created),
        "currency": bill.currency.lower(),
        "invoice": bill.id,
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent if intents else intent["id"], "type": "payment_intent"},
        "status": "paid" if bill.status == "paid" else "open",
    }
    return list_of(f"/v1/invoices/{bill.id}/payments", [row])


def intent_row(bill: Bill) -> Row:
    last = bill.attempts[-1] if bill.attempts else None
    return {
        "id": f"pi_{bill.id.removeprefix('in_')}",
        "object": "payment_intent",
        "amount": bill.minor,
        "created": seconds(bill.created),
        "currency": bill.currency.lower(),
        "customer": bill.customer.external_id,
        "last_payment_error": {
            "code": "card_declined",
            "decline_code": last.why,
            "message": DECLINES[last.why],
            "type": "card_error",
        }
        if last and last.failed
        else None,
        "livemode": False,
        "status": "succeeded" if bill.status == "paid" else "requires_payment_method",
    }


def charge_row(bill: Bill, attempt: Attempt) -> Row:
    return {
        "id": attempt.id,
        "object": "charge",
        "amount": bill.minor,
        "amount_captured": 0 if attempt.failed else bill.minor,
        "balance_transaction": None,
        "billing_details": {"name": bill.customer.company},
        "captured": True,
        "created": seconds(attempt.at),
        "currency": bill.currency.lower(),
        "customer": bill.customer.external_id,
        "livemode": False,
        "payment_intent": f"pi_{bill.id.removeprefix('in_')}",
        "status": "failed" if attempt.failed else "succeeded",
    }
