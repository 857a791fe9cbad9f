"""Reading a month of QuickBooks's books."""

from collections.abc import Mapping

from activities.books import BooksReader
from activities.definition import step_activity
from activities.month import Store
from clients.quickbooks.client import QuickBooksClient
from clients.quickbooks.reading import QuickBooksMonth
from models.reconciliation.books import Reading
from models.templates.reconciliation import BooksWork


class QuickBooksActivities:
    """`clients` by the name of the connection, which is that of ChartMogul's account."""

    def __init__(self, clients: Mapping[str, QuickBooksClient], snapshots: Store | None = None) -> None:
        self._reader = BooksReader("quickbooks", clients, snapshots, QuickBooksMonth)

    @step_activity("quickbooks.read_books")
    async def read_books(self, work: BooksWork) -> Reading:
        return await self._reader.read(work)
