"""The book of truth as Stripe tells it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from simulators.billing.truth.book import (
    BookOfTruth,
    TrueInvoice,
    TrueLine,
    coupon_end,
    invoice_of,
    rounded,
    seats_of,
    unit_of,
)
from simulators.billing.truth.ids import line_id, plan_id, price_id
from simulators.billing.truth.shapes import Coupon, TrueSubscription
from simulators.stripe.rows import Row, list_of, seconds

STATUS = {"canceled": "canceled", "future": "incomplete"}
FEE_PERCENT = 3
TWO_DECIMALS = ("ISK", "UGX")
"""Of old still sent with two."""


def own_minor(minor: int, currency: str) -> int:
    more = 2 if currency in TWO_DECIMALS and get_currency_precision(currency) == 0 else 0
    return int(minor * 10**more)


def price_row(said: TrueSubscription, unit: int, *, whole: bool = False) -> Row:
    """Tiers are told where the price is asked for alone."""
    row: Row = {
        "id": price_id(said, unit),
        "object": "price",
        "billing_scheme": "tiered" if said.tiers else "per_unit",
        "currency": said.currency.lower(),
        "nickname": said.plan,
        "recurring": {
            "interval": said.interval,
            "interval_count": said.interval_count,
            "usage_type": "licensed",
        },
        "tax_behavior": "inclusive" if said.tax_included else "exclusive",
        "tiers_mode": "graduated" if said.tiers else None,
        "type": "recurring",
        "unit_amount": None if said.tiers else own_minor(unit, said.currency),
        "unit_amount_decimal": None if said.tiers else str(own_minor(unit, said.currency)),
    }
    if whole and said.tiers:
        row["tiers"] = [
            {
                "up_to": tier.up_to,
                "unit_amount": tier.unit,
                "unit_amount_decimal": str(tier.unit),
                "flat_amount": tier.flat or None,
                "flat_amount_decimal": None,
            }
            for tier in said.tiers
        ]
    return row


def coupon_row(coupon: Coupon, currency: str) -> Row:
    return {
        "id": coupon.id,
        "object": "coupon",
        "amount_off": coupon.amount,
        "currency": currency.lower() if coupon.amount is not None else None,
        "duration": coupon.duration,
        "duration_in_months": coupon.months,
        "percent_off": None if coupon.percent is None else float(coupon.percent),
    }


def subscription_row(said: TrueSubscription, expand: set[str]) -> Row:
    items = [_item(said, "licensed", price_row(said, unit_of(said)), seats_of(said), expand)]
    if said.usage:
        price = price_row(said.model_copy(update={"tiers": []}), 1) | {"id": f"price_{said.plan}_usage"}
        price["recurring"] = price["recurring"] | {"usage_type": "metered"}
        items.append(_item(said, "metered", price, None, expand))
    invoice = invoice_of(said)
    latest = invoice_row(invoice, "") if invoice else None
    customer: Any = said.customer
    if "data.customer" in expand:
        customer = customer_row(said)
    ended = seconds(said.ended_at)
    return {
        "id": said.id,
        "object": "subscription",
        "automatic_tax": {"enabled": False},
        "cancel_at": None,
        "cancel_at_period_end": said.ends_at is not None and said.ended_at is None,
        "canceled_at": seconds(said.cancel_asked_at) or ended,
        "cancellation_details": {"reason": "cancellation_requested" if said.ended_at else None},
        "collection_method": "charge_automatically",
        "created": seconds(said.started_at),
        "currency": said.currency.lower(),
        "customer": customer,
        "default_tax_rates": [_tax_rate(said)] if said.tax_percent is not None else [],
        "discounts": [_discount(said, said.coupon, expand)] if said.coupon else [],
        "ended_at": ended,
        "items": list_of(f"/v1/subscription_items?subscription={said.id}", items),
        "latest_invoice": latest if "data.latest_invoice" in expand else latest and latest["id"],
        "livemode": False,
        "pause_collection": None,
        "schedule": _schedule(said) if said.pending_unit is not None else None,
        "start_date": seconds(said.started_at),
        "status": STATUS.get(said.standing, said.standing),
        "trial_end": seconds(said.trial_ends_at),
        "trial_start": seconds(said.started_at) if said.trial_ends_at else None,
    }


def _item(said: TrueSubscription, name: str, price: Row, quantity: int | None, expand: set[str]) -> Row:
    row: Row = {
        "id": f"si_{said.id}_{name}",
        "object": "subscription_item",
        "current_period_end": seconds(said.period_end),
        "current_period_start": seconds(said.period_start),
        "discounts": [],
        "price": price,
        "subscription": said.id,
        "tax_rates": [],
    }
    return row | ({} if quantity is None else {"quantity": quantity})


def _discount(said: TrueSubscription, coupon: Coupon, expand: set[str]) -> Any:
    id = f"di_{said.id}"
    if "data.discounts" not in expand:
        return id
    whole = "data.discounts.source.coupon" in expand
    source = {"type": "coupon", "coupon": coupon_row(coupon, said.currency) if whole else coupon.id}
    return {
        "id": id,
        "object": "discount",
        "source": source,
        "start": seconds(coupon.start),
        "end": seconds(coupon_end(coupon)),
        "subscription": said.id,
    }


def _tax_rate(said: TrueSubscription) -> Row:
    assert said.tax_percent is not None
    return {
        "id": f"txr_{said.tax_percent}",
        "object": "tax_rate",
        "percentage": float(said.tax_percent),
        "inclusive": said.tax_included,
    }


def _schedule(said: TrueSubscription) -> Row:
    assert said.pending_unit is not None
    price = price_row(said, said.pending_unit)["id"]
    later = {"start_date": seconds(said.period_end), "end_date": None}
    phase = {**later, "items": [{"price": price, "quantity": said.quantity}]}
    now: Row = {"start_date": seconds(said.period_start), "end_date": seconds(said.period_end), "items": []}
    return {"id": f"sub_sched_{said.id}", "object": "subscription_schedule", "status": "active",
            "phases": [now, phase]}  # fmt: skip


def customer_row(said: TrueSubscription) -> Row:
    return {
        "id": said.customer,
        "object": "customer",
        "discount": None,
        "email": said.email,
        "livemode": False,
        "name": said.company,
    }


def invoice_row(invoice: TrueInvoice, url: str) -> Row:
    said, total = invoice.of, own_minor(invoice.total, invoice.of.currency)
    paid = own_minor(invoice.paid, said.currency)
    at = seconds(invoice.created)
    return {
        "id": invoice.id,
        "object": "invoice",
        "amount_due": total,
        "amount_paid": paid,
        "amount_remaining": total - paid,
        "billing_reason": "subscription_create" if said.standing == "incomplete" else "subscription_cycle",
        "created": at,
        "currency": said.currency.lower(),
        "customer": said.customer,
        "customer_email": said.email,
        "customer_name": said.company,
        "effective_at": at,
        "ending_balance": 0,
        "hosted_invoice_url": f"{url}/stripe/i/{invoice.id}",
        "lines": list_of(
            f"/v1/invoices/{invoice.id}/lines", [_line(invoice, n) for n in range(len(invoice.lines))]
        ),
        "livemode": False,
        "number": f"S-{invoice.name}",
        "parent": {
            "subscription_details": {"subscription": said.id},
            "type": "subscription_details",
        },
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": {"open": "open", "paid": "paid", "lost": "uncollectible"}[invoice.status],
        "status_transitions": {
            "finalized_at": at,
            "paid_at": seconds(invoice.paid_at) if paid else None,
        },
        "subtotal": total - own_minor(invoice.tax, said.currency),
        "total": total,
        "total_excluding_tax": total - own_minor(invoice.tax, said.currency),
    }


def _line(invoice: TrueInvoice, number: int) -> Row:
    """`amount` is before the discount, and has the tax in it where that is inclusive."""
    line, said = invoice.lines[number], invoice.of
    inside = said.tax_included and bool(line.tax)
    amount = line.discount + (line.amount if inside else line.net)
    taxes = [{"amount": line.tax, "tax_behavior": "inclusive" if inside else "exclusive"}] if line.tax else []
    return {
        "id": line_id(invoice, number),
        "object": "line_item",
        "amount": own_minor(amount, said.currency),
        "discount_amounts": [{"amount": line.discount, "discount": f"di_{said.id}"}] if line.discount else [],
        "parent": _line_parent(said, line),
        "period": {"start": seconds(line.start), "end": seconds(line.end)},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": plan_id(said, line), "product": f"prod_{said.plan}"},
        },
        "subscription": said.id,
        "taxes": taxes,
    }


def _line_parent(said: TrueSubscription, line: TrueLine) -> Row:
    """What is billed once is no item of the subscription, and a proration is one of its item."""
    details: Row = {
        "invoice_item": None if line.kind in ("plan", "usage") else f"ii_{said.id}_{line.kind}",
        "proration": line.kind in ("credit", "charge"),
        "subscription": said.id,
    }
    if line.kind == "fee":
        return {"type": "invoice_item_details", "invoice_item_details": details}
    item = f"si_{said.id}_{'metered' if line.kind == 'usage' else 'licensed'}"
    return {
        "type": "subscription_item_details",
        "subscription_item_details": details | {"subscription_item": item},
    }


def credit_note_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        if invoice.of.credited and invoice.is_of_the_period:
            yield {
                "id": f"cn_{invoice.of.id}",
                "object": "credit_note",
                "created": seconds(invoice.created + timedelta(days=2)),
                "currency": invoice.of.currency.lower(),
                "customer": invoice.of.customer,
                "invoice": invoice.id,
                "lines": list_of(f"/v1/credit_notes/cn_{invoice.of.id}/lines", []),
                "livemode": False,
                "number": f"S-{invoice.of.id}-CN-01",
                "status": "issued",
                "total": invoice.of.credited,
                "total_excluding_tax": invoice.of.credited,
            }


def charge_rows(truth: BookOfTruth, *, whole: bool) -> Iterator[Row]:
    for invoice in invoices(truth):
        paid = invoice.status == "paid"
        balance = balance_rows_of(invoice)[0]
        yield {
            "id": invoice.charge,
            "object": "charge",
            "amount": own_minor(invoice.total, invoice.of.currency),
            "amount_captured": own_minor(invoice.paid, invoice.of.currency),
            "balance_transaction": (balance if whole else balance["id"]) if paid else None,
            "billing_details": {"name": invoice.of.company},
            "captured": True,
            "created": seconds(invoice.paid_at),
            "currency": invoice.of.currency.lower(),
            "customer": invoice.of.customer,
            "livemode": False,
            "payment_intent": f"pi_{invoice.name}",
            "status": "succeeded" if paid else "failed",
        }


def refund_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        if invoice.of.refunded and invoice.is_of_the_period:
            yield _moved(invoice, "re", "refund", invoice.of.refunded, 5) | {"status": "succeeded"}


def dispute_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        if invoice.of.disputed and invoice.is_of_the_period:
            more = {"status": "lost", "balance_transactions": []}
            yield _moved(invoice, "dp", "dispute", invoice.total, 6) | more


def _moved(invoice: TrueInvoice, prefix: str, kind: str, amount: int, days: int) -> Row:
    return {
        "id": f"{prefix}_{invoice.of.id}",
        "object": kind,
        "amount": own_minor(amount, invoice.of.currency),
        "balance_transaction": None,
        "charge": invoice.charge,
        "created": seconds(invoice.created + timedelta(days=days)),
        "currency": invoice.of.currency.lower(),
        "livemode": False,
        "payment_intent": f"pi_{invoice.name}",
    }


def payment_rows(truth: BookOfTruth) -> Iterator[Row]:
    for invoice in invoices(truth):
        yield {
            "id": f"inpay_{invoice.name}",
            "object": "invoice_payment",
            "amount_requested": invoice.total,
            "created": seconds(invoice.created),
            "currency": invoice.of.currency.lower(),
            "invoice": invoice.id,
            "payment": {"type": "payment_intent", "payment_intent": f"pi_{invoice.name}"},
            "status": "paid" if invoice.status == "paid" else "open",
        }


def payout_rows(truth: BookOfTruth) -> Iterator[Row]:
    """One for each day and currency, two days later."""
    for (day, currency), some in _by_day(truth).items():
        at = datetime.fromisoformat(f"{day}T08:00:00+00:00") + timedelta(days=2)
        yield {
            "id": payout_id(day, currency),
            "object": "payout",
            "amount": sum(balance_rows_of(each)[0]["net"] for each in some),
            "arrival_date": seconds(at),
            "automatic": True,
            "created": seconds(at),
            "currency": currency.lower(),
            "livemode": False,
            "status": "paid",
        }


def balance_rows(truth: BookOfTruth, payout: str | None) -> Iterator[Row]:
    for (day, currency), some in _by_day(truth).items():
        if payout in (None, payout_id(day, currency)):
            yield from (row for each in some for row in balance_rows_of(each))


def balance_rows_of(invoice: TrueInvoice) -> list[Row]:
    amount = own_minor(invoice.paid, invoice.of.currency)
    fee = rounded(Decimal(amount * FEE_PERCENT) / 100)
    return [
        {
            "id": f"txn_{invoice.name}",
            "object": "balance_transaction",
            "amount": amount,
            "created": seconds(invoice.paid_at),
            "currency": invoice.of.currency.lower(),
            "exchange_rate": None,
            "fee": fee,
            "net": amount - fee,
            "source": invoice.charge,
            "type": "charge",
        }
    ]


def payout_id(day: str, currency: str) -> str:
    return f"po_{day.replace('-', '')}{currency.lower()}"


def _by_day(truth: BookOfTruth) -> dict[tuple[str, str], list[TrueInvoice]]:
    found: dict[tuple[str, str], list[TrueInvoice]] = {}
    for invoice in invoices(truth):
        if invoice.status == "paid":
            found.setdefault((invoice.created.date().isoformat(), invoice.of.currency), []).append(invoice)
    return dict(sorted(found.items(), reverse=True))


def invoices(truth: BookOfTruth) -> list[TrueInvoice]:
    return truth.invoices("stripe")


def event_rows(truth: BookOfTruth) -> Iterator[Row]:
    """Of what changed later: with what was otherwise before, and ids in the place of what lists expand."""
    for id, at in truth.touched_at.items():
        if said := truth.find("stripe", id):
            yield _updated(said, at, subscription_row(said, set()), {"metadata": {}})
    for said in truth.of("stripe"):
        if said.changed_at is None or said.unit_later is None:
            continue
        now = subscription_row(said, set())
        before = subscription_row(said.model_copy(update={"unit_later": None}), set())
        yield _updated(said, said.changed_at, now, {"items": before["items"]})


def _updated(said: TrueSubscription, at: datetime, row: Row, previous: Row) -> Row:
    return {
        "id": f"evt_{said.id}",
        "object": "event",
        "created": seconds(at),
        "data": {"object": row, "previous_attributes": previous},
        "livemode": False,
        "type": "customer.subscription.updated",
    }


def find_price(truth: BookOfTruth, id: str) -> Row | None:
    for said in truth.of("stripe"):
        for unit in {unit_of(said), said.unit, said.pending_unit or 0}:
            row = price_row(said, unit, whole=True)
            if row["id"] == id:
                return row
    return None


def find_coupon(truth: BookOfTruth, id: str) -> Row | None:
    found = ((each.coupon, each.currency) for each in truth.of("stripe") if each.coupon)
    return next((coupon_row(coupon, currency) for coupon, currency in found if coupon.id == id), None)
