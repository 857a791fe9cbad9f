"""What every read tool tells of a ChartMogul whose texts are given."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from pydantic import SecretStr

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from ingress.agents.declaration import Caller
from ingress.agents.tools.get_churn import get_churn
from ingress.agents.tools.get_customer import get_customer
from ingress.agents.tools.get_mrr_movements import get_mrr_movements
from ingress.agents.tools.get_subscription_metrics import get_subscription_metrics
from ingress.agents.tools.list_subscriptions import list_subscriptions
from models.agents import Agents
from models.base import Record
from operations.reads.customers import Part
from settings import Settings
from tests.ingress.agents.offered.vendor import serving, uuid_of

DAYS: dict[str, Any] = {"start_date": date(2026, 3, 1), "end_date": date(2026, 3, 31)}


def harmless(count: int) -> list[str]:
    return [f"Harmless {number}" for number in range(count)]


async def answers(settings: Settings, texts: Sequence[str], customers: int) -> AsyncIterator[Record]:
    """Of every read tool, until each text was told in each of its fields; of so many customers one by one."""
    with serving(texts) as url:
        client = ChartMogulClient(ChartMogulAccount(api_key=SecretStr("key"), base_url=url))
        caller = Caller(
            name="bot",
            scopes=frozenset(),
            owner="",
            accounts=("default",),
            settings=settings,
            agents=Agents(reason_attribute="reason"),
            chartmogul={"default": client},
        )
        async for each in _answers(caller, customers):
            yield each
        await client.aclose()


async def _answers(caller: Caller, count: int) -> AsyncIterator[Record]:
    parts: list[Part] = ["subscriptions", "movements", "invoices", "attributes"]
    for number in range(count):
        yield await get_customer(caller, customer=uuid_of(number), include=parts)
    yield await get_subscription_metrics(caller, metrics=["mrr", "arr"], **DAYS)
    for by in ("none", "plan", "customer"):
        async for each in _pages(get_mrr_movements, caller, group_by=by, **DAYS):
            yield each
    async for each in _pages(get_churn, caller, include_scheduled=True, limit=10, **DAYS):
        yield each
    async for each in _pages(list_subscriptions, caller, status="active"):
        yield each


async def _pages(tool: Any, caller: Caller, limit: int = 100, **arguments: Any) -> AsyncIterator[Any]:
    cursor = ""
    while cursor is not None:
        page = await tool(caller, limit=limit, cursor=cursor, **arguments)
        yield page
        cursor = page.next_cursor
