"""Recurly's JSON of invoices and what belongs to them, as v2021-02-25 has it. Amounts are decimals."""

from datetime import datetime
from typing import Any
from zlib import crc32

from babel.numbers import get_currency_precision

from simulators.billing.books import DECLINES, Attempt, Bill, Status
from simulators.billing.subscriptions import Subscription
from simulators.kit.seed import Customer, Plan

Row = dict[str, Any]

STATES: dict[Status, str] = {"open": "past_due", "paid": "paid", "voided": "voided", "lost": "failed"}


def written(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z") if instant else None


def amount(minor: int, currency: str) -> float:
    """Of the smallest unit; of the few currencies that tests use CLDR knows it, but for one."""
    decimals = 2 if currency == "RSD" else get_currency_precision(currency)
    return float(minor / 10**decimals)


def account_mini(customer: Customer) -> Row:
    first, _, last = customer.name.partition(" ")
    return {
        "id": account_id(customer),
        "object": "account",
        "code": customer.external_id,
        "email": customer.email,
        "first_name": first,
        "last_name": last,
        "company": customer.company,
    }


def account_row(customer: Customer) -> Row:
    token = f"token-of-{customer.number}"
    return account_mini(customer) | {
        "hosted_login_token": token,
        "state": "active",
        "has_past_due_invoice": False,
    }


def account_id(customer: Customer) -> str:
    return f"acc{customer.number:08}"


def plan_id(name: str) -> str:
    """Of 13 letters at most."""
    return f"p{crc32(name.encode()):010}"


def subscription_row(subscription: Subscription) -> Row:
    """How long a period is, its plan says, which is not told here."""
    plan = subscription.plan
    return {
        "id": f"s{subscription.id.replace('_', '')}",
        "object": "subscription",
        "uuid": subscription.id,
        "account": account_mini(subscription.customer),
        "activated_at": written(subscription.started),
        "collection_method": "automatic",
        "currency": subscription.currency,
        "expires_at": written(subscription.ended),
        "plan": {
            "id": plan_id(plan.external_id),
            "object": "plan",
            "code": plan.external_id,
            "name": plan.name,
        },
        "quantity": subscription.quantity,
        "created_at": written(subscription.started),
        "state": "expired" if subscription.ended else "active",
        "subtotal": amount(subscription.amount, subscription.currency),
        "unit_amount": amount(subscription.unit, subscription.currency),
        "updated_at": written(subscription.ended or subscription.started),
    }


def invoice_mini(bill: Bill) -> Row:
    return {
        "id": f"i{bill.id.replace('_', '')}",
        "object": "invoice",
        "number": bill.id,
        "type": "charge",
        "state": STATES[bill.status],
    }


def invoice_row(bill: Bill) -> Row:
    total, due = amount(bill.minor, bill.currency), amount(bill.due, bill.currency)
    return invoice_mini(bill) | {
        "uuid": f"{bill.id}-uuid",
        "account": account_mini(bill.customer),
        "balance": due,
        "closed_at": written(bill.closed_at),
        "collection_method": "automatic",
        "created_at": written(bill.created),
        "currency": bill.currency,
        "due_at": written(bill.created),
        "dunning_events_sent": len(bill.failures),
        "origin": "renewal",
        "paid": total if bill.status == "paid" else 0,
        "subscription_ids": [bill.subscription],
        "total": total,
        "transactions": [transaction_row(bill, each) for each in bill.attempts],
        "updated_at": written(bill.changed_at),
    }


def transaction_row(bill: Bill, attempt: Attempt) -> Row:
    return {
        "id": f"t{attempt.id.replace('_', '')}",
        "object": "transaction",
        "uuid": attempt.id,
        "account": account_mini(bill.customer),
        "amount": amount(bill.minor, bill.currency),
        "created_at": written(attempt.at),
        "currency": bill.currency,
        "customer_message": DECLINES[attempt.why] if attempt.failed else None,
        "invoice": invoice_mini(bill),
        "origin": "recurring",
        "status": "declined" if attempt.failed else "success",
        "status_code": attempt.why or None,
        "status_message": DECLINES[attempt.why] if attempt.failed else "Transaction Normal: Approved",
        "success": not attempt.failed,
        "type": "purchase",
        "updated_at": written(attempt.at),
    }


def plan_row(plan: Plan) -> Row:
    return {
        "id": plan_id(plan.external_id),
        "object": "plan",
        "code": plan.external_id,
        "name": plan.name,
        "interval_unit": "months",
        "interval_length": 12 if plan.cycle == "year" else 1,
        "state": "active",
    }
