"""Reading a customer back from ChartMogul."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from activities.definition import step_activity
from clients.chartmogul import ChartMogulClient
from clients.errors import Unauthorized
from models.chartmogul import Customer, CustomerMovement, Note, Subscription


class CustomerQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    account: str
    customer_uuid: str


class ChartMogulActivities:
    def __init__(self, clients: Mapping[str, ChartMogulClient]) -> None:
        self._clients = clients

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
