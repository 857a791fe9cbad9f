"""The book of truth as Recurly tells it. Amounts are decimals; a subscription does not say its interval."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from simulators.billing.truth.book import (
    BookOfTruth,
    TrueInvoice,
    TrueLine,
    seats_of,
    unit_of,
)
from simulators.billing.truth.ids import line_id
from simulators.billing.truth.ids import plan_id as plan_code
from simulators.billing.truth.shapes import Coupon, Tier, TrueSubscription
from simulators.recurly.rows import Row, amount, written
from simulators.recurly.rows import plan_id as named

STATES = {
    "future": "future",
    "paused": "paused",
    "canceled": "expired",
    "incomplete": "active",
    "trialing": "active",
    "past_due": "active",
    "unpaid": "active",
}
ORIGINS = {"fee": "setup_fee", "usage": "add_on"}
LENGTHS = {"day": ("days", 1), "week": ("days", 7), "month": ("months", 1), "year": ("months", 12)}
DURATION = {"once": "single_use", "repeating": "temporal", "forever": "forever"}


def plan_id(said: TrueSubscription) -> str:
    return named(f"{said.interval} {said.interval_count} {said.plan}")


def plan_rows(truth: BookOfTruth) -> list[Row]:
    found = {plan_id(said): said for said in truth.of("recurly")}
    return [plan_row(id, said) for id, said in sorted(found.items())]


def plan_row(id: str, said: TrueSubscription) -> Row:
    unit, length = LENGTHS[said.interval]
    return {
        "id": id,
        "object": "plan",
        "code": said.plan,
        "name": said.plan,
        "interval_unit": unit,
        "interval_length": length * said.interval_count,
        "state": "active",
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:00:00Z",
    }


def subscription_row(truth: BookOfTruth, said: TrueSubscription) -> Row:
    seats, currency = seats_of(said), said.currency
    ends = said.ended_at or said.ends_at
    ending = said.ends_at is not None and said.ended_at is None and said.standing == "active"
    unit = 0 if said.tiers else unit_of(said)
    plan = {"id": plan_id(said), "object": "plan", "code": said.plan, "name": said.plan}
    return {
        "id": f"s{said.id}",
        "object": "subscription",
        "uuid": said.id,
        "account": account_mini(said),
        "activated_at": written(said.started_at),
        "add_ons": _add_ons(said),
        "canceled_at": written(said.cancel_asked_at),
        "coupon_redemptions": [_redemption(said, said.coupon)] if said.coupon else [],
        "created_at": written(said.started_at),
        "currency": currency,
        "current_period_started_at": written(said.period_start),
        "current_period_ends_at": written(said.period_end),
        "current_term_ends_at": written(said.period_end),
        "expires_at": written(ends),
        "paused_at": written(said.paused_at),
        "pending_change": _pending(said) if said.pending_unit is not None else None,
        "plan": plan,
        "quantity": 1 if said.tiers else seats,
        "state": "canceled" if ending else STATES.get(said.standing, "active"),
        "subtotal": amount(unit * seats, currency),
        "tax_inclusive": said.tax_included,
        "tax_info": {"type": "vat", "region": "DE", "rate": float(said.tax_percent / 100)}
        if said.tax_percent is not None
        else None,
        "trial_started_at": written(said.started_at) if said.trial_ends_at else None,
        "trial_ends_at": written(said.trial_ends_at),
        "unit_amount": amount(unit, currency),
        "updated_at": written(truth.updated_at(said)),
    }


def account_mini(said: TrueSubscription) -> Row:
    return {
        "id": f"acc{said.customer}",
        "object": "account",
        "code": said.customer,
        "company": said.company,
        "email": said.email,
    }


def _add_ons(said: TrueSubscription) -> list[Row]:
    """Of tiers, the seats; and what goes by usage."""
    found = []
    if said.tiers:
        found.append(_add_on(said, "seats", "fixed", seats_of(said)) | {"tier_type": "tiered"})
        found[0]["tiers"] = [_tier(each, said.currency) for each in said.tiers]
    if said.usage:
        found.append(_add_on(said, "usage", "usage", 0) | {"tier_type": "flat", "unit_amount": 0.01})
    return found


def _add_on(said: TrueSubscription, code: str, kind: str, quantity: int) -> Row:
    name = {"id": f"addon{code}", "object": "add_on", "code": code, "name": code, "add_on_type": kind}
    return {"id": f"sa{said.id}{code}", "object": "subscription_add_on", "add_on": name, "quantity": quantity}


def _tier(tier: Tier, currency: str) -> Row:
    return {"ending_quantity": tier.up_to, "unit_amount": amount(tier.unit, currency)}


def _redemption(said: TrueSubscription, coupon: Coupon) -> Row:
    mini = coupon_row(coupon, said.currency)
    kept = {name: mini[name] for name in ("id", "object", "code", "name", "state", "discount")}
    return {
        "id": f"cr{said.id}",
        "object": "coupon_redemption",
        "coupon": kept,
        "created_at": written(coupon.start),
        "state": "active",
    }


def coupon_row(coupon: Coupon, currency: str) -> Row:
    off: Row = {"type": "percent", "percent": int(coupon.percent or 0)}
    if coupon.percent is None:
        fixed = amount(coupon.amount or 0, currency)
        off = {"type": "fixed", "currencies": [{"currency": currency, "amount": fixed}]}
    more = {"temporal_unit": "month", "temporal_amount": coupon.months} if coupon.months else {}
    return {
        "id": f"cou{coupon.id}",
        "object": "coupon",
        "code": coupon.id,
        "name": coupon.id,
        "state": "redeemable",
        "discount": off,
        "duration": DURATION[coupon.duration],
        **more,
    }


def find_coupon(truth: BookOfTruth, id: str) -> Row | None:
    found = ((each.coupon, each.currency) for each in truth.of("recurly") if each.coupon)
    rows = (coupon_row(coupon, currency) for coupon, currency in found)
    return next((row for row in rows if row["id"] == id), None)


def _pending(said: TrueSubscription) -> Row:
    assert said.pending_unit is not None
    plan = {"id": plan_id(said), "object": "plan", "code": said.plan, "name": said.plan}
    return {
        "id": f"ch{said.id}",
        "object": "subscription_change",
        "activate_at": written(said.period_end),
        "activated": False,
        "plan": plan,
        "quantity": said.quantity,
        "unit_amount": amount(said.pending_unit, said.currency),
    }


def invoices(truth: BookOfTruth) -> list[TrueInvoice]:
    return truth.invoices("recurly")


def invoice_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        if invoice.of.credited and invoice.is_of_the_period:
            yield _credit(invoice)
        yield invoice_row(invoice)


def invoice_row(invoice: TrueInvoice) -> Row:
    said, currency = invoice.of, invoice.of.currency
    owed = invoice.total - invoice.paid
    state = "paid" if invoice.status == "paid" else "past_due" if said.owed_since else "pending"
    return {
        "id": f"i{invoice.id.replace('_', '')}",
        "object": "invoice",
        "uuid": f"{invoice.id}-uuid",
        "account": account_mini(said),
        "balance": amount(owed, currency),
        "created_at": written(invoice.created),
        "currency": currency,
        "credit_payments": [],
        "due_at": written(said.owed_since or invoice.created),
        "has_more_line_items": False,
        "line_items": [_line(invoice, number) for number in range(len(invoice.lines))],
        "number": invoice.id,
        "origin": "purchase" if said.standing == "incomplete" else "renewal",
        "paid": amount(invoice.paid, currency),
        "state": state,
        "subscription_ids": [f"s{said.id}"],
        "tax": amount(invoice.tax, currency),
        "total": amount(invoice.total, currency),
        "type": "charge",
        "updated_at": written(invoice.created),
    }


def _line(invoice: TrueInvoice, number: int) -> Row:
    line, said = invoice.lines[number], invoice.of
    subtotal = line.discount + (line.amount if said.tax_included else line.net)
    rate = float((said.tax_percent or Decimal(0)) / 100)
    return {
        "id": f"li{invoice.name.replace('_', '')}{number}",
        "object": "line_item",
        "uuid": line_id(invoice, number),
        "add_on_code": "usage" if line.kind == "usage" else None,
        "currency": said.currency,
        "discount": amount(line.discount, said.currency),
        "end_date": written(line.end),
        "origin": ORIGINS.get(line.kind, "plan"),
        "plan_code": plan_code(said, line),
        "proration_rate": _rate(said, line) if line.kind in ("credit", "charge") else None,
        "start_date": written(line.start),
        "subscription_id": f"s{said.id}",
        "subtotal": amount(subtotal, said.currency),
        "tax": amount(line.tax, said.currency),
        "tax_inclusive": said.tax_included,
        "tax_info": {"type": "vat", "region": "DE", "rate": rate},
    }


def _rate(said: TrueSubscription, line: TrueLine) -> float:
    return round((line.end - line.start) / (said.period_end - said.period_start), 4)


def _credit(invoice: TrueInvoice) -> Row:
    said, at = invoice.of, written(invoice.created + timedelta(days=2))
    return invoice_row(invoice) | {
        "id": f"ic{said.id}",
        "number": f"CN-{said.id}",
        "balance": 0,
        "created_at": at,
        "line_items": [],
        "origin": "refund",
        "previous_invoice_id": f"i{invoice.id.replace('_', '')}",
        "state": "closed",
        "tax": 0,
        "total": -amount(said.credited, said.currency),
        "type": "credit",
        "updated_at": at,
    }


def transaction_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        said = invoice.of
        if said.refunded and invoice.is_of_the_period:
            at = written(invoice.created + timedelta(days=5))
            yield _transaction(invoice, f"re_{said.id}", "refund", said.refunded, at, "success")
        status = "success" if invoice.status == "paid" else "declined"
        yield _transaction(
            invoice, invoice.charge, "purchase", invoice.total, written(invoice.paid_at), status
        )


def _transaction(invoice: TrueInvoice, uuid: str, kind: str, minor: int, at: str | None, status: str) -> Row:
    named = {"id": f"i{invoice.id.replace('_', '')}", "object": "invoice", "number": invoice.id}
    return {
        "id": f"t{uuid.replace('_', '')}",
        "object": "transaction",
        "uuid": uuid,
        "account": account_mini(invoice.of),
        "amount": amount(minor, invoice.of.currency),
        "collected_at": at if status == "success" else None,
        "created_at": at,
        "currency": invoice.of.currency,
        "invoice": {**named, "type": "charge", "state": "paid"},
        "origin": "recurring",
        "status": status,
        "success": status == "success",
        "type": kind,
        "updated_at": at,
    }
