"""A long history that is not held, and what a recalculation makes of it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from simulators.chartmogul.history import END, History
from simulators.kit.control import Control
from simulators.kit.seed import Seed
from tests.simulators.conftest import entries

NOW = datetime.now(UTC)


def past(chartmogul: httpx.Client, uuid: str) -> list[dict[str, Any]]:
    return [row for row in entries(chartmogul, "/activities") if row["customer-uuid"] == uuid]


@pytest.mark.parametrize("movements", [2, 3, 4, 5, 6, 20, 1000])
def test_every_customer_has_so_many_movements(movements: int) -> None:
    seed = Seed(7, 80, movements)
    history = History(seed)
    for number in seed.numbers():
        steps, customer = history.steps(number), seed.customer(number)
        assert len(steps) == movements
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[0].type == "new_biz"
        assert steps[-1].at < END
        assert (
            steps[-1].after
            == sum(step.cents for step in steps)
            == (0 if customer.cancelled else customer.mrr)
        )
        assert all(step.after >= 0 and step.cents for step in steps)
        assert steps[-1].subscription == 1 + sum(step.type == "reactivation" for step in steps)


def test_keys_are_those_of_the_movements_in_order() -> None:
    seed = Seed(7, 50, 12)
    keys = History(seed).keys()
    assert len(keys) == 600
    assert keys[:] == sorted(keys[:])
    assert keys[0] == min((step.at, number * 1000 + i) for number in seed.numbers()
                          for i, step in enumerate(History(seed).steps(number)))  # fmt: skip


def test_long_history_agrees_with_customers_and_subscriptions(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    simulators.reset(seed=7, customers=80, movements=20)
    movements = entries(chartmogul, "/activities")
    assert list(Counter(row["customer-uuid"] for row in movements).values()) == [20] * 80
    balance: dict[str, int] = {}
    for row in movements:
        uuid = row["customer-uuid"]
        balance[uuid] = balance.get(uuid, 0) + row["activity-mrr-movement"]
        assert row["activity-mrr"] == balance[uuid]
    for customer in entries(chartmogul, "/customers"):
        assert customer["mrr"] == balance[customer["uuid"]]
        subscriptions = entries(chartmogul, f"/customers/{customer['uuid']}/subscriptions")
        assert sum(subscription["mrr"] for subscription in subscriptions) == customer["mrr"]


def test_pages_of_a_long_history_lose_nothing(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.reset(seed=7, customers=80, movements=20)
    whole = entries(chartmogul, "/activities")
    assert entries(chartmogul, "/activities", per_page=33) == whole
    assert entries(chartmogul, "/activities", order="-date", per_page=33) == whole[::-1]
    window = {"start-date": whole[100]["date"], "end-date": whole[200]["date"]}
    inside = [row for row in whole if whole[100]["date"] <= row["date"] <= whole[200]["date"]]
    assert entries(chartmogul, "/activities", **window) == inside


def test_past_movement_is_restated(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.reset(seed=7, customers=20, movements=8)
    row = simulators.customers(limit=1)[0]
    before = past(chartmogul, row.uuid)
    restated = simulators.restate(row.uuid, cents=999, index=1, whole_history=True, new_ids=False)
    after = past(chartmogul, row.uuid)
    assert after[1] == restated
    assert after[1]["activity-mrr-movement"] == 999
    assert [a["uuid"] for a in after] == [a["uuid"] for a in before]
    change = 999 - before[1]["activity-mrr-movement"]
    assert [a["activity-mrr"] - b["activity-mrr"] for a, b in zip(after, before, strict=True)][:3] == [
        0,
        change,
        change,
    ]
    again = simulators.restate(row.uuid, cents=1000, index=1, whole_history=True)
    assert again["uuid"] != restated["uuid"]
    assert len(entries(chartmogul, "/activities")) == 160


def test_past_movement_changes_type_and_day(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    day = NOW - timedelta(days=3)
    simulators.restate(row.uuid, type="reactivation", at=day, index=0, whole_history=True)
    [only] = past(chartmogul, row.uuid)
    assert entries(chartmogul, "/activities")[-1] == only
    assert (only["type"], only["date"][:10]) == ("reactivation", day.strftime("%Y-%m-%d"))
    assert chartmogul.get(f"/customers/{row.uuid}").json()["mrr"] == row.mrr


def test_past_movement_is_taken_away(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.reset(seed=7, customers=20, movements=8)
    row = simulators.customers(limit=1)[0]
    before = past(chartmogul, row.uuid)
    simulators.withdraw(row.uuid, 2, whole_history=True)
    after = past(chartmogul, row.uuid)
    assert [a["uuid"] for a in after] == [a["uuid"] for i, a in enumerate(before) if i != 2]
    with pytest.raises(RuntimeError, match="no movement 7"):
        simulators.withdraw(row.uuid, 7, whole_history=True)


def test_hidden_movement_comes_back(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    before = entries(chartmogul, "/activities")
    simulators.hide(row.uuid, 0, whole_history=True)
    assert entries(chartmogul, "/activities") == [a for a in before if a["customer-uuid"] != row.uuid]
    assert chartmogul.get(f"/customers/{row.uuid}").json()["mrr"] == row.mrr
    simulators.show()
    assert entries(chartmogul, "/activities") == before


def test_backdated_movement_moves_later_balances(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.reset(seed=7, customers=20, movements=8)
    row = simulators.customers(limit=1)[0]
    before = past(chartmogul, row.uuid)
    middle = datetime.fromisoformat(before[0]["date"]) + timedelta(seconds=1)
    simulators.expand(row.uuid, cents=700, at=middle.isoformat(), send=False)
    after = past(chartmogul, row.uuid)
    assert len(after) == 9
    assert (after[1]["activity-mrr-movement"], after[1]["activity-mrr"]) == (
        700,
        before[0]["activity-mrr"] + 700,
    )
    assert [a["uuid"] for a in after if a["uuid"] != after[1]["uuid"]] == [b["uuid"] for b in before]


def test_merged_long_histories_are_one(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.reset(seed=7, customers=20, movements=8)
    gone, into = simulators.customers(limit=2)
    simulators.restate(gone.uuid, cents=999, index=1, whole_history=True)
    simulators.merge(gone.uuid, into.uuid)
    rows = past(chartmogul, into.uuid)
    assert len(rows) == 16
    assert rows[-1]["activity-mrr"] == chartmogul.get(f"/customers/{into.uuid}").json()["mrr"]
    simulators.restate(into.uuid, cents=888, index=0, whole_history=True)
    assert 888 in {abs(a["activity-mrr-movement"]) for a in past(chartmogul, into.uuid)}
    assert len(entries(chartmogul, "/activities")) == 160
