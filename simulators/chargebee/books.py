"""The book of truth as Chargebee tells it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from simulators.billing.truth.book import (
    BookOfTruth,
    TrueInvoice,
    cost,
    coupon_end,
    discount_on,
    rounded,
    seats_of,
    unit_of,
)
from simulators.billing.truth.ids import line_id, plan_id
from simulators.billing.truth.shapes import Coupon, TrueSubscription
from simulators.chargebee.rows import Row, seconds

STATUS = {
    "future": "future",
    "incomplete": "active",
    "trialing": "in_trial",
    "past_due": "active",
    "unpaid": "active",
    "paused": "paused",
    "canceled": "cancelled",
}
DURATION = {"once": "one_time", "repeating": "limited_period", "forever": "forever"}
MONTHS = {"day": Fraction(12, 365), "week": Fraction(12, 52), "month": Fraction(1), "year": Fraction(12)}
METERED = "-usage"
ENTITIES = {"fee": "charge_item_price", "usage": "addon_item_price"}


def own_mrr(said: TrueSubscription) -> int:
    """Of its next renewal: coupons for ever, and limited ones on monthly plans."""
    if STATUS.get(said.standing, "active") in ("future", "in_trial", "paused", "cancelled"):
        return 0
    amount, coupon = cost(said, unit_of(said), seats_of(said)), said.coupon
    counts = coupon and (
        coupon.duration == "forever" or (coupon.duration == "repeating" and said.interval == "month")
    )
    if counts:
        amount -= discount_on(said, amount)
    if said.tax_included and said.tax_percent is not None:
        amount = rounded(amount / (1 + said.tax_percent / 100))
    months = MONTHS[said.interval] * said.interval_count
    exact = Fraction(amount) / months
    return rounded(Decimal(exact.numerator) / exact.denominator)


def subscription_row(truth: BookOfTruth, said: TrueSubscription) -> Row:
    items = [_item(said, said.plan, "plan", unit_of(said), seats_of(said))]
    if said.usage:
        items.append(_item(said, f"{said.plan}{METERED}", "addon", 1, 0))
    non_renewing = said.ends_at is not None and said.standing == "active"
    row: Row = {
        "id": said.id,
        "object": "subscription",
        "billing_period": said.interval_count,
        "billing_period_unit": said.interval,
        "created_at": seconds(said.started_at),
        "currency_code": said.currency,
        "current_term_end": seconds(said.period_end),
        "current_term_start": seconds(said.period_start),
        "customer_id": said.customer,
        "deleted": False,
        "due_invoices_count": int(said.owed_since is not None),
        "has_scheduled_changes": said.pending_unit is not None,
        "mrr": own_mrr(said),
        "next_billing_at": seconds(said.period_end),
        "started_at": seconds(said.started_at),
        "status": "non_renewing" if non_renewing else STATUS.get(said.standing, "active"),
        "subscription_items": items,
        "updated_at": seconds(truth.updated_at(said)),
    }
    more = {
        "trial_end": said.trial_ends_at,
        "cancelled_at": said.ended_at or (said.ends_at if non_renewing else None),
        "cancel_schedule_created_at": said.cancel_asked_at,
        "pause_date": said.paused_at,
        "due_since": said.owed_since,
    }
    row |= {name: seconds(value) for name, value in more.items() if value}
    return row | ({"discounts": [_discount(said, said.coupon)]} if said.coupon else {})


def _item(said: TrueSubscription, id: str, kind: str, unit: int, seats: int) -> Row:
    row = {"item_price_id": id, "item_type": kind, "quantity": seats, "unit_price": unit}
    return row | {"amount": cost(said, unit, seats) if kind == "plan" else unit * seats}


def _discount(said: TrueSubscription, coupon: Coupon) -> Row:
    row: Row = {
        "id": f"disc_{said.id}",
        "object": "discount",
        "apply_on": "invoice_amount",
        "coupon_id": coupon.id,
        "created_at": seconds(coupon.start),
        "duration_type": DURATION[coupon.duration],
        "included_in_mrr": coupon.duration != "once",
    }
    if coupon.percent is not None:
        row |= {"type": "percentage", "percentage": float(coupon.percent)}
    else:
        row |= {"type": "fixed_amount", "amount": coupon.amount, "currency_code": said.currency}
    end = coupon_end(coupon)
    return row | ({"apply_till": seconds(end)} if end else {})


def customer_row(said: TrueSubscription) -> Row:
    return {"id": said.customer, "object": "customer", "company": said.company, "email": said.email}


def with_changes(truth: BookOfTruth, said: TrueSubscription) -> Row:
    """As it will be."""
    later = said.model_copy(update={"unit": said.pending_unit, "upgraded_unit": None, "unit_later": None})
    return subscription_row(truth, later)


def event_rows(truth: BookOfTruth) -> Iterator[Row]:
    """How it began, and what changed of it: each with the subscription after it."""
    for said in truth.of("chargebee"):
        before = said.model_copy(update={"unit_later": None, "changed_at": None})
        yield _event(truth, before, "subscription_created", seconds(said.started_at), 1)
        if said.changed_at and said.unit_later is not None:
            yield _event(truth, said, "subscription_changed", seconds(said.changed_at), 2)


def _event(truth: BookOfTruth, said: TrueSubscription, kind: str, at: int, number: int) -> Row:
    content = {"subscription": subscription_row(truth, said), "customer": customer_row(said)}
    return {
        "id": f"ev_{said.id}_{number}",
        "object": "event",
        "api_version": "v2",
        "content": content,
        "event_type": kind,
        "occurred_at": at,
        "source": "admin_console",
    }


def invoices(truth: BookOfTruth) -> list[TrueInvoice]:
    return truth.invoices("chargebee")


def invoice_row(invoice: TrueInvoice) -> Row:
    said = invoice.of
    row = {
        "id": invoice.id,
        "object": "invoice",
        "amount_due": invoice.total - invoice.paid,
        "amount_paid": invoice.paid,
        "billing_address": {"company": said.company, "email": said.email},
        "credits_applied": 0,
        "currency_code": said.currency,
        "customer_id": said.customer,
        "date": seconds(invoice.created),
        "deleted": False,
        "line_items": [_line(invoice, number) for number in range(len(invoice.lines))],
        "price_type": "tax_inclusive" if said.tax_included else "tax_exclusive",
        "recurring": True,
        "status": "paid" if invoice.status == "paid" else "payment_due",
        "subscription_id": said.id,
        "tax": invoice.tax,
        "total": invoice.total,
        "updated_at": seconds(invoice.created),
        "write_off_amount": 0,
    }
    return row | ({"paid_at": seconds(invoice.paid_at)} if invoice.status == "paid" else {})


def _line(invoice: TrueInvoice, number: int) -> Row:
    line, said = invoice.lines[number], invoice.of
    amount = line.discount + (line.amount if said.tax_included else line.net)
    return {
        "id": line_id(invoice, number),
        "object": "line_item",
        "amount": amount,
        "date_from": seconds(line.start),
        "date_to": seconds(line.end),
        "discount_amount": line.discount,
        "entity_id": plan_id(said, line),
        "entity_type": ENTITIES.get(line.kind, "plan_item_price"),
        "subscription_id": said.id,
        "tax_amount": line.tax,
        "tax_rate": float(said.tax_percent or 0),
    }


def credit_note_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        if invoice.of.credited and invoice.is_of_the_period:
            yield {
                "id": f"CN-{invoice.of.id}",
                "object": "credit_note",
                "amount_available": 0,
                "currency_code": invoice.of.currency,
                "customer_id": invoice.of.customer,
                "date": seconds(invoice.created + timedelta(days=2)),
                "deleted": False,
                "line_items": [],
                "reference_invoice_id": invoice.id,
                "status": "adjusted",
                "subscription_id": invoice.of.id,
                "total": invoice.of.credited,
                "updated_at": seconds(invoice.created + timedelta(days=2)),
            }


def transaction_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        if invoice.of.refunded and invoice.is_of_the_period:
            at = seconds(invoice.created + timedelta(days=5))
            yield _transaction(invoice, f"re_{invoice.of.id}", "refund", invoice.of.refunded, at, "success")
        paid = "success" if invoice.status == "paid" else "failure"
        at = seconds(invoice.paid_at)
        yield _transaction(invoice, invoice.charge, "payment", invoice.total, at, paid)


def _transaction(invoice: TrueInvoice, id: str, kind: str, amount: int, at: int, status: str) -> Row:
    return {
        "id": id,
        "object": "transaction",
        "amount": amount,
        "amount_unused": 0,
        "currency_code": invoice.of.currency,
        "customer_id": invoice.of.customer,
        "date": at,
        "deleted": False,
        "linked_invoices": [{"invoice_id": invoice.id, "applied_amount": amount}],
        "status": status,
        "subscription_id": invoice.of.id,
        "type": kind,
    }


def price_row(id: str) -> Row:
    return {"id": id, "object": "item_price", "item_id": id, "pricing_model": "per_unit"}


def item_row(id: str) -> Row:
    return {"id": id, "object": "item", "metered": id.endswith(METERED)}


def coupon_row(truth: BookOfTruth, id: str) -> Row | None:
    found = ((each.coupon, each.currency) for each in truth.of("chargebee") if each.coupon)
    return next((_coupon(coupon, currency) for coupon, currency in found if coupon.id == id), None)


def _coupon(coupon: Coupon, currency: str) -> Row:
    row: dict[str, Any] = {"id": coupon.id, "object": "coupon", "duration_type": DURATION[coupon.duration]}
    if coupon.percent is not None:
        return row | {"discount_type": "percentage", "discount_percentage": float(coupon.percent)}
    return row | {
        "discount_type": "fixed_amount",
        "discount_amount": coupon.amount,
        "currency_code": currency,
    }
