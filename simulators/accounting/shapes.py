"""Documents and cash of the books, as the side door takes and gives them. Amounts are in minor units."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

DocumentKind = Literal["invoice", "credit_note", "sales_receipt", "refund_receipt", "journal"]
CashKind = Literal["payment", "deposit", "overpayment", "prepayment", "refund"]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Line(_Shape):
    net: int
    tax: int = 0
    text: str = ""


class Applied(_Shape):
    """`to` is a document's number, or the id of what was put into a deposit."""

    to: str
    amount: int


class Entry(_Shape):
    dated: date
    customer: str = "cus_1"
    customer_name: str = "Acme"
    email: str = "ap@acme.example"
    currency: str = Field(default="USD", min_length=3, max_length=3)
    rate: Decimal | None = Field(default=None, gt=0, description="Home units per unit of the currency")
    note: str = ""
    reference: str = ""
    voided: bool = False
    deleted: bool = False
    created: AwareDatetime = Field(default_factory=_now)
    changed: AwareDatetime = Field(default_factory=_now)


class DocumentIn(Entry):
    kind: DocumentKind = "invoice"
    number: str
    lines: list[Line] = Field(min_length=1)
    tax_percent: Decimal | None = None
    draft: bool = False
    due: int | None = Field(default=None, description="All of it where it is not said")
    applied: list[Applied] = Field(default=[], description="Of a credit note: to which invoices")

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    @property
    def total(self) -> int:
        return sum(line.net for line in self.lines) + self.tax

    @property
    def is_void(self) -> bool:
        return self.voided or self.deleted

    @property
    def left(self) -> int:
        if self.is_void or self.kind not in ("invoice", "credit_note"):
            return 0
        return self.total if self.due is None else self.due


class CashIn(Entry):
    kind: CashKind = "payment"
    amount: int
    fee: int = Field(default=0, description="Of a deposit: what the processor kept of it")
    applied: list[Applied] = []
    credits: list[Applied] = Field(default=[], description="Credit notes that it applies as well")
    unapplied: int = 0
    bank_amount: int | None = Field(default=None, description="In the home currency, as it arrived")


class Document(DocumentIn):
    id: int


class Cash(CashIn):
    id: int
