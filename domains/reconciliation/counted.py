"""ChartMogul's invoices as documents, to stand beside billing's and the books'."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from models.minor_units import ISO_4217, USUAL
from models.reconciliation.books import CountedLine, Document, DocumentKind, DocumentStatus
from models.zones import day_in

STATUS: Mapping[str, DocumentStatus] = {
    "open": DocumentStatus.OPEN,
    "paid": DocumentStatus.PAID,
    "refunded": DocumentStatus.PAID,
    "written_off": DocumentStatus.WRITTEN_OFF,
    "voided": DocumentStatus.VOIDED,
}


def documents_of(lines: Iterable[CountedLine], account: str, time_zone: str) -> list[Document]:
    """A document for each invoice whose lines count, by its id."""
    of: dict[str, list[CountedLine]] = defaultdict(list)
    for line in lines:
        if not line.disabled and not line.errors:
            of[line.invoice].append(line)
    return [_document(id, found, account, time_zone) for id, found in sorted(of.items())]


def _document(id: str, lines: list[CountedLine], account: str, time_zone: str) -> Document:
    first = lines[0]
    total, tax = (minor(sum(values), first.currency) for values in _amounts(lines))
    return Document(
        side="chartmogul",
        system="chartmogul",
        site=account,
        id=id,
        kind=DocumentKind.CREDIT_NOTE if total < 0 else DocumentKind.INVOICE,
        number=first.invoice_external_id,
        status=STATUS.get(first.invoice_status.casefold(), DocumentStatus.OPEN),
        dated=day_in(time_zone, first.invoice_at) if first.invoice_at else None,
        at=first.invoice_at,
        currency=first.currency,
        total=abs(total),
        tax=abs(tax),
        references=[first.invoice_external_id] if first.invoice_external_id else [],
        customer_id=first.customer_external_id,
    )


def _amounts(lines: list[CountedLine]) -> tuple[list[int], list[int]]:
    return [each.amount for each in lines], [each.tax for each in lines]


def minor(cents: int, currency: str) -> int:
    """Of ChartMogul's hundredths. UNVERIFIED for currencies without decimals: taken as hundredths, too."""
    decimals = ISO_4217.get(currency, USUAL)
    return int((Decimal(cents).scaleb(decimals - 2)).to_integral_value())
