"""Chargebee's JSON of invoices and what belongs to them, as version 2 of its API has it."""

from datetime import datetime
from typing import Any

from simulators.billing.books import DECLINES, Attempt, Bill
from simulators.billing.subscriptions import Subscription
from simulators.kit.seed import Customer

Row = dict[str, Any]


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def customer_row(customer: Customer) -> Row:
    first, _, last = customer.name.partition(" ")
    return {
        "id": customer.external_id,
        "object": "customer",
        "auto_collection": "on",
        "company": customer.company,
        "created_at": seconds(customer.since),
        "deleted": False,
        "email": customer.email,
        "first_name": first,
        "last_name": last,
        "net_term_days": 0,
        "preferred_currency_code": customer.invoice_currency,
    }


def subscription_row(subscription: Subscription) -> Row:
    months = 12 if subscription.plan.cycle == "year" else 1
    item = {
        "amount": subscription.amount,
        "item_price_id": subscription.plan.external_id,
        "item_type": "plan",
        "quantity": subscription.quantity,
        "unit_price": subscription.unit,
    }
    row = {
        "id": subscription.id,
        "object": "subscription",
        "billing_period": 1,
        "billing_period_unit": subscription.plan.cycle,
        "currency_code": subscription.currency,
        "customer_id": subscription.customer.external_id,
        "deleted": False,
        "due_invoices_count": int(subscription.past_due),
        "mrr": 0 if subscription.ended else round(subscription.amount / months),
        "started_at": seconds(subscription.started),
        "status": "cancelled" if subscription.ended else "active",
        "subscription_items": [item],
    }
    return row | ({"cancelled_at": seconds(subscription.ended)} if subscription.ended else {})


def invoice_row(bill: Bill) -> Row:
    """Fields that say nothing are left out, as Chargebee does."""
    status, dunning = _standing(bill)
    first, _, last = bill.customer.name.partition(" ")
    paid = bill.minor if bill.status == "paid" else 0
    row = {
        "id": bill.id,
        "object": "invoice",
        "amount_due": bill.due,
        "amount_paid": paid,
        "billing_address": {"first_name": first, "last_name": last, "object": "billing_address"},
        "currency_code": bill.currency,
        "customer_id": bill.customer.external_id,
        "date": seconds(bill.created),
        "deleted": False,
        "dunning_attempts": [_dunning(number, each) for number, each in enumerate(bill.failures[1:], 1)],
        "linked_payments": [_payment(bill, each) for each in bill.attempts],
        "recurring": True,
        "status": status,
        "subscription_id": bill.subscription,
        "total": bill.minor,
        "write_off_amount": 0,
    }
    more = {
        "dunning_status": dunning,
        "next_retry_at": seconds(bill.next_attempt_at) if bill.next_attempt_at else None,
        "paid_at": seconds(bill.closed_at) if paid and bill.closed_at else None,
        "voided_at": seconds(bill.closed_at) if bill.status == "voided" and bill.closed_at else None,
    }
    return row | {name: value for name, value in more.items() if value is not None}


def transaction_row(bill: Bill, attempt: Attempt) -> Row:
    row = {
        "id": attempt.id,
        "object": "transaction",
        "amount": bill.minor,
        "currency_code": bill.currency,
        "customer_id": bill.customer.external_id,
        "date": seconds(attempt.at),
        "payment_method": "card",
        "status": "failure" if attempt.failed else "success",
        "subscription_id": bill.subscription,
        "type": "payment",
    }
    if attempt.failed:
        row |= {"error_code": attempt.why, "error_text": DECLINES[attempt.why]}
    return row


def _standing(bill: Bill) -> tuple[str, str | None]:
    match bill.status:
        case "open":
            return "payment_due", "in_progress" if bill.failures else None
        case "lost":
            return "not_paid", "exhausted"
        case "voided":
            return "voided", None
        case "paid":
            return "paid", "success" if bill.failures else None


def _dunning(number: int, attempt: Attempt) -> Row:
    return {
        "attempt": number,
        "created_at": seconds(attempt.at),
        "dunning_type": "auto_collect",
        "transaction_id": attempt.id,
        "txn_status": "failure",
    }


def _payment(bill: Bill, attempt: Attempt) -> Row:
    return {
        "applied_amount": 0 if attempt.failed else bill.minor,
        "applied_at": seconds(attempt.at),
        "txn_amount": bill.minor,
        "txn_date": seconds(attempt.at),
        "txn_id": attempt.id,
        "txn_status": "failure" if attempt.failed else "success",
    }
