"""Xero's sales invoices and credit notes as documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from clients.kit.books import exact_minor, minor, minor_or_none, references, unique
from clients.xero.rows import CreditNote, Invoice, Line, Status
from models.money import Currency
from models.reconciliation.books import Document, DocumentKind, DocumentLine, DocumentStatus

STATUSES: Mapping[Status, DocumentStatus] = {
    "DRAFT": DocumentStatus.DRAFT,
    "SUBMITTED": DocumentStatus.DRAFT,
    "AUTHORISED": DocumentStatus.OPEN,
    "PAID": DocumentStatus.PAID,
    "VOIDED": DocumentStatus.VOIDED,
    "DELETED": DocumentStatus.DELETED,
}
SALES_CREDIT = "ACCRECCREDIT"
TAX_IN_LINES = "inclusive"


@dataclass(frozen=True)
class Organisation:
    """Whose books they are. `home` is its base currency."""

    site: str
    home: Currency
    rate_is: Literal["foreign_per_base", "base_per_foreign"]
    name: str = ""
    time_zone: str = ""

    def home_per_unit(self, currency: str, rate: Decimal | None) -> Decimal | None:
        """Of CurrencyRate, whose direction is UNVERIFIED."""
        if currency == self.home:
            return Decimal(1)
        if rate is None:
            return None
        return rate if self.rate_is == "base_per_foreign" else 1 / rate


def invoice_document(row: Invoice, books: Organisation, link: str) -> Document:
    """Raises Unfit."""
    common = _document(row, books)
    return Document(
        **common,
        id=row.id,
        kind=DocumentKind.INVOICE,
        number=row.invoice_number or "",
        due=minor_or_none(row.amount_due, row.currency),
        from_balance=minor(row.amount_credited or Decimal(0), row.currency),
        links=unique([*(each.id for each in row.credit_notes), *(each.id for each in row.payments)]),
        link=link,
    )


def credit_document(row: CreditNote, books: Organisation, link: str) -> Document | None:
    """None of a supplier's. Raises Unfit."""
    if row.type != SALES_CREDIT:
        return None
    common = _document(row, books)
    return Document(
        **common,
        id=row.id,
        kind=DocumentKind.CREDIT_NOTE,
        number=row.credit_note_number or "",
        due=minor_or_none(row.remaining_credit, row.currency),
        links=unique(each.invoice.id for each in row.allocations),
        link=link,
    )


def _document(row: Invoice | CreditNote, books: Organisation) -> dict[str, object]:
    """Xero tells no total in the home currency: of a foreign document there is the rate alone."""
    currency = row.currency
    total = minor(row.total, currency)
    return {
        "side": "accounting",
        "system": "xero",
        "site": books.site,
        "status": STATUSES[row.status],
        "dated": row.dated,
        "currency": currency,
        "total": total,
        "tax": minor_or_none(row.total_tax, currency),
        "home_total": total if currency == books.home else None,
        "home_currency": books.home,
        "rate": books.home_per_unit(currency, row.currency_rate),
        "lines": _lines(row, currency),
        "references": references(row.reference, *(each.description for each in row.line_items)),
        "customer_id": row.contact.contact_id or "",
        "customer_name": row.contact.name or "",
        "email": row.contact.email_address or "",
        "changed_at": row.updated,
    }


def _lines(row: Invoice | CreditNote, currency: str) -> list[DocumentLine]:
    inclusive = (row.line_amount_types or "").lower() == TAX_IN_LINES
    return [
        _line(each, currency, inclusive=inclusive) for each in row.line_items if each.line_amount is not None
    ]


def _line(line: Line, currency: str, *, inclusive: bool) -> DocumentLine:
    amount, tax = line.line_amount or Decimal(0), line.tax_amount
    net = amount - (tax or Decimal(0)) if inclusive else amount
    return DocumentLine(
        net=exact_minor(net, currency), tax=None if tax is None else exact_minor(tax, currency)
    )
