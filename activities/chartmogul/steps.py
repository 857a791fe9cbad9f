"""Reading a customer back from ChartMogul, and changing it. What each change does stands in the module of its
object."""

from collections.abc import Mapping

from activities.chartmogul.correcting import correct_line, switch_invoice
from activities.chartmogul.customer import delete_customer, save_customer
from activities.chartmogul.event import import_event
from activities.chartmogul.fields import set_attributes, set_tags
from activities.chartmogul.merging import merge_customers
from activities.chartmogul.reading import CustomerQuery, PayerQuery, client_of, find_payer, read_back
from activities.chartmogul.undoing import undo, without_a_way_back
from activities.definition import step_activity
from activities.month import Books, Store
from clients.chartmogul.books.reader import ChartMogulBooks
from clients.chartmogul.client import ChartMogulClient
from clients.kit.tables import BooksReader
from models.billing import InvoiceNow, InvoiceQuery
from models.chartmogul import Customer, CustomerMovement, CustomerNow, Note, Subscription
from models.chartmogul_invoices import invoice_now
from models.chartmogul_writes import (
    AttributesWrite,
    CustomerWrite,
    DeletionWrite,
    EventWrite,
    InvoiceWrite,
    LineWrite,
    MergeWrite,
    TagsWrite,
)
from models.effects import Effect
from models.reconciliation.books import MonthCut, Reading
from models.templates.reconciliation import BooksWork
from models.undo import Undoing, Undone


class ChartMogulActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient], snapshots: Store | None = None) -> None:
        self._clients = clients
        self._books = Books("chartmogul", clients, _reader, snapshots)

    @step_activity("chartmogul.read_back")
    async def read_back(self, query: CustomerQuery) -> CustomerNow | None:
        """Four reads side by side. None where ChartMogul does not know the customer, or the one it was
        merged into."""
        return await read_back(self._client(query.account), query)

    @step_activity("chartmogul.find_payer")
    async def find_payer(self, query: PayerQuery) -> CustomerNow | None:
        """Whom the billing system means; who was merged is found by the billing system's id. None where
        ChartMogul does not know them yet, or knows several of that id."""
        return await find_payer(self._client(query.account), query)

    @step_activity("chartmogul.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        invoice = await self._client(query.account).invoice(query.invoice, query.data_source)
        return invoice_now(invoice) if invoice else None

    @step_activity("chartmogul.change_tags", looks_first=True)
    async def change_tags(self, write: TagsWrite) -> Effect:
        """Put tags on and take tags off; all others stay."""
        return await set_tags(self._client(write.account).customer_writes, write)

    @step_activity("chartmogul.set_attributes", looks_first=True)
    async def set_attributes(self, write: AttributesWrite) -> Effect:
        """Set custom attributes, and remove some; all others stay."""
        return await set_attributes(self._client(write.account).customer_writes, write)

    @step_activity("chartmogul.save_customer", looks_first=True)
    async def save_customer(self, write: CustomerWrite) -> Effect:
        """Change fields of a customer, or make a new one."""
        return await save_customer(self._client(write.account).customer_writes, write)

    @step_activity("chartmogul.import_event", looks_first=True)
    async def import_event(self, write: EventWrite) -> Effect:
        return await import_event(self._client(write.account).event_writes, write)

    @step_activity("chartmogul.merge_customers", looks_first=True)
    async def merge_customers(self, write: MergeWrite) -> Effect:
        """ChartMogul does it later. Raises OutcomeUnknown until it has: the durable tries go on looking."""
        return await merge_customers(self._client(write.account).customer_writes, write)

    @step_activity("chartmogul.delete_customer", looks_first=True)
    async def delete_customer(self, write: DeletionWrite) -> Effect:
        return await delete_customer(self._client(write.account), write)

    @step_activity("chartmogul.correct_line", looks_first=True)
    async def correct_line(self, write: LineWrite) -> Effect:
        """As a person's edit, which stays over the next import."""
        return await correct_line(self._client(write.account).invoice_writes, write)

    @step_activity("chartmogul.switch_invoice", looks_first=True)
    async def switch_invoice(self, write: InvoiceWrite) -> Effect:
        return await switch_invoice(self._client(write.account).invoice_writes, write)

    @step_activity("chartmogul.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        """Take back one of the effects of the steps above."""
        return without_a_way_back(undoing) or await undo(self._client(undoing.account), undoing)

    @step_activity("chartmogul.read_books")
    async def read_books(self, work: BooksWork) -> Reading:
        """Its site is an account."""
        return await self._books.read(work)

    # These four are for runs that began before there was read_back.

    @step_activity("chartmogul.read_customer")
    async def read_customer(self, query: CustomerQuery) -> Customer:
        return await self._client(query.account).customer(query.customer_uuid)

    @step_activity("chartmogul.read_subscriptions")
    async def read_subscriptions(self, query: CustomerQuery) -> list[Subscription]:
        return await self._client(query.account).subscriptions(query.customer_uuid)

    @step_activity("chartmogul.read_movements")
    async def read_movements(self, query: CustomerQuery) -> list[CustomerMovement]:
        return await self._client(query.account).movements(query.customer_uuid)

    @step_activity("chartmogul.read_latest_note")
    async def read_latest_note(self, query: CustomerQuery) -> Note | None:
        return await self._client(query.account).latest_note(query.customer_uuid)

    def _client(self, account: str) -> ChartMogulClient:
        return client_of(self._clients, account)


def _reader(client: ChartMogulClient, cut: MonthCut, site: str, customers: list[str]) -> BooksReader:
    return ChartMogulBooks(client, cut, site, customers=customers)
