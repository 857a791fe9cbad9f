"""QuickBooks' transactions as its API has them, what we use of them."""

from datetime import date
from typing import Literal

from pydantic import ConfigDict

from clients.kit.books import Exact, VendorRow
from models.billing import Id, NeededId, When, Words
from models.chartmogul_values import Unfit
from models.money import Currency

Entity = Literal[
    "Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Payment", "Deposit", "JournalEntry"
]
VOIDED = "voided"
"""What a void writes at the start of the private note; its amounts are 0 then. There is no field for it.
https://blogs.intuit.com/2016/04/06/voiding-invoice-objects"""


class Ref(VendorRow):
    model_config = ConfigDict(alias_generator=None)

    value: Id = None
    name: Words = None


class Linked(VendorRow):
    txn_id: Id = None
    txn_type: Words = None

    @property
    def id(self) -> str | None:
        return id_of(self.txn_type, self.txn_id) if self.txn_id and self.txn_type else None


class TaxLineDetail(VendorRow):
    percent_based: bool = False
    tax_percent: Exact | None = None
    net_amount_taxable: Exact | None = None


class TaxLine(VendorRow):
    amount: Exact | None = None
    tax_line_detail: TaxLineDetail | None = None


class TaxDetail(VendorRow):
    total_tax: Exact | None = None
    tax_line: list[TaxLine] = []


class Posting(VendorRow):
    posting_type: Literal["Debit", "Credit"]


class Line(VendorRow):
    amount: Exact | None = None
    description: Words = None
    detail_type: Words = None
    linked_txn: list[Linked] = []
    journal_entry_line_detail: Posting | None = None


class MetaData(VendorRow):
    create_time: When = None
    last_updated_time: When = None


class Mail(VendorRow):
    address: Words = None


class Transaction(VendorRow):
    """Of any entity; which fields there are depends on it."""

    id: NeededId
    doc_number: Words = None
    txn_date: date
    total_amt: Exact | None = None
    balance: Exact | None = None
    unapplied_amt: Exact | None = None
    remaining_credit: Exact | None = None
    home_total_amt: Exact | None = None
    currency_ref: Ref | None = None
    exchange_rate: Exact | None = None
    txn_tax_detail: TaxDetail | None = None
    line: list[Line] = []
    linked_txn: list[Linked] = []
    private_note: Words = None
    customer_memo: Ref | None = None
    payment_ref_num: Words = None
    customer_ref: Ref | None = None
    bill_email: Mail | None = None
    meta_data: MetaData = MetaData()

    @property
    def is_voided(self) -> bool:
        return self.total_amt == 0 and (self.private_note or "").lower().startswith(VOIDED)

    @property
    def notes(self) -> tuple[str | None, ...]:
        memo = self.customer_memo.value if self.customer_memo else None
        texts = (self.private_note, self.payment_ref_num, memo)
        return (*texts, *(line.description for line in self.line))

    def currency(self, home: Currency) -> str:
        """Home where the company has one currency alone: then no transaction names it."""
        return (self.currency_ref.value if self.currency_ref else None) or home

    def total(self) -> Exact:
        """Raises Unfit."""
        if self.total_amt is None:
            raise Unfit("TotalAmt: is missing")
        return self.total_amt


def id_of(entity: str, id: str) -> str:
    """Ids are told with their entity: UNVERIFIED whether an invoice and a payment may have the same."""
    return f"{entity}-{id}"
