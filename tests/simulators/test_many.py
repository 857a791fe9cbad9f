"""Many cancellations at once, and lists that stay quick with many movements."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from simulators.app import create_app
from simulators.chartmogul.actions import cancel_many
from simulators.chartmogul.state import ChartMogul
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY, Cancellations, Reset
from simulators.vendors import all_vendors
from simulators.world import World
from tests.simulators.conftest import Receiver
from tests.simulators.counting import counting_calls
from tests.waiting import until_blocking

pytestmark = pytest.mark.slow

ACTIVITIES = "http://simulators/chartmogul/v1/activities"


def test_next_customers_are_cancelled(simulators: Control) -> None:
    first = simulators.customers(limit=1)[0]
    simulators.cancel(first.uuid, send=False)
    bodies = simulators.cancel_many(3, send=False) + simulators.cancel_many(2, send=False)
    assert [body["customer"]["external_id"] for body in bodies] == [f"cus_N{n}" for n in range(1002, 1007)]
    assert {body["movement_type"] for body in bodies} == {"churn"}
    assert {simulators.customer(body["customer"]["uuid"]).status for body in bodies} == {"Cancelled"}


def test_choice_goes_round(simulators: Control) -> None:
    everyone = simulators.cancel_many(195, send=False)
    returned = everyone[10]["customer"]["uuid"]
    simulators.reactivate(returned, send=False)
    (again,) = simulators.cancel_many(1, send=False)
    assert again["customer"]["uuid"] == returned
    with pytest.raises(RuntimeError, match="only 0 customers can be cancelled"):
        simulators.cancel_many(1)


def test_one_case_only(simulators: Control) -> None:
    bodies = simulators.cancel_many(4, case="several", send=False)
    rows = simulators.customers(limit=4, case="several")
    assert [body["customer"]["uuid"] for body in bodies] == [row.uuid for row in rows]


def test_webhooks_are_spread(simulators: Control, receiver: Receiver) -> None:
    asked = datetime.now(UTC)
    bodies = simulators.cancel_many(4, over_seconds=2.0)
    until_blocking(lambda: len(simulators.deliveries()) == 4)
    assert sorted(map(str, receiver.bodies)) == sorted(map(str, bodies))
    at = {delivery.movement: delivery.at for delivery in simulators.deliveries()}
    assert all(at[number] >= asked + timedelta(seconds=number / 2) for number in range(4))


async def test_a_page_costs_the_same_however_many_movements_there_are() -> None:
    few, many = [await calls_of_a_page(movements) for movements in (500, 10_000)]
    assert many < 1.5 * few


async def calls_of_a_page(movements: int) -> int:
    """Functions that are called for a page of 200 of so many movements, the second one of the list."""
    start = Reset(seed=7, customers=movements + 1000)
    world = World("http://simulators", start, all_vendors())
    cancel_many(world.of(ChartMogul), Cancellations(count=movements, send=False))
    query = {"start-date": (datetime.now(UTC) - timedelta(days=1)).isoformat(), "per_page": "200"}
    transport = httpx.ASGITransport(create_app(world))
    async with httpx.AsyncClient(transport=transport, auth=(CHARTMOGUL_KEY, "")) as http:
        first = (await http.get(ACTIVITIES, params=query)).json()
        with counting_calls() as calls:
            page = (await http.get(ACTIVITIES, params=query | {"cursor": first["cursor"]})).json()
    await world.close()
    assert len(page["entries"]) == 200
    return calls.total()
