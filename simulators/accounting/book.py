"""The books: the simulated billing's invoices, by their numbers, and what is added or changed here."""

from decimal import Decimal
from itertools import count
from typing import Any

from simulators.accounting.shapes import Applied, Cash, CashIn, Document, DocumentIn, Line
from simulators.billing.books import Bill, Bills
from simulators.chartmogul.rows import EUR_PER_USD
from simulators.kit.seed import Seed

HOME = "USD"
FIRST_ADDED = 1_000_000_000
PER_CUSTOMER, PER_BILL = 1_000, 10
RATES = {"EUR": Decimal(1) / Decimal(str(EUR_PER_USD))}


class Book:
    """Billing's part is made when it is first asked for. Every entry has an id of its own."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._ids = count(FIRST_ADDED)
        self._documents: dict[int, Document] | None = None
        self._cash: dict[int, Cash] = {}
        self._index: _Index | None = None
        self.raw: dict[int, dict[str, Any]] = {}
        """Fields of the vendor's rows that are set by hand, by id."""

    def clear(self) -> None:
        self._documents, self._cash, self._index = {}, {}, None

    def documents(self) -> list[Document]:
        """By id."""
        known = self._known()
        return [known[id] for id in sorted(known)]

    def cash(self) -> list[Cash]:
        self._known()
        return [self._cash[id] for id in sorted(self._cash)]

    def document(self, number: str) -> Document | None:
        return self._indexed().documents.get(number)

    def paying(self, number: str) -> list[Cash]:
        """What was applied to the document, and what applies it."""
        return self._indexed().paying.get(number, [])

    def crediting(self, number: str) -> list[Document]:
        return self._indexed().crediting.get(number, [])

    def _indexed(self) -> "_Index":
        if self._index is None:
            self._index = _Index(self.documents(), self.cash())
        return self._index

    def add_document(self, given: DocumentIn) -> Document:
        made = Document(**given.model_dump(), id=next(self._ids))
        self._known()[made.id] = made
        self._index = None
        return made

    def add_cash(self, given: CashIn) -> Cash:
        self._known()
        self._index = None
        made = Cash(**given.model_dump(), id=next(self._ids))
        self._cash[made.id] = made
        return made

    def change(self, id: int, changes: dict[str, Any]) -> Document | Cash | None:
        """Raises pydantic's ValidationError."""
        known, self._index = self._known(), None
        if id in known:
            known[id] = Document.model_validate(known[id].model_dump() | changes)
            return known[id]
        if id in self._cash:
            self._cash[id] = Cash.model_validate(self._cash[id].model_dump() | changes)
            return self._cash[id]
        return None

    def remove(self, id: int) -> bool:
        self._index = None
        return bool(self._known().pop(id, None) or self._cash.pop(id, None))

    def _known(self) -> dict[int, Document]:
        if self._documents is None:
            self._documents = {}
            for bill in Bills(self._seed).newest_first():
                document = _document(bill)
                self._documents[document.id] = document
                if bill.status == "paid" and bill.minor:
                    payment = _payment(bill, document)
                    self._cash[payment.id] = payment
        return self._documents


class _Index:
    """By a document's number."""

    def __init__(self, documents: list[Document], cash: list[Cash]) -> None:
        self.documents = {each.number: each for each in reversed(documents)}
        self.paying: dict[str, list[Cash]] = {}
        self.crediting: dict[str, list[Document]] = {}
        for entry in cash:
            for number in {part.to for part in (*entry.applied, *entry.credits)}:
                self.paying.setdefault(number, []).append(entry)
        for document in documents:
            for part in document.applied:
                self.crediting.setdefault(part.to, []).append(document)


def _document(bill: Bill) -> Document:
    """Dated by the day in UTC, as a sync tool that was left as it is does."""
    return Document(
        id=_id(bill, 1),
        number=bill.number,
        dated=bill.created.date(),
        customer=bill.customer.external_id,
        customer_name=bill.customer.company,
        email=bill.customer.email,
        currency=bill.currency,
        rate=RATES.get(bill.currency),
        note=f"Invoice {bill.id} of {bill.subscription}",
        voided=bill.status == "voided",
        created=bill.created,
        changed=bill.changed_at,
        lines=[Line(net=bill.minor, text=bill.customer.plan.name)],
        due=0 if bill.status == "paid" else bill.minor,
    )


def _payment(bill: Bill, document: Document) -> Cash:
    paid = bill.attempts[-1] if bill.attempts else None
    at = paid.at if paid else bill.created
    return Cash(
        id=_id(bill, 2),
        dated=at.date(),
        customer=document.customer,
        customer_name=document.customer_name,
        currency=bill.currency,
        rate=document.rate,
        amount=bill.minor,
        applied=[Applied(to=bill.number, amount=bill.minor)],
        reference=paid.id if paid else "",
        created=at,
        changed=at,
    )


def _id(bill: Bill, part: int) -> int:
    index = int(bill.id.rpartition("_")[2])
    return bill.customer.number * PER_CUSTOMER + index * PER_BILL + part
