"""ChartMogul: what its API shows of customers, and how a cancellation changes it."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from simulators.kit.control import Control
from tests.simulators.conftest import entries


def test_ping_and_account(chartmogul: httpx.Client) -> None:
    assert chartmogul.get("/ping").json() == {"data": "pong!"}
    account = chartmogul.get("/account", params={"include": "refund_handling"}).json()
    assert (account["currency"], account["refund_handling"]) == ("USD", "refund_ignore")
    assert chartmogul.get("/account", params={"include": "colour"}).status_code == 400


def test_wrong_key_is_refused(simulators: Control) -> None:
    answer = httpx.get(f"{simulators.chartmogul_url}/ping", auth=("wrong", ""), trust_env=False)
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "No valid API key provided", "param": None}


def test_cancellation_shows_everywhere(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    body = simulators.cancel(row.uuid, reason="Too dear & <slow>")
    customer = chartmogul.get(f"/customers/{row.uuid}").json()
    assert (customer["status"], customer["mrr"], customer["arr"]) == ("Cancelled", 0, 0)
    assert customer["attributes"]["custom"]["cancellation_reason"] == "Too dear & <slow>"
    assert customer["chartmogul-url"] == f"{simulators.url}/chartmogul/customers/{row.uuid}"
    (subscription,) = entries(chartmogul, f"/customers/{row.uuid}/subscriptions")
    assert (subscription["status"], subscription["mrr"]) == ("inactive", 0)
    newest = entries(chartmogul, f"/customers/{row.uuid}/activities")[0]
    assert (newest["type"], newest["activity-mrr-movement"]) == ("churn", -row.mrr)
    assert newest["date"] == body["date"].replace(".000Z", "+00:00")


def test_activity_row_has_the_documented_fields(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid)
    query: dict[str, str | int] = {"order": "-date", "per_page": 1, "type": "churn"}
    activity = chartmogul.get("/activities", params=query).json()["entries"][0]
    assert activity == {
        "description": "cancelled their Business Monthly plan",
        "activity-mrr-movement": -12500,
        "activity-mrr": 0,
        "activity-arr": 0,
        "date": activity["date"],
        "type": "churn",
        "currency": "USD",
        "subscription-external-id": "sub_1",
        "subscription-set-external-id": "sub_1",
        "plan-external-id": "business-monthly",
        "customer-name": "Harbour Foods",
        "customer-uuid": row.uuid,
        "customer-external-id": "cus_N1001",
        "billing-connector-uuid": "ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44",
        "uuid": activity["uuid"],
    }


def test_reactivation_is_a_new_subscription(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid)
    body = simulators.reactivate(row.uuid)
    assert (body["movement_type"], body["customer"]["status"]) == ("reactivation", "active")
    subscriptions = entries(chartmogul, f"/customers/{row.uuid}/subscriptions")
    assert [s["status"] for s in subscriptions] == ["inactive", "active"]
    assert chartmogul.get(f"/customers/{row.uuid}").json()["mrr"] == row.mrr


def test_expansion_and_contraction_change_mrr(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    assert simulators.expand(row.uuid, cents=5000)["movement_amount_in_cent"] == 5000
    assert simulators.contract(row.uuid, cents=2000)["movement_amount_in_cent"] == -2000
    assert chartmogul.get(f"/customers/{row.uuid}").json()["mrr"] == row.mrr + 3000


def test_what_cannot_be_is_refused(simulators: Control) -> None:
    row = simulators.customers(limit=1)[0]
    with pytest.raises(RuntimeError, match="paying already"):
        simulators.reactivate(row.uuid)
    simulators.cancel(row.uuid)
    with pytest.raises(RuntimeError, match="no active subscription"):
        simulators.cancel(row.uuid)


def test_scheduled_cancellation_is_an_activity_of_its_day(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid, at=datetime.now(UTC) + timedelta(days=9))
    customer = chartmogul.get(f"/customers/{row.uuid}").json()
    assert (customer["status"], customer["mrr"]) == ("Active", row.mrr)
    newest = entries(chartmogul, f"/customers/{row.uuid}/activities")[0]
    assert datetime.fromisoformat(newest["date"]) > datetime.now(UTC) + timedelta(days=8)
    until_now = {"start-date": "2020-01-01", "end-date": datetime.now(UTC).isoformat()}
    assert all(a["type"] != "churn" or a["customer-uuid"] != row.uuid
               for a in entries(chartmogul, "/activities", **until_now))  # fmt: skip


def test_api_may_run_behind_the_webhook(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.chartmogul(lag_seconds=60)
    simulators.cancel(row.uuid)
    assert chartmogul.get(f"/customers/{row.uuid}").json()["status"] == "Active"
    simulators.chartmogul(lag_seconds=0)
    assert chartmogul.get(f"/customers/{row.uuid}").json()["status"] == "Cancelled"


@pytest.mark.parametrize("order", ["date", "-date"])
def test_activities_page_without_loss(chartmogul: httpx.Client, order: str) -> None:
    whole = entries(chartmogul, "/activities", order=order, per_page=200)
    paged = entries(chartmogul, "/activities", order=order, per_page=17)
    assert paged == whole
    dates = [row["date"] for row in whole]
    assert dates == sorted(dates, reverse=order == "-date")


def test_activity_window_takes_both_ends(chartmogul: httpx.Client) -> None:
    some = entries(chartmogul, "/activities")[20:25]
    window = {"start-date": some[0]["date"], "end-date": some[-1]["date"]}
    assert entries(chartmogul, "/activities", **window) == some


def test_customers_page_by_their_first_day(chartmogul: httpx.Client) -> None:
    customers = entries(chartmogul, "/customers", per_page=33)
    assert len({customer["uuid"] for customer in customers}) == 200
    since = [customer["customer-since"] for customer in customers]
    assert since == sorted(since)


def test_customers_filter(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    assert len(entries(chartmogul, "/customers", status="Past_Due")) == 5
    (one,) = entries(chartmogul, "/customers", external_id=row.external_id)
    assert one["uuid"] == row.uuid
    (one,) = entries(chartmogul, "/customers/search", email=row.email)
    assert one["uuid"] == row.uuid
    nobody = chartmogul.get("/customers/search", params={"email": "no@body.example"})
    assert nobody.status_code == 404


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/customers?page=2", "page"),
        ("/customers?per_page=none", "per_page"),
        ("/customers?cursor=AAAA", "cursor"),
        ("/activities?type=upgrade", "type"),
        ("/activities?order=name", "order"),
        ("/activities?end-date=2026-01-01", "start-date"),
        ("/activities?start-date=yesterday", "start-date"),
    ],
)
def test_wrong_parameter_is_named(chartmogul: httpx.Client, path: str, param: str) -> None:
    answer = chartmogul.get(path)
    assert answer.status_code == 400
    assert answer.json()["param"] == param


def test_larger_pages_are_cut_to_200(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.reset(customers=300)
    page = chartmogul.get("/customers", params={"per_page": 1000}).json()
    assert (len(page["entries"]), page["per_page"], page["has_more"]) == (200, 200, True)
