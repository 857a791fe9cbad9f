"""Xero's JSON of documents and payments, as version 2.0 has it."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from simulators.accounting.book import HOME, Book
from simulators.accounting.shapes import Cash, Document
from simulators.accounting.units import in_units

Row = dict[str, Any]
Dated = tuple[Row, date]

SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
DOCUMENTS = {"Invoices": "invoice", "CreditNotes": "credit_note"}
CASH = {
    "Payments": ("payment", "refund"),
    "Overpayments": ("overpayment",),
    "Prepayments": ("prepayment",),
    "BankTransactions": ("deposit",),
}
LISTS = (*DOCUMENTS, *CASH)


def id_of(entry: Document | Cash) -> str:
    return str(uuid.uuid5(SPACE, f"{type(entry).__name__}-{entry.id}"))


def customer_id(entry: Document | Cash) -> str:
    return str(uuid.uuid5(SPACE, f"Contact-{entry.customer}"))


def rows(book: Book, list: str, rate_is: str) -> Iterator[Dated]:
    if list in DOCUMENTS:
        for document in book.documents():
            if document.kind == DOCUMENTS[list]:
                made = _document(book, document, rate_is)
                yield _with_raw(book, document, made), document.dated
        return
    for cash in book.cash():
        if cash.kind in CASH[list]:
            made = (
                _payment(book, cash, rate_is) if list == "Payments" else _received(book, cash, list, rate_is)
            )
            yield _with_raw(book, cash, made), cash.dated


def _with_raw(book: Book, entry: Document | Cash, row: Row) -> Row:
    changed = row | book.raw.get(entry.id, {})
    return {name: value for name, value in changed.items() if value is not None}


def written(instant: datetime, offset: str = "+0000") -> str:
    return f"/Date({int(instant.timestamp() * 1000)}{offset})/"


def _day(day: date) -> str:
    return written(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _rate(entry: Document | Cash, rate_is: str) -> float:
    rate = entry.rate or Decimal(1)
    return float(round(rate if rate_is == "base_per_foreign" else 1 / rate, 6))


def _contact(entry: Document | Cash) -> Row:
    return {"ContactID": customer_id(entry), "Name": entry.customer_name, "EmailAddress": entry.email}


def _dates(entry: Document | Cash) -> Row:
    return {
        "DateString": f"{entry.dated.isoformat()}T00:00:00",
        "Date": _day(entry.dated),
        "UpdatedDateUTC": written(entry.changed),
    }


def _status(document: Document) -> str:
    if document.deleted or document.voided:
        return "DELETED" if document.deleted else "VOIDED"
    if document.draft:
        return "DRAFT"
    return "AUTHORISED" if document.left else "PAID"


def _document(book: Book, document: Document, rate_is: str) -> Row:
    """A void one keeps its amounts, and nothing of it is due."""

    def amount(minor: int) -> float:
        return in_units(minor, document.currency)

    common = {
        "Contact": _contact(document),
        **_dates(document),
        "Status": _status(document),
        "LineAmountTypes": "Exclusive",
        "LineItems": [
            {"Description": line.text, "LineAmount": amount(line.net), "TaxAmount": amount(line.tax)}
            for line in document.lines
        ],
        "SubTotal": amount(document.total - document.tax),
        "TotalTax": amount(document.tax),
        "Total": amount(document.total),
        "CurrencyCode": document.currency,
        "CurrencyRate": _rate(document, rate_is),
        "Reference": document.reference or document.note,
    }
    if document.kind == "credit_note":
        return common | {
            "CreditNoteID": id_of(document),
            "CreditNoteNumber": document.number,
            "Type": "ACCRECCREDIT",
            "RemainingCredit": amount(document.left),
            "Allocations": [
                _allocation(book, each.to, amount(each.amount), document.dated) for each in document.applied
            ],
        }
    credits = book.crediting(document.number)
    paid = [each for each in book.paying(document.number) if each.kind == "payment"]
    return common | {
        "InvoiceID": id_of(document),
        "InvoiceNumber": document.number,
        "Type": "ACCREC",
        "AmountDue": amount(document.left),
        "AmountPaid": amount(_to(document.number, paid)),
        "AmountCredited": amount(_to(document.number, credits)),
        "Payments": [{"PaymentID": id_of(each), "Amount": amount(each.amount)} for each in paid],
        "CreditNotes": [{"CreditNoteID": id_of(each), "CreditNoteNumber": each.number} for each in credits],
    }


def _to(number: str, entries: Sequence[Document | Cash]) -> int:
    return sum(part.amount for each in entries for part in each.applied if part.to == number)


def _allocation(book: Book, number: str, amount: float, dated: date) -> Row:
    return {"Amount": amount, "Date": _day(dated), "Invoice": _name(book, number)}


def _name(book: Book, number: str) -> Row:
    found = book.document(number)
    if found is None:
        return {"InvoiceNumber": number}
    if found.kind == "credit_note":
        return {
            "CreditNoteID": id_of(found),
            "CreditNoteNumber": number,
            "CurrencyCode": found.currency,
        }
    return {"InvoiceID": id_of(found), "InvoiceNumber": number, "CurrencyCode": found.currency}


def _payment(book: Book, cash: Cash, rate_is: str) -> Row:
    amount = in_units(cash.amount, cash.currency)
    row = {
        "PaymentID": id_of(cash),
        **_dates(cash),
        "Amount": amount,
        "BankAmount": amount if cash.bank_amount is None else in_units(cash.bank_amount, HOME),
        "CurrencyRate": _rate(cash, rate_is),
        "Reference": cash.reference,
        "Status": "DELETED" if cash.voided or cash.deleted else "AUTHORISED",
        "PaymentType": "ARCREDITPAYMENT" if cash.kind == "refund" else "ACCRECPAYMENT",
        "IsReconciled": True,
    }
    for each in cash.applied[:1]:
        name = _name(book, each.to)
        row["CreditNote" if "CreditNoteID" in name else "Invoice"] = name
    return row


def _received(book: Book, cash: Cash, list: str, rate_is: str) -> Row:
    total = in_units(cash.amount, cash.currency)
    kind = {"Overpayments": "RECEIVE-OVERPAYMENT", "Prepayments": "RECEIVE-PREPAYMENT"}.get(list, "RECEIVE")
    id = {"Overpayments": "OverpaymentID", "Prepayments": "PrepaymentID"}.get(list, "BankTransactionID")
    row = {
        id: id_of(cash),
        "Type": kind,
        "Contact": _contact(cash),
        **_dates(cash),
        "Status": "VOIDED" if cash.voided else "DELETED" if cash.deleted else "AUTHORISED",
        "LineItems": [{"Description": cash.note, "LineAmount": total}],
        "Total": total,
        "CurrencyCode": cash.currency,
        "CurrencyRate": _rate(cash, rate_is),
        "Reference": cash.reference,
    }
    if list == "BankTransactions":
        return row | {"BankAccount": {"Code": "090", "Name": "Business Bank Account"}}
    return row | {
        "RemainingCredit": in_units(cash.unapplied, cash.currency),
        "Allocations": [
            _allocation(book, each.to, in_units(each.amount, cash.currency), cash.dated)
            for each in cash.applied
        ],
    }
