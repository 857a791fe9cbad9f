"""ChartMogul's JSON of an invoice, with its line items and its payments that went well or did not."""

from datetime import timedelta
from typing import Any

from simulators.chartmogul.catalog import plan_uuid, source_of
from simulators.chartmogul.history import DAY, instant
from simulators.chartmogul.invoices import PERIODS, Invoice, Invoices
from simulators.chartmogul.movements import subscription_id
from simulators.chartmogul.rows import EUR_PER_USD, subscription_uuid, zulu_time

Row = dict[str, Any]
SETUP_CENTS = 5000
DISABLED_AT = "2026-06-01T08:00:00.000Z"


def is_invalid(invoice: Invoice) -> bool:
    return invoice.customer.number % 97 == 12 and invoice.index == 0


def invoice_row(invoices: Invoices, invoice: Invoice, *, with_disabled: bool = False) -> Row:
    ledger, customer = invoices.ledger, invoice.customer
    holder = ledger.customers.holder(customer)
    lines = _line_items(invoices, invoice)
    status, transactions = _payments(invoices, invoice, sum(line["amount_in_cents"] for line in lines))
    row: Row = {
        "uuid": invoice.uuid,
        "external_id": f"in_{customer.number}_{invoice.index}",
        "customer_uuid": holder.uuid,
        "customer_external_id": customer.external_id,
        "data_source_uuid": source_of(customer).uuid,
        "date": zulu_time(instant(invoice.date)),
        "due_date": zulu_time(instant(invoice.date + 14 * DAY)) if customer.number % 3 else None,
        "currency": customer.invoice_currency,
        "collection_method": "automatic",
        "status": status,
        "errors": {"line_items": ["has no service period"]} if is_invalid(invoice) else {},
        "line_items": lines,
        "transactions": transactions,
    }
    if with_disabled:
        disabled = invoices.is_disabled(invoice)
        row["disabled"] = disabled
        row["disabled_at"] = DISABLED_AT if disabled else None
        row["disabled_by"] = "ana@mogulflow.example" if disabled else None
    return row


def _line_items(invoices: Invoices, invoice: Invoice) -> list[Row]:
    customer, plan = invoice.customer, invoice.customer.plan
    days, months = PERIODS[plan.cycle]
    subscription = subscription_id(customer, invoice.subscription)
    bought = _line(invoices, invoice, 0, "subscription", _invoiced(invoice, invoice.mrr * months)) | {
        "subscription_uuid": subscription_uuid(invoices.ledger.seed, subscription),
        "subscription_external_id": subscription,
        "subscription_set_external_id": subscription,
        "plan_uuid": plan_uuid(source_of(customer), plan),
        "plan_external_id": plan.external_id,
        "quantity": customer.quantity,
        "prorated": False,
        "proration_type": None,
        "service_period_start": zulu_time(instant(invoice.date)),
        "service_period_end": zulu_time(instant(invoice.date + days * DAY)),
    }
    if customer.number % 11 != 3 or invoice.index:
        return [bought]
    return [bought, _line(invoices, invoice, 1, "one_time", _invoiced(invoice, SETUP_CENTS))]


def _line(invoices: Invoices, invoice: Invoice, index: int, kind: str, cents: int) -> Row:
    return {
        "uuid": _uuid(invoices, "li", invoice, index),
        "external_id": f"ii_{invoice.customer.number}_{invoice.index}_{index}",
        "type": kind,
        "amount_in_cents": cents,
        "quantity": 1,
        "discount_code": "",
        "discount_amount_in_cents": 0,
        "discount_description": None,
        "tax_amount_in_cents": 0,
        "transaction_fees_in_cents": 0,
        "transaction_fees_currency": None,
        "account_code": "",
        "event_order": None,
        "balance_transfer": False,
        "description": "Setup" if kind == "one_time" else "",
        "errors": {},
    }


def _payments(invoices: Invoices, invoice: Invoice, total: int) -> tuple[str, list[Row]]:
    """The invoice's status, and what was tried."""
    number, first, last = invoice.customer.number, invoice.index == 0, invoice.last

    def tried(index: int, kind: str, result: str, cents: int | None) -> Row:
        return _transaction(invoices, invoice, index, kind, result, cents)

    if number % 61 == 7 and first:
        return "voided", []
    if invoices.ledger.owes(invoice.customer) and last:
        return "open", [tried(0, "payment", "failed", total)]
    if number % 13 == 5 and last:
        return "paid", [tried(0, "payment", "failed", total), tried(1, "payment", "successful", total)]
    # No amount: all of it.
    paid = tried(0, "payment", "successful", None if number % 10 == 2 else total)
    if number % 17 == 6 and first:
        return "refunded", [paid, tried(1, "refund", "successful", total)]
    if number % 29 == 9 and first:
        return "paid", [paid, tried(1, "refund", "successful", total // 3)]
    return "paid", [paid]


def _transaction(
    invoices: Invoices, invoice: Invoice, index: int, kind: str, result: str, cents: int | None
) -> Row:
    return {
        "uuid": _uuid(invoices, "tr", invoice, index),
        "external_id": f"ch_{invoice.customer.number}_{invoice.index}_{index}",
        "type": kind,
        "date": zulu_time(instant(invoice.date + 60) + timedelta(days=3 * index)),
        "result": result,
        "amount_in_cents": cents,
        "transaction_fees_in_cents": None,
        "transaction_fees_currency": None,
        "errors": {},
    }


def _invoiced(invoice: Invoice, cents: int) -> int:
    return round(cents * EUR_PER_USD) if invoice.customer.invoice_currency == "EUR" else cents


def _uuid(invoices: Invoices, prefix: str, invoice: Invoice, index: int) -> str:
    customer, part = invoice.customer, invoice.index * 8 + index
    return invoices.ledger.seed.uuid_of(prefix, customer.number, part, customer.terms.digest)
