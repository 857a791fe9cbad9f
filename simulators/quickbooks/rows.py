"""QuickBooks' JSON of transactions, as minor version 75 has it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulators.accounting.book import HOME, Book
from simulators.accounting.shapes import Cash, Document, Entry
from simulators.accounting.units import in_units

Row = dict[str, Any]

DOCUMENTS: Mapping[str, str] = {
    "invoice": "Invoice",
    "credit_note": "CreditMemo",
    "sales_receipt": "SalesReceipt",
    "refund_receipt": "RefundReceipt",
    "journal": "JournalEntry",
}
CASH: Mapping[str, str] = {
    "payment": "Payment",
    "overpayment": "Payment",
    "prepayment": "Payment",
    "deposit": "Deposit",
    "refund": "RefundReceipt",
}
ENTITIES = (*DOCUMENTS.values(), "Payment", "Deposit")

FIELDS: Mapping[str, Callable[[Row], Any]] = {
    "Id": lambda row: int(row["Id"]),
    "TxnDate": lambda row: row["TxnDate"],
    "DocNumber": lambda row: row.get("DocNumber"),
    "TotalAmt": lambda row: row.get("TotalAmt"),
    "Balance": lambda row: row.get("Balance"),
    "CustomerRef": lambda row: row.get("CustomerRef", {}).get("value"),
    "MetaData.CreateTime": lambda row: row["MetaData"]["CreateTime"],
    "MetaData.LastUpdatedTime": lambda row: row["MetaData"]["LastUpdatedTime"],
}
"""By which a query may choose and order."""


def rows(book: Book, entity: str, *, several_currencies: bool) -> Iterator[Row]:
    for document in book.documents():
        if DOCUMENTS[document.kind] == entity and not document.deleted:
            yield _with_raw(book, document, _document(book, document, several_currencies))
    for cash in book.cash():
        if CASH[cash.kind] == entity and not cash.deleted:
            yield _with_raw(book, cash, _cash(book, cash, several_currencies))


def _with_raw(book: Book, entry: Document | Cash, row: Row) -> Row:
    changed = row | book.raw.get(entry.id, {})
    return {name: value for name, value in changed.items() if value is not None}


def _common(entry: Document | Cash, several: bool) -> Row:
    note = " - ".join(filter(None, ("Voided" if entry.voided else "", entry.note)))
    row = {
        "Id": str(entry.id),
        "domain": "QBO",
        "sparse": False,
        "SyncToken": "0",
        "MetaData": {"CreateTime": _written(entry.created), "LastUpdatedTime": _written(entry.changed)},
        "TxnDate": entry.dated.isoformat(),
        "PrivateNote": note or None,
        "CustomerRef": {"value": entry.customer, "name": entry.customer_name},
    }
    if several:
        row["CurrencyRef"] = {"value": entry.currency, "name": entry.currency}
        row["ExchangeRate"] = float(entry.rate) if entry.rate else 1
    return row


def _document(book: Book, document: Document, several: bool) -> Row:
    """Of a void one all amounts are 0."""
    amount = _amounts(document)
    total = amount(document.total)
    if document.kind == "journal":
        return _common(document, several) | {"DocNumber": document.number, "Line": _postings(document)}
    row = _common(document, several) | {
        "DocNumber": document.number,
        "TotalAmt": total,
        "HomeTotalAmt": _at_home(document, total),
        "TxnTaxDetail": {"TotalTax": amount(document.tax), "TaxLine": _tax_lines(document, amount)},
        "Line": [
            *(
                {"Amount": amount(line.net), "Description": line.text, "DetailType": "SalesItemLineDetail"}
                for line in document.lines
            ),
            {"Amount": amount(document.total - document.tax), "DetailType": "SubTotalLineDetail"},
        ],
        "BillEmail": {"Address": document.email},
        "CustomerMemo": {"value": document.reference} if document.reference else None,
        "LinkedTxn": [{"TxnId": str(each.id), "TxnType": "Payment"} for each in book.paying(document.number)],
    }
    if document.kind in ("invoice", "sales_receipt"):
        row["Balance"] = amount(document.left)
    if document.kind == "credit_note":
        row["RemainingCredit"] = row["Balance"] = amount(document.left)
    return row


def _cash(book: Book, cash: Cash, several: bool) -> Row:
    amount = _amounts(cash)
    row = _common(cash, several) | {"TotalAmt": amount(cash.amount)}
    if cash.kind == "deposit":
        lines = [_linked(amount(each.amount), each.to, "Payment") for each in cash.applied]
        if not cash.applied:
            gross = amount(cash.amount + cash.fee)
            lines = [{"Amount": gross, "Description": cash.reference, "DetailType": "DepositLineDetail"}]
        if cash.fee:
            fee = {"Amount": -amount(cash.fee), "Description": "Fee", "DetailType": "DepositLineDetail"}
            lines.append(fee)
        return row | {"Line": lines}
    lines = []
    for each in (*cash.applied, *cash.credits):
        found = book.document(each.to)
        if found:
            lines.append(_linked(amount(each.amount), str(found.id), DOCUMENTS[found.kind]))
    return row | {
        "UnappliedAmt": amount(cash.unapplied),
        "PaymentRefNum": cash.reference or None,
        "LinkedTxn": [{"TxnId": str(each.id), "TxnType": "Deposit"} for each in book.paying(str(cash.id))],
        "Line": lines,
    }


def _linked(amount: float, id: str, entity: str) -> Row:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": entity}]}


def _tax_lines(document: Document, amount: Callable[[int], float]) -> list[Row]:
    if document.tax_percent is None:
        return []
    detail = {
        "PercentBased": True,
        "TaxPercent": float(document.tax_percent),
        "NetAmountTaxable": amount(document.total - document.tax),
    }
    return [{"Amount": amount(document.tax), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}]


def _postings(document: Document) -> list[Row]:
    """A positive line is a debit."""
    return [
        {
            "Amount": in_units(abs(line.net), document.currency),
            "Description": line.text,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": "Debit" if line.net > 0 else "Credit"},
        }
        for line in document.lines
    ]


def _amounts(entry: Entry) -> Callable[[int], float]:
    return lambda minor: 0 if entry.voided else in_units(minor, entry.currency)


def _at_home(document: Document, total: float) -> float | None:
    if document.currency == HOME:
        return total
    return round(total * float(document.rate), 2) if document.rate else None


def _written(instant: Any) -> str:
    return str(instant.isoformat(timespec="seconds"))
