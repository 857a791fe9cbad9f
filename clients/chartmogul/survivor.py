"""Who a customer is now whose id ChartMogul does not know any more: of merged customers one id stays.

The other's movements, subscriptions and external ids go over to the one that stays. Nothing says so under
the old id, which answers 404, as one that was deleted does.
"""

from collections.abc import Iterable
from datetime import timedelta

from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import NotFound
from models.chartmogul import Activity, Customer, Traces

SECOND = timedelta(seconds=1)
CANDIDATES = 5
"""Customers of one external id that are looked at: each data source may have one."""


async def survivor_of(client: ChartMogulClient, gone: str, traces: Traces) -> str | None:
    """The uuid of the one customer that has what `gone` had; None where none has, or several do."""
    found = await _who_has_the_movement(client, traces) - {gone}
    found = found or await _who_has_the_external_id(client, traces) - {gone}
    return found.pop() if len(found) == 1 else None


async def _who_has_the_movement(client: ChartMogulClient, traces: Traces) -> set[str]:
    if traces.subscription_external_id is None:
        return set()
    rows = await client.live_activities(traces.occurred_at, traces.occurred_at + SECOND)
    return {row.customer_uuid.strip() for row in rows if _is_of(row, traces.subscription_external_id)}


async def _who_has_the_external_id(client: ChartMogulClient, traces: Traces) -> set[str]:
    if traces.customer_external_id is None:
        return set()
    named = await client.customers_of(traces.customer_external_id)
    return {each.uuid for each in named[:CANDIDATES] if await _has_it_all(client, each, traces)}


async def _has_it_all(client: ChartMogulClient, customer: Customer, traces: Traces) -> bool:
    """Another data source may use the same id for somebody else: of that one it would be the first id."""
    if customer.external_id != traces.customer_external_id:
        return traces.customer_external_id in customer.external_ids
    if traces.subscription_external_id is None:
        return False
    try:
        subscriptions = await client.subscriptions(customer.uuid)
    except NotFound:
        return False
    return _among(traces.subscription_external_id, (each.external_id for each in subscriptions))


def _is_of(row: Activity, subscription: str) -> bool:
    return _among(subscription, [row.subscription_external_id])


def _among(wanted: str, ids: Iterable[str | None]) -> bool:
    return wanted.strip().casefold() in {(each or "").strip().casefold() for each in ids}
