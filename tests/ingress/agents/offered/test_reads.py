"""What tools tell of ChartMogul, held against what its simulator was seeded with."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from ingress.agents.declaration import Caller, ToolFailed
from ingress.agents.tools.get_churn import get_churn
from ingress.agents.tools.get_customer import get_customer
from ingress.agents.tools.get_mrr_movements import get_mrr_movements
from ingress.agents.tools.get_subscription_metrics import get_subscription_metrics
from ingress.agents.tools.list_subscriptions import list_subscriptions
from models.metrics import CustomValue, MetricFilter
from operations.reads.customers import Part
from simulators.kit.control import Control
from tests.ingress.agents.offered.conftest import TODAY, CallerOf

FIRST, LAST = date(2022, 1, 1), date(2025, 12, 31)
"""All that the seed has."""

YEAR: dict[str, Any] = {"start_date": date(2024, 1, 1), "end_date": date(2024, 12, 31)}


async def test_one_metric_comes_with_its_parts_and_several_in_one_call(
    caller: Caller, simulators: Control
) -> None:
    mrr = await get_subscription_metrics(
        caller, metrics=["mrr"], start_date=FIRST, end_date=LAST, interval="year"
    )
    before = len(simulators.calls("chartmogul"))
    both = await get_subscription_metrics(
        caller, metrics=["mrr", "customer_count"], start_date=FIRST, end_date=LAST, interval="year"
    )
    assert len(simulators.calls("chartmogul")) == before + 1
    assert [each["date"] for each in mrr.points] == [f"{year}-12-31" for year in range(2022, 2026)]
    parts = [name for name in mrr.points[0] if name not in ("date", "mrr_cents")]
    assert sum(mrr.points[0][name] for name in parts) == mrr.points[0]["mrr_cents"]
    assert [each["mrr_cents"] for each in both.points] == [each["mrr_cents"] for each in mrr.points]
    assert both.units == {"mrr_cents": "cents", "customers": "customers"}
    assert both.summary["customers"].current == both.points[-1]["customers"]
    assert (both.account, both.currency, both.time_zone) == ("default", "USD", "Europe/Berlin")
    assert both.untrusted_fields == []


async def customers_at_end(caller: Caller, **more: Any) -> int:
    found = await get_subscription_metrics(
        caller, metrics=["customer_count"], start_date=LAST, end_date=LAST, **more
    )
    count: int = found.points[-1]["customers"]
    return count


async def test_metrics_of_some_customers_add_up_to_those_of_all(caller: Caller, simulators: Control) -> None:
    everybody = await customers_at_end(caller)
    places = [await customers_at_end(caller, countries=[each]) for each in ("NO", "DE", "US", "PL", "GB")]
    assert sum(places) == everybody
    assert 0 < await customers_at_end(caller, plans=["team-monthly", "Scale Monthly"]) < everybody
    tagged = await customers_at_end(caller, filter=MetricFilter(tags=["beta", "none of these"]))
    assert 0 < tagged < everybody
    few = MetricFilter(tags=["beta"], least_quantity=5, custom=[CustomValue(key="channel", value="Ads")])
    assert await customers_at_end(caller, filter=few) < tagged


async def test_a_value_cannot_end_its_place_in_a_filter() -> None:
    with pytest.raises(ValueError, match="tags"):
        MetricFilter(tags=["beta'~AND~mrr~GTE~'0"])


async def test_too_many_numbers_are_refused(caller: Caller) -> None:
    with pytest.raises(ToolFailed) as failed:
        await get_subscription_metrics(
            caller, metrics=["mrr"], start_date=FIRST, end_date=LAST, interval="day"
        )
    assert failed.value.code == "too_large"
    assert failed.value.next


async def test_a_customer_is_found_by_each_of_its_names(caller: Caller, simulators: Control) -> None:
    row = simulators.customers(limit=1, case="account")[0]
    parts: list[Part] = ["subscriptions", "movements", "invoices", "attributes"]
    found = await get_customer(caller, customer=row.uuid, include=parts)
    named = [
        await get_customer(caller, customer=each) for each in (row.email, found.customer.external_ids[0])
    ]
    assert [each.customer for each in named] == [found.customer] * 2
    assert found.customer.company == row.company
    assert found.subscriptions
    assert found.movements
    assert found.invoices
    assert found.attributes
    assert found.customer.mrr_cents == sum(each.mrr_cents or 0 for each in found.subscriptions)
    assert found.customer.plan == found.subscriptions[0].plan
    assert found.movements == sorted(found.movements, key=lambda each: each.date, reverse=True)
    assert found.movements[0].mrr_after_cents == found.customer.mrr_cents
    assert {"customer.name", "subscriptions[].plan", "movements[].description", "attributes"} <= {
        *found.untrusted_fields
    }
    assert found.customer.link
    assert found.customer.link.endswith(row.uuid)
    assert named[0].subscriptions is None


@pytest.mark.parametrize(
    "name", ["cus_00000000-0000-4000-a000-000000000000", "nobody@nowhere.example", "cus_N99999", "../account"]
)
async def test_nobody_is_nobody(caller: Caller, name: str) -> None:
    with pytest.raises(ToolFailed) as failed:
        await get_customer(caller, customer=name)
    assert failed.value.code == "customer_not_found"
    assert name not in str(failed.value)


async def test_churn_is_told_the_largest_first_with_totals_of_all(
    caller_of: CallerOf, simulators: Control
) -> None:
    left = [each["customer"] for each in simulators.cancel_many(12, case="account", send=False)]
    caller = caller_of(agents=caller_of().agents.model_copy(update={"reason_attribute": "channel"}))
    days: dict[str, Any] = {"start_date": TODAY - timedelta(days=2), "end_date": TODAY + timedelta(days=1)}
    one = await get_churn(caller, limit=7, **days)
    two = await get_churn(caller, limit=7, cursor=one.next_cursor or "", **days)
    rows = [*one.rows, *two.rows]
    assert len(rows) == one.churned_customers == len(left) == 12
    assert {each.customer_uuid for each in rows} == {each["uuid"] for each in left}
    assert [each.cents for each in rows] == sorted(each.cents for each in rows)
    assert one.lost_cents == two.lost_cents == sum(each.cents for each in rows)
    assert (one.truncated, two.truncated, two.next_cursor) == (True, False, None)
    assert all(each.tenure_days is not None and each.reason for each in rows)
    assert one.rates[-1].customer_churn_percent
    least = -rows[3].cents
    large = await get_churn(caller, min_cents=least, **days)
    assert [each.cents for each in large.rows] == [each.cents for each in rows if -each.cents >= least]


async def test_a_cursor_goes_with_its_question(caller: Caller, simulators: Control) -> None:
    days: dict[str, Any] = {
        "start_date": date(2024, 1, 1),
        "end_date": date(2024, 12, 31),
        "group_by": "none",
    }
    page = await get_mrr_movements(caller, limit=3, **days)
    assert page.next_cursor
    for cursor, more in ((page.next_cursor, {"types": ["churn"]}), ("e30=", {}), ("§", {})):
        with pytest.raises(ToolFailed) as failed:
            await get_mrr_movements(caller, cursor=cursor, **days | more)
        assert failed.value.code == "invalid_arguments"


@pytest.mark.parametrize("group_by", ["type", "plan", "month", "customer"])
async def test_groups_add_up_to_the_total_and_to_chartmoguls_metrics(caller: Caller, group_by: Any) -> None:
    found = await get_mrr_movements(caller, group_by=group_by, limit=100, **YEAR)
    assert found.groups
    assert not found.truncated
    assert sum(each.net_cents for each in found.groups) == found.total.net_cents == found.metrics_net_cents
    assert sum(each.movements for each in found.groups) == found.total.movements
    assert found.notes == []


async def test_rows_page_by_page_are_all_rows(caller: Caller) -> None:
    days: dict[str, Any] = {
        "start_date": date(2024, 1, 1),
        "end_date": date(2024, 12, 31),
        "types": ["new_biz"],
    }
    rows, cursor = [], ""
    while True:
        page = await get_mrr_movements(caller, group_by="none", limit=20, cursor=cursor, **days)
        rows += page.rows or []
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    assert len(rows) == page.total.movements
    assert sum(each.cents for each in rows) == page.total.net_cents
    assert [each.date for each in rows] == sorted((each.date for each in rows), reverse=True)
    assert {each.type for each in rows} == {"new_biz"}
    assert page.metrics_net_cents is None


async def test_the_accounts_subscriptions_are_told_customer_by_customer(
    caller: Caller, simulators: Control
) -> None:
    simulators.reset(customers=60, seed=3)
    found, cursor, pages = [], "", 0
    while True:
        page = await list_subscriptions(caller, limit=25, cursor=cursor)
        found += page.subscriptions
        pages += 1
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    rows = simulators.customers(limit=60)
    assert sum(each.mrr_cents or 0 for each in found) == sum(each.mrr for each in rows)
    assert len({each.customer_uuid for each in found}) == sum(each.mrr > 0 for each in rows)
    assert pages >= 3
    assert page.count is None
    one = await list_subscriptions(caller, customer=found[0].customer_uuid or "", status="all")
    assert one.count == len(one.subscriptions)
    assert (await list_subscriptions(caller, status="trial")).subscriptions == []


async def test_which_account_is_asked_where_there_are_several(caller_of: CallerOf) -> None:
    caller = caller_of(accounts=("default", "other"))
    for account, code in (("", "invalid_arguments"), ("third", "not_allowed")):
        with pytest.raises(ToolFailed) as failed:
            await get_customer(caller, customer="cus_N1001", account=account)
        assert failed.value.code == code
        assert "default, other" in failed.value.next


async def test_what_chartmogul_cannot_do_now_is_said_so(caller: Caller, simulators: Control) -> None:
    simulators.fault("chartmogul", "status", status=503, times=5)
    with pytest.raises(ToolFailed) as failed:
        await get_customer(caller, customer="cus_N1001")
    assert failed.value.code == "chartmogul_unavailable"
    assert failed.value.retry_after_seconds


async def test_who_is_going_to_leave_is_told_until_it_is_taken_back(
    caller: Caller, chartmogul: httpx.Client
) -> None:
    days: dict[str, Any] = {"start_date": TODAY, "end_date": TODAY, "include_scheduled": True}
    source = chartmogul.get("/data_sources").json()["data_sources"][0]["uuid"]
    row = next(
        each for each in chartmogul.get("/customers").json()["entries"] if each["data_source_uuid"] == source
    )
    event = {
        "data_source_uuid": source,
        "customer_external_id": row["external_id"],
        "subscription_external_id": "sub_of_the_test",
        "event_date": f"{TODAY}T00:00:00Z",
        "effective_date": f"{TODAY + timedelta(days=40)}T00:00:00Z",
    }

    def send(type: str, external_id: str) -> None:
        body = {"subscription_event": event | {"event_type": type, "external_id": external_id}}
        assert chartmogul.post("/subscription_events", json=body).status_code == 201

    send("subscription_cancellation_scheduled", "leaves")
    [scheduled] = (await get_churn(caller, **days)).scheduled or []
    assert scheduled.subscription_external_id == "sub_of_the_test"
    assert scheduled.effective_date.date() == TODAY + timedelta(days=40)
    send("scheduled_subscription_cancellation_retracted", "stays")
    assert (await get_churn(caller, **days)).scheduled == []
