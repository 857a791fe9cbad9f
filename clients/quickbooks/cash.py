"""QuickBooks' payments, deposits and receipts as cash."""

from decimal import Decimal

from clients.kit.books import minor, references, unique
from clients.quickbooks.documents import Company
from clients.quickbooks.rows import Entity, Transaction, id_of
from models.reconciliation.books import CashEntry, CashKind

KINDS: dict[Entity, CashKind] = {
    "Payment": CashKind.PAYMENT,
    "SalesReceipt": CashKind.PAYMENT,
    "RefundReceipt": CashKind.REFUND,
    "Deposit": CashKind.DEPOSIT,
}


def cash_entry(row: Transaction, entity: Entity, company: Company, link: str) -> CashEntry | None:
    """None where no money moved: a payment of 0 only applies a credit. Raises Unfit."""
    currency, total = row.currency(company.home), row.total()
    if total == 0 and not row.is_voided:
        return None
    at_home = currency == company.home
    return CashEntry(
        side="accounting",
        system="quickbooks",
        site=company.site,
        id=id_of(entity, row.id),
        kind=KINDS[entity],
        voided=row.is_voided,
        dated=row.txn_date,
        currency=currency,
        amount=minor(total, currency),
        fee=_fee(row, currency) if entity == "Deposit" else None,
        home_amount=minor(total, company.home) if at_home else None,
        home_currency=company.home,
        rate=Decimal(1) if at_home else row.exchange_rate,
        unapplied=minor(row.unapplied_amt or Decimal(0), currency),
        documents=_documents(row, entity),
        payout=next((each.id for each in row.linked_txn if each.id and each.txn_type == "Deposit"), ""),
        references=references(row.doc_number, *row.notes),
        customer_id=(row.customer_ref.value if row.customer_ref else None) or "",
        customer_name=(row.customer_ref.name if row.customer_ref else None) or "",
        link=link,
    )


def _documents(row: Transaction, entity: Entity) -> list[str]:
    """A receipt is its own document; of a deposit it is what was put into it."""
    if entity in ("SalesReceipt", "RefundReceipt"):
        return [id_of(entity, row.id)]
    return unique(linked.id for line in row.line for linked in line.linked_txn)


def _fee(row: Transaction, currency: str) -> int | None:
    """Negative lines of a deposit that are no transaction of their own: what the processor kept."""
    kept = [
        -line.amount
        for line in row.line
        if line.amount is not None and line.amount < 0 and not line.linked_txn
    ]
    return minor(sum(kept, Decimal(0)), currency) if kept else None
