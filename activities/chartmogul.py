"""Reading a customer back from ChartMogul."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from activities.definition import step_activity
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.survivor import survivor_of
from clients.kit.errors import IntegrationError, NotFound, Permanent, Unauthorized
from models.base import Record
from models.billing import InvoiceNow, InvoiceQuery
from models.chartmogul import Customer, CustomerMovement, CustomerNow, Note, Subscription, Traces
from models.chartmogul_invoices import invoice_now

NOTE_SECONDS = 2.0
"""A run can do without the note: slow notes must not cost the step its local try."""

T = TypeVar("T")


class CustomerQuery(Record):
    """`traces` lets the step find who was merged, and go on where a list is refused for good."""

    account: str
    customer_uuid: str
    traces: Traces | None = None


class PayerQuery(Record):
    """By ChartMogul's id of the customer, else by the billing system's."""

    account: str
    customer_uuid: str = ""
    external_id: str | None = None
    data_source: str = ""


class ChartMogulActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient]) -> None:
        self._clients = clients

    @step_activity("chartmogul.read_back")
    async def read_back(self, query: CustomerQuery) -> CustomerNow | None:
        """Four reads side by side. None where ChartMogul does not know the customer, or the one it was
        merged into."""
        client = self._client(query)
        found = await _read_customer(client, query.customer_uuid, lenient=query.traces is not None)
        if query.traces is None:
            return found
        if found is None:
            uuid = await survivor_of(client, query.customer_uuid, query.traces)
        else:
            uuid = found.customer.uuid  # a merge may answer with who is left
        if uuid in (None, query.customer_uuid):
            return found
        return await _read_customer(client, uuid, lenient=True)

    @step_activity("chartmogul.find_payer")
    async def find_payer(self, query: PayerQuery) -> CustomerNow | None:
        """Whom the billing system means; who was merged is found by the billing system's id. None where
        ChartMogul does not know them yet, or knows several of that id."""
        client = client_of(self._clients, query.account)
        if query.customer_uuid and (known := await _read_customer(client, query.customer_uuid, lenient=True)):
            return known
        if not query.external_id:
            return None
        found = {each.uuid for each in await client.customers_of(query.external_id, query.data_source)}
        return await _read_customer(client, found.pop(), lenient=True) if len(found) == 1 else None

    @step_activity("chartmogul.read_invoice")
    async def read_invoice(self, query: InvoiceQuery) -> InvoiceNow | None:
        client = client_of(self._clients, query.account)
        invoice = await client.invoice(query.invoice, query.data_source)
        return invoice_now(invoice) if invoice else None

    # These four are for runs that began before there was read_back.

    @step_activity("chartmogul.read_customer")
    async def read_customer(self, query: CustomerQuery) -> Customer:
        return await self._client(query).customer(query.customer_uuid)

    @step_activity("chartmogul.read_subscriptions")
    async def read_subscriptions(self, query: CustomerQuery) -> list[Subscription]:
        return await self._client(query).subscriptions(query.customer_uuid)

    @step_activity("chartmogul.read_movements")
    async def read_movements(self, query: CustomerQuery) -> list[CustomerMovement]:
        return await self._client(query).movements(query.customer_uuid)

    @step_activity("chartmogul.read_latest_note")
    async def read_latest_note(self, query: CustomerQuery) -> Note | None:
        return await self._client(query).latest_note(query.customer_uuid)

    def _client(self, query: CustomerQuery) -> ChartMogulClient:
        return client_of(self._clients, query.account)


def client_of(clients: Mapping[str, ChartMogulClient], account: str) -> ChartMogulClient:
    """Raises Unauthorized where the account is not set up."""
    if client := clients.get(account):
        return client
    name = f"CHARTMOGUL__{account.upper()}__API_KEY"
    raise Unauthorized("chartmogul", f"No key for account {account!r}: set {name}")


async def _read_customer(client: ChartMogulClient, uuid: str, *, lenient: bool) -> CustomerNow | None:
    """`lenient`: a list that is refused for good is named in `unread`, and empty."""
    needed = asyncio.gather(
        client.customer(uuid), client.subscriptions(uuid), client.movements(uuid), return_exceptions=True
    )
    (customer, subscriptions, movements), note = await asyncio.gather(needed, _latest_note(client, uuid))
    if isinstance(customer, NotFound):
        return None
    lists = {"subscriptions": subscriptions, "movements": movements}
    unread = (
        {name: str(each) for name, each in lists.items() if isinstance(each, Permanent)} if lenient else {}
    )
    return CustomerNow(
        customer=_read(customer),
        **{name: [] if name in unread else _read(each) for name, each in lists.items()},
        note=note[0],
        notes_read=note[1],
        unread=unread,
    )


async def _latest_note(client: ChartMogulClient, uuid: str) -> tuple[Note | None, bool]:
    """The note, and whether it could be read: the reason may stand in it, no more."""
    try:
        async with asyncio.timeout(NOTE_SECONDS):
            return await client.latest_note(uuid), True
    except (IntegrationError, TimeoutError):
        return None, False


def _read(found: T | BaseException) -> T:
    if isinstance(found, BaseException):
        raise found
    return found
