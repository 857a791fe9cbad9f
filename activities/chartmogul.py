"""Reading a customer back from ChartMogul."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from activities.definition import step_activity
from clients.chartmogul import ChartMogulClient
from clients.errors import IntegrationError, NotFound, Unauthorized
from models.chartmogul import Customer, CustomerMovement, CustomerNow, Note, Subscription

NOTE_SECONDS = 2.0
"""A run can do without the note: slow notes must not cost the step its local try."""

T = TypeVar("T")


class CustomerQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    account: str
    customer_uuid: str


class ChartMogulActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient]) -> None:
        self._clients = clients

    @step_activity("chartmogul.read_back")
    async def read_back(self, query: CustomerQuery) -> CustomerNow | None:
        """Four reads side by side. None where ChartMogul does not know the customer."""
        client, uuid = self._client(query), query.customer_uuid
        needed = asyncio.gather(
            client.customer(uuid), client.subscriptions(uuid), client.movements(uuid), return_exceptions=True
        )
        (customer, subscriptions, movements), note = await asyncio.gather(needed, _latest_note(client, uuid))
        if isinstance(customer, NotFound):
            return None
        return CustomerNow(
            customer=_read(customer),
            subscriptions=_read(subscriptions),
            movements=_read(movements),
            note=note[0],
            notes_read=note[1],
        )

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
