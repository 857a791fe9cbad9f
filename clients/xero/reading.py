"""One month of Xero: its cash, then its documents, with the counts by which both are complete."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from clients.kit.books import Days, LeftOut, Seen
from clients.xero.cash import contradicts, payment_entry, received_entry
from clients.xero.client import IDS, List, XeroClient
from clients.xero.documents import Organisation, credit_document, invoice_document
from clients.xero.rows import BankTransaction, CreditNote, Invoice, Overpayment, Payment, Prepayment
from models.base import Record
from models.reconciliation.books import CashEntry, Control, Document, MonthCut

M = TypeVar("M", bound=Record)
R = TypeVar("R")

INVOICE_PAGE = "AccountsReceivable/View.aspx?InvoiceID="
CREDIT_PAGE = "AccountsReceivable/ViewCreditNote.aspx?creditNoteID="
BANK_PAGE = "Bank/ViewTransaction.aspx?bankTransactionID="

HOW = "pagination.itemCount"
OTHER_WAY = "Payments: what arrived at the bank shows that CurrencyRate means {other}: set {variable}={other}"


class XeroMonth:
    def __init__(self, client: XeroClient, cut: MonthCut, site: str) -> None:
        self._client, self._site = client, site
        self._days = Days.of(cut, client.account.days_around)
        self._books: Organisation | None = None
        self._calls_before = client.calls
        self.controls, self.changed, self.left_out = list[Control](), list[str](), LeftOut()

    @property
    def calls(self) -> int:
        return self._client.calls - self._calls_before

    @property
    def progress(self) -> dict[str, int]:
        return {each.what: each.read for each in self.controls}

    async def cash(self) -> AsyncIterator[CashEntry]:
        books = self._books = await self._client.organisation(self._site)
        page = self._client.account.page
        async for entry in self._made("Payments", Payment, lambda row: self._payment(row, books)):
            yield entry
        async for entry in self._made(
            "Overpayments", Overpayment, lambda row: received_entry(row, books, "")
        ):
            yield entry
        async for entry in self._made("Prepayments", Prepayment, lambda row: received_entry(row, books, "")):
            yield entry
        async for entry in self._made(
            "BankTransactions",
            BankTransaction,
            lambda row: received_entry(row, books, page(BANK_PAGE, row.id)),
        ):
            yield entry

    async def documents(self) -> AsyncIterator[Document]:
        books = self._books or await self._client.organisation(self._site)
        page = self._client.account.page
        async for made in self._made(
            "Invoices", Invoice, lambda row: invoice_document(row, books, page(INVOICE_PAGE, row.id))
        ):
            yield made
        async for made in self._made(
            "CreditNotes", CreditNote, lambda row: credit_document(row, books, page(CREDIT_PAGE, row.id))
        ):
            yield made

    def _payment(self, row: Payment, books: Organisation) -> CashEntry | None:
        link = (
            self._client.account.page(INVOICE_PAGE, row.invoice.id) if row.invoice and row.invoice.id else ""
        )
        entry = payment_entry(row, books, link)
        if entry and contradicts(row, books):
            other = "base_per_foreign" if books.rate_is == "foreign_per_base" else "foreign_per_base"
            variable = f"XERO__{self._site.upper()}__CURRENCY_RATE"
            self.left_out.add(OTHER_WAY.format(other=other, variable=variable))
        return entry

    async def _made(self, kind: List, model: type[M], made: Callable[[M], R | None]) -> AsyncIterator[R]:
        """Each row once; its control follows the last."""
        seen, totals = Seen(kind, self.changed), dict[int | None, None]()
        async for page in self._client.pages(kind, self._days):
            totals[page.all] = None
            for row in page.rows:
                id = row.get(IDS[kind])
                if not isinstance(id, str) or not id:
                    self.left_out.add(f"{kind} without an id")
                elif seen.is_new(id, row):
                    parsed = self.left_out.read(kind, row, id, model.model_validate)
                    if (
                        parsed is not None
                        and (found := self.left_out.read(kind, parsed, id, made)) is not None
                    ):
                        yield found
        self._control(kind, seen, [*totals])

    def _control(self, kind: str, seen: Seen, totals: list[int | None]) -> None:
        """Where people work while it is read, the last page's count is that of the end."""
        if len(totals) > 1:
            self.changed.append(f"{kind}: {totals[0]} at first, {totals[-1]} at the end")
        control = Control(what=kind, read=len(seen), expected=totals[-1], twice=seen.twice, how=HOW)
        self.controls.append(control)
