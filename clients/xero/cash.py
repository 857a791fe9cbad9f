"""Xero's payments, over- and prepayments, and money received as cash."""

from collections.abc import Mapping
from decimal import Decimal

from clients.kit.books import minor, minor_or_none, references, unique
from clients.xero.documents import Organisation
from clients.xero.rows import BankTransaction, InvoiceName, Overpayment, Payment, Prepayment
from models.reconciliation.books import CashEntry, CashKind

KINDS: Mapping[str, CashKind] = {
    "ACCRECPAYMENT": CashKind.PAYMENT,
    "ARCREDITPAYMENT": CashKind.REFUND,
    "AROVERPAYMENTPAYMENT": CashKind.REFUND,
    "ARPREPAYMENTPAYMENT": CashKind.REFUND,
}
"""Of customers. A payment of a credit note is what was paid back."""

RECEIVED = {"RECEIVE-OVERPAYMENT", "AROVERPAYMENT", "RECEIVE-PREPAYMENT", "ARPREPAYMENT"}
GONE = {"VOIDED", "DELETED"}


def payment_entry(row: Payment, books: Organisation, link: str) -> CashEntry | None:
    """None of a supplier's. Raises Unfit."""
    kind = KINDS.get(row.payment_type or "")
    if kind is None:
        return None
    currency = row.currency_of(books.home)
    numbers = [row.invoice.invoice_number if row.invoice else None]
    numbers += [row.credit_note.credit_note_number if row.credit_note else None]
    return CashEntry(
        side="accounting",
        system="xero",
        site=books.site,
        id=row.id,
        kind=kind,
        voided=row.status in GONE,
        dated=row.dated,
        currency=currency,
        amount=minor(row.amount, currency),
        home_amount=minor(row.amount, currency) if currency == books.home else None,
        home_currency=books.home,
        rate=books.home_per_unit(currency, row.currency_rate),
        documents=unique([*(each.id for each in row.paid), *numbers]),
        references=references(row.reference),
        link=link,
    )


def received_entry(
    row: Overpayment | Prepayment | BankTransaction, books: Organisation, link: str
) -> CashEntry | None:
    """An over- or prepayment is a payment, of which a part may still be for nothing; money received is a
    deposit. None of what was spent. Raises Unfit."""
    deposit = isinstance(row, BankTransaction)
    if (row.type != "RECEIVE") if deposit else (row.type not in RECEIVED):
        return None
    currency = row.currency
    total = minor(row.total, currency)
    own = row.invoice_number if isinstance(row, Prepayment) else None
    return CashEntry(
        side="accounting",
        system="xero",
        site=books.site,
        id=row.id,
        kind=CashKind.DEPOSIT if deposit else CashKind.PAYMENT,
        voided=row.status in GONE,
        dated=row.dated,
        currency=currency,
        amount=total,
        home_amount=total if currency == books.home else None,
        home_currency=books.home,
        rate=books.home_per_unit(currency, row.currency_rate),
        unapplied=minor_or_none(row.remaining_credit, currency) or 0,
        documents=unique(part for each in row.allocations for part in _names(each.invoice)),
        references=references(row.reference, own, *(each.description for each in row.line_items)),
        customer_id=row.contact.contact_id or "",
        customer_name=row.contact.name or "",
        link=link,
    )


def _names(invoice: InvoiceName) -> tuple[str | None, str | None]:
    return invoice.id, invoice.invoice_number


CLOSE = Decimal("0.005")
"""Rounding of both amounts, as part of them; a rate so near 1 shows nothing."""


def contradicts(row: Payment, books: Organisation) -> bool:
    """Whether what arrived at the bank shows that CurrencyRate means the other direction. A bank account in a
    third currency shows nothing."""
    rate, bank, currency = row.currency_rate, row.bank_amount, row.currency_of(books.home)
    if currency == books.home or not rate or not bank or not row.amount or bank == row.amount:
        return False
    ours = row.amount * (books.home_per_unit(currency, rate) or 1)
    theirs = row.amount * (rate if books.rate_is == "foreign_per_base" else 1 / rate)
    return _near(bank, theirs) and not _near(bank, ours)


def _near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= abs(other) * CLOSE
