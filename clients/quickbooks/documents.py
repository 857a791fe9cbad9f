"""QuickBooks' invoices, credit memos, receipts and journal entries as documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from clients.kit.books import exact_minor, minor, minor_or_none, references, unique
from clients.quickbooks.rows import Entity, Line, Transaction, id_of
from models.chartmogul_values import Unfit
from models.money import Currency
from models.reconciliation.books import Document, DocumentKind, DocumentLine, DocumentStatus

KINDS: Mapping[Entity, DocumentKind] = {
    "Invoice": DocumentKind.INVOICE,
    "CreditMemo": DocumentKind.CREDIT_NOTE,
    "SalesReceipt": DocumentKind.SALES_RECEIPT,
    "RefundReceipt": DocumentKind.REFUND_RECEIPT,
    "JournalEntry": DocumentKind.JOURNAL,
}
PAID_AT_ONCE = {DocumentKind.SALES_RECEIPT, DocumentKind.REFUND_RECEIPT, DocumentKind.JOURNAL}
NO_LINES = {"SubTotalLineDetail", "DescriptionOnly"}
DISCOUNT = "DiscountLineDetail"


@dataclass(frozen=True)
class Company:
    """Whose books they are. `home` is its currency."""

    site: str
    home: Currency
    name: str = ""
    several_currencies: bool = False


@dataclass
class Credits:
    """Which credit memos payments have applied to which invoices, where the payments say it clearly."""

    invoices_of: dict[str, list[str]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    """By invoice, in minor units."""

    def note(self, payment: Transaction, currency: str) -> None:
        """Of a payment of several credits and several invoices with money in it nobody can say which took
        how much: then no amount is noted."""
        invoices, credits = _applied(payment, "Invoice"), _applied(payment, "CreditMemo")
        if not credits:
            return
        for memo in credits:
            known = self.invoices_of.setdefault(memo, [])
            known += [each for each in invoices if each not in known]
        if len(invoices) == 1:
            shares = {next(iter(invoices)): sum(credits.values(), Decimal(0))}
        else:
            shares = invoices if payment.total_amt == 0 else {}
        for invoice, amount in shares.items():
            self.taken[invoice] = self.taken.get(invoice, 0) + minor(amount, currency)


def document(row: Transaction, entity: Entity, company: Company, credits: Credits, link: str) -> Document:
    """Raises Unfit."""
    kind, currency, id = KINDS[entity], row.currency(company.home), id_of(entity, row.id)
    total = _debits(row) if kind is DocumentKind.JOURNAL else row.total()
    tax = row.txn_tax_detail.total_tax if row.txn_tax_detail else None
    due = row.balance if kind is DocumentKind.INVOICE else row.remaining_credit
    return Document(
        side="accounting",
        system="quickbooks",
        site=company.site,
        id=id,
        kind=kind,
        number=row.doc_number or "",
        status=_status(row, kind, due),
        dated=row.txn_date,
        currency=currency,
        total=minor(total, currency),
        tax=minor_or_none(tax, currency),
        due=0 if kind in PAID_AT_ONCE else minor_or_none(due, currency),
        home_total=_home_total(row, total, currency, company.home),
        home_currency=company.home,
        rate=Decimal(1) if currency == company.home else row.exchange_rate,
        from_balance=credits.taken.get(id, 0),
        lines=_lines(row, currency),
        references=references(*row.notes),
        links=unique([*credits.invoices_of.get(id, []), *(each.id for each in row.linked_txn)]),
        customer_id=(row.customer_ref.value if row.customer_ref else None) or "",
        customer_name=(row.customer_ref.name if row.customer_ref else None) or "",
        email=(row.bill_email.address if row.bill_email else None) or "",
        created_at=row.meta_data.create_time,
        changed_at=row.meta_data.last_updated_time,
        link=link,
    )


def _status(row: Transaction, kind: DocumentKind, due: Decimal | None) -> DocumentStatus:
    """There is none in QuickBooks. What is written off has a credit memo or a journal entry of its own."""
    if row.is_voided:
        return DocumentStatus.VOIDED
    return DocumentStatus.PAID if kind in PAID_AT_ONCE or due == 0 else DocumentStatus.OPEN


def _home_total(row: Transaction, total: Decimal, currency: str, home: str) -> int | None:
    """What QuickBooks does not tell is not reckoned here: whose rate it was is what people ask."""
    if currency == home:
        return minor(total, home)
    return minor_or_none(row.home_total_amt, home)


def _debits(row: Transaction) -> Decimal:
    amounts = [
        line.amount
        for line in row.line
        if line.amount is not None
        and line.journal_entry_line_detail
        and line.journal_entry_line_detail.posting_type == "Debit"
    ]
    if not amounts:
        raise Unfit("has no line with a debit")
    return sum(amounts, Decimal(0))


def _lines(row: Transaction, currency: str) -> list[DocumentLine]:
    """Without sums. Tax is told for the whole document; its rate for each line where all have the same. A
    credit of a journal entry is negative."""
    nets = [
        _net(each, each.amount)
        for each in row.line
        if each.amount is not None and each.detail_type not in NO_LINES
    ]
    percent = _one_rate(row, sum(nets, Decimal(0)))
    return [DocumentLine(net=exact_minor(net, currency), tax_percent=percent) for net in nets]


def _net(line: Line, amount: Decimal) -> Decimal:
    posting = line.journal_entry_line_detail
    takes_off = line.detail_type == DISCOUNT or (posting is not None and posting.posting_type == "Credit")
    return -amount if takes_off else amount


def _one_rate(row: Transaction, net: Decimal) -> Decimal | None:
    lines = row.txn_tax_detail.tax_line if row.txn_tax_detail else []
    detail = lines[0].tax_line_detail if len(lines) == 1 else None
    if detail is None or not detail.percent_based or detail.net_amount_taxable != net:
        return None
    return detail.tax_percent


def _applied(payment: Transaction, entity: str) -> dict[str, Decimal]:
    """Amounts by id."""
    found: dict[str, Decimal] = {}
    for line in payment.line:
        for linked in line.linked_txn:
            if linked.txn_type == entity and linked.id and line.amount is not None:
                found[linked.id] = found.get(linked.id, Decimal(0)) + line.amount
    return found
