"""Who a customer is now whose id ChartMogul does not know any more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.survivor import survivor_of
from models.chartmogul import Traces
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.contracts.chartmogul import client_of
from tests.contracts.scripted import Reply, ScriptedServer

THEN = datetime(2026, 5, 20, 7, 2, 18, tzinfo=UTC)


def row(uuid: str, external_id: str, *others: str) -> dict[str, Any]:
    return {"uuid": uuid, "external_id": external_id, "external_ids": [external_id, *others]}


def page(*entries: dict[str, Any]) -> Reply:
    return Reply({"entries": list(entries), "has_more": False, "cursor": None})


def traces_of(simulators: Control, customer: CustomerRow, **without: None) -> Traces:
    """Of a cancellation that has just happened."""
    body = simulators.cancel(customer.uuid, send=False)
    known = {
        "occurred_at": body["date"],
        "subscription_external_id": body["subscription"]["external_id"],
        "customer_external_id": body["customer"]["external_id"],
    }
    return Traces.model_validate(known | without)


async def found(client: ChartMogulClient, gone: str, traces: Traces) -> str | None:
    try:
        return await survivor_of(client, gone, traces)
    finally:
        await client.aclose()


@pytest.mark.parametrize("without", [{}, {"customer_external_id": None}, {"subscription_external_id": None}])
async def test_who_was_merged_is_found_by_the_movement_or_by_the_external_id(
    simulators: Control, without: dict[str, None]
) -> None:
    one, other = [each for each in simulators.customers() if each.mrr][:2]
    traces = traces_of(simulators, one, **without)
    simulators.merge(one.uuid, other.uuid)
    assert await found(client_of(simulators.chartmogul_url), one.uuid, traces) == other.uuid


async def test_who_was_merged_twice_is_found(simulators: Control) -> None:
    one, two, three = [each for each in simulators.customers() if each.mrr][:3]
    traces = traces_of(simulators, one)
    simulators.merge(one.uuid, two.uuid)
    simulators.merge(two.uuid, three.uuid)
    assert await found(client_of(simulators.chartmogul_url), one.uuid, traces) == three.uuid


async def test_who_was_deleted_is_nobody(simulators: Control) -> None:
    one = next(each for each in simulators.customers() if each.mrr)
    traces = traces_of(simulators, one)
    simulators.delete_customer(one.uuid)
    assert await found(client_of(simulators.chartmogul_url), one.uuid, traces) is None


async def test_without_any_trace_nobody_is_looked_for() -> None:
    with ScriptedServer(Reply(status=500)) as server:
        assert await found(client_of(server.url), "cus_old", Traces(occurred_at=THEN)) is None
        assert server.seen == []


@pytest.mark.parametrize(
    ("named", "subscriptions", "who"),
    [
        # somebody else's first id in another data source
        ([row("cus_new", "42")], [], None),
        ([row("cus_new", "42")], ["sub_7"], None),
        # imported anew, under the same ids
        ([row("cus_new", "42")], ["SUB_1 "], "cus_new"),
        # taken over by a merge
        ([row("cus_new", "c-1", "42")], [], "cus_new"),
        ([row("cus_new", "c-1", "42"), row("cus_newer", "c-2", "42")], [], None),
        ([row("cus_old", "c-1", "42")], [], None),
        ([], [], None),
    ],
)
async def test_an_external_id_alone_is_no_proof(
    named: list[dict[str, Any]], subscriptions: list[str], who: str | None
) -> None:
    traces = Traces(occurred_at=THEN, subscription_external_id="sub_1", customer_external_id="42")
    listed = page(*({"external_id": each} for each in subscriptions))
    with ScriptedServer(page(), page(*named), listed) as server:
        assert await found(client_of(server.url), "cus_old", traces) == who
