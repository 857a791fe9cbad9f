"""Reading a month of Xero's books."""

from collections.abc import Mapping

from activities.books import BooksReader
from activities.definition import step_activity
from activities.month import Store
from clients.xero.client import XeroClient
from clients.xero.reading import XeroMonth
from models.reconciliation.books import Reading
from models.templates.reconciliation import BooksWork


class XeroActivities:
    """`clients` by the name of the connection, which is that of ChartMogul's account."""

    def __init__(self, clients: Mapping[str, XeroClient], snapshots: Store | None = None) -> None:
        self._reader = BooksReader("xero", clients, snapshots, XeroMonth)

    @step_activity("xero.read_books")
    async def read_books(self, work: BooksWork) -> Reading:
        return await self._reader.read(work)
