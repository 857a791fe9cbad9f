"""Reading a customer back from ChartMogul."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.survivor import survivor_of
from clients.kit.errors import IntegrationError, NotFound, Permanent, Unauthorized
from models.base import Record
from models.chartmogul import CustomerNow, Note, Traces

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


async def read_back(client: ChartMogulClient, query: CustomerQuery) -> CustomerNow | None:
    found = await read_customer(client, query.customer_uuid, lenient=query.traces is not None)
    if query.traces is None:
        return found
    if found is None:
        uuid = await survivor_of(client, query.customer_uuid, query.traces)
    else:
        uuid = found.customer.uuid  # a merge may answer with who is left
    if uuid in (None, query.customer_uuid):
        return found
    return await read_customer(client, uuid, lenient=True)


async def find_payer(client: ChartMogulClient, query: PayerQuery) -> CustomerNow | None:
    if query.customer_uuid and (known := await read_customer(client, query.customer_uuid, lenient=True)):
        return known
    if not query.external_id:
        return None
    found = {each.uuid for each in await client.customers_of(query.external_id, query.data_source)}
    return await read_customer(client, found.pop(), lenient=True) if len(found) == 1 else None


def client_of(clients: Mapping[str, ChartMogulClient], account: str) -> ChartMogulClient:
    """Raises Unauthorized where the account is not set up."""
    if client := clients.get(account):
        return client
    name = f"CHARTMOGUL__{account.upper()}__API_KEY"
    raise Unauthorized("chartmogul", f"No key for account {account!r}: set {name}")


async def read_customer(client: ChartMogulClient, uuid: str, *, lenient: bool) -> CustomerNow | None:
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
