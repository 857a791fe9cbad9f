"""Many cancellations at once, and lists that stay quick with many movements."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from simulators.control import Control
from tests.simulators.conftest import Receiver, eventually


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
    bodies = simulators.cancel_many(4, over_seconds=2.0)
    eventually(lambda: len(simulators.deliveries()) == 4)
    assert receiver.bodies == bodies
    at = [delivery.at for delivery in simulators.deliveries()]
    assert (at[-1] - at[0]).total_seconds() == pytest.approx(1.5, abs=0.4)


def test_thousand_cancellations_and_their_pages_take_no_time(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    simulators.reset(customers=21_000)
    started = time.perf_counter()
    assert len(simulators.cancel_many(1000, send=False)) == 1000
    assert time.perf_counter() - started < 2
    simulators.cancel_many(19_000, send=False)
    query = {"start-date": (datetime.now(UTC) - timedelta(days=1)).isoformat(), "per_page": "200"}
    took = []
    for _ in range(10):
        started = time.perf_counter()
        page = chartmogul.get("/activities", params=query).json()
        took.append(time.perf_counter() - started)
        assert len(page["entries"]) == 200
        query["cursor"] = page["cursor"]
    # The quickest of ten: what else this machine does is not measured.
    assert min(took) < 0.03
