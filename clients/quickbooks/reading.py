"""One month of QuickBooks: its cash, then its documents, with the counts by which both are complete."""

from collections.abc import AsyncIterator

from clients.kit.books import Days, LeftOut, Row, Seen
from clients.quickbooks.cash import cash_entry
from clients.quickbooks.client import QuickBooksClient
from clients.quickbooks.documents import Company, Credits, document
from clients.quickbooks.rows import Entity, Transaction
from models.reconciliation.books import CashEntry, Control, Document, MonthCut

CASH: tuple[Entity, ...] = ("Payment", "Deposit")
BOTH: tuple[Entity, ...] = ("SalesReceipt", "RefundReceipt")
DOCUMENTS: tuple[Entity, ...] = ("Invoice", "CreditMemo", "JournalEntry")

HOW, HOW_AGAIN = "count query", "count query, made again after the reading as the first one was another"


class QuickBooksMonth:
    """Payments come first: they tell which credits were applied to which invoices. Receipts are both, and
    are kept until the documents are asked for."""

    def __init__(self, client: QuickBooksClient, cut: MonthCut, site: str) -> None:
        self._client, self._site = client, site
        self._days = Days.of(cut, client.account.days_around)
        self._company: Company | None = None
        self._credits, self._receipts = Credits(), list[Document]()
        self._calls_before = client.calls
        self.controls, self.changed, self.left_out = list[Control](), list[str](), LeftOut()

    @property
    def calls(self) -> int:
        return self._client.calls - self._calls_before

    @property
    def progress(self) -> dict[str, int]:
        return {each.what: each.read for each in self.controls}

    async def cash(self) -> AsyncIterator[CashEntry]:
        company = self._company = await self._client.company(self._site)
        for entity in (*CASH, *BOTH):
            async for row in self._rows(entity):
                if entity in BOTH and (receipt := self._document(row, entity, company)):
                    self._receipts.append(receipt)
                if entry := self._cash(row, entity, company):
                    yield entry

    async def documents(self) -> AsyncIterator[Document]:
        company = self._company or await self._client.company(self._site)
        for receipt in self._receipts:
            yield receipt
        for entity in DOCUMENTS:
            async for row in self._rows(entity):
                if made := self._document(row, entity, company):
                    yield made

    def _cash(self, row: Transaction, entity: Entity, company: Company) -> CashEntry | None:
        def made(row: Transaction) -> CashEntry | None:
            if entity == "Payment":
                self._credits.note(row, row.currency(company.home))
            return cash_entry(row, entity, company, self._client.account.page(entity, row.id))

        return self.left_out.read(entity, row, row.id, made)

    def _document(self, row: Transaction, entity: Entity, company: Company) -> Document | None:
        link = self._client.account.page(entity, row.id)
        return self.left_out.read(
            entity, row, row.id, lambda row: document(row, entity, company, self._credits, link)
        )

    async def _rows(self, entity: Entity) -> AsyncIterator[Transaction]:
        """Each once; its control follows the last. A transaction that cannot be read is one that was read."""
        first = await self._client.count(entity, self._days)
        seen = Seen(entity, self.changed)
        async for page in self._client.pages(entity, self._days):
            for row in page:
                if self._is_new(seen, row, entity):
                    parsed = self.left_out.read(entity, row, row.get("Id"), Transaction.model_validate)
                    if parsed:
                        yield parsed
        await self._control(entity, seen, first)

    def _is_new(self, seen: Seen, row: Row, entity: Entity) -> bool:
        id = row.get("Id")
        if isinstance(id, str) and id:
            return seen.is_new(id, row)
        self.left_out.add(f"{entity} without an id")
        return False

    async def _control(self, entity: Entity, seen: Seen, first: int) -> None:
        """Where people work while it is read, the count of before is another than that of after."""
        read, expected, how = len(seen), first, HOW
        if read != first:
            expected, how = await self._client.count(entity, self._days), HOW_AGAIN
        if read != first and read == expected:
            self.changed.append(f"{entity}: {first} at first, {expected} at the end")
        control = Control(what=entity, read=read, expected=expected, twice=seen.twice, how=how)
        self.controls.append(control)
