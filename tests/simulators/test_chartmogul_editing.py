"""ChartMogul: what is written through its API is kept, listed and shown."""

from typing import Any

import httpx
import pytest

from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_READ_ONLY_KEY
from tests.simulators.conftest import entries

BILLING, SHOP = "ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44", "ds_1f2e3d4c-74b5-11ee-8820-478291cce06f"
HOSTILE = "<b>vip</b>"


def made(chartmogul: httpx.Client, external_id: str, **fields: Any) -> dict[str, Any]:
    body = {"data_source_uuid": SHOP, "external_id": external_id, **fields}
    answer = chartmogul.post("/customers", json=body)
    assert answer.status_code == 201
    return dict(answer.json())


def test_new_customers_are_leads_and_come_last(simulators: Control, chartmogul: httpx.Client) -> None:
    metrics = {"start-date": "2024-01-01", "end-date": "2026-06-30", "interval": "year"}
    before = chartmogul.get("/metrics/all", params=metrics).json()
    attributes = {"tags": ["vip"], "custom": [{"type": "Integer", "key": "seats", "value": 3}]}
    names = ["a-1", "a-2", "a-3"]
    new = [made(chartmogul, name, email=f"{name}@x.example", attributes=attributes) for name in names]
    assert new[0]["status"] == "New Lead"
    assert (new[0]["customer-since"], new[0]["mrr"]) == (None, 0)
    assert new[0]["attributes"] == {"custom": {"seats": 3}, "stripe": {}, "tags": ["vip"]}
    listed = entries(chartmogul, "/customers", per_page=101)
    assert [row["external_id"] for row in listed[200:]] == names
    assert [row["uuid"] for row in listed] == [
        row["uuid"] for row in entries(chartmogul, "/customers", per_page=1)
    ]
    chartmogul.delete(f"/customers/{new[1]['uuid']}")
    assert len(entries(chartmogul, "/customers", status="New_Lead")) == 2
    assert chartmogul.get("/customers/search", params={"email": "a-3@x.example"}).status_code == 200
    assert chartmogul.get("/metrics/all", params=metrics).json() == before
    made(chartmogul, "a-2")


def test_each_data_source_may_have_the_external_id(simulators: Control, chartmogul: httpx.Client) -> None:
    known = simulators.customers(limit=1)[0]
    other = made(chartmogul, known.external_id, name="Ann")
    both = entries(chartmogul, "/customers", external_id=known.external_id)
    assert [row["uuid"] for row in both] == [known.uuid, other["uuid"]]
    (one,) = entries(chartmogul, "/customers", external_id=known.external_id, data_source_uuid=SHOP)
    assert one["uuid"] == other["uuid"]
    again = chartmogul.post("/customers", json={"data_source_uuid": SHOP, "external_id": known.external_id})
    assert again.status_code == 422
    assert "already exists in our system" in again.json()["errors"]["external_id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/customers", {"external_id": "x"}, 400),
        ("POST", "/customers", {"data_source_uuid": "ds_none", "external_id": "x"}, 404),
        ("POST", "/customers", {"data_source_uuid": BILLING, "external_id": "x", "email": "no"}, 422),
        ("POST", "/customers/merges", {"from": {"customer_uuid": "cus_none"}}, 404),
        ("POST", "/customers/merges", [], 400),
        ("POST", "/subscription_events", {"subscription_event": {"data_source_uuid": BILLING}}, 422),
        ("POST", "/subscription_events", {}, 400),
        ("DELETE", "/subscription_events?subscription_event[id]=1", None, 404),
        ("PATCH", "/subscription_events/1/disabled_state", {"disabled": True}, 404),
    ],
)
def test_what_is_missing_or_wrong_is_refused(
    chartmogul: httpx.Client, method: str, path: str, body: Any, status: int
) -> None:
    assert chartmogul.request(method, path, json=body).status_code == status


def test_a_list_of_attributes_that_is_none_breaks_chartmogul(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    path = f"/customers/{simulators.customers(limit=1)[0].uuid}/attributes/custom"
    answer = chartmogul.post(path, json={"custom": ["seats"]})
    assert (answer.status_code, answer.text) == (500, "")


def test_a_read_only_key_reads(simulators: Control) -> None:
    options: dict[str, Any] = {"auth": (CHARTMOGUL_READ_ONLY_KEY, ""), "trust_env": False}
    url = f"{simulators.chartmogul_url}/customers"
    assert httpx.get(url, **options).status_code == 200
    assert httpx.post(url, json={}, **options).status_code == 403


def test_the_page_shows_what_was_written(
    simulators: Control, chartmogul: httpx.Client, http: httpx.Client
) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.tag(row.uuid, HOSTILE)
    simulators.patch_customer(row.uuid, company="Acme & Co", owner="ana@mogulflow.example", city="Bonn")
    event = {
        "external_id": "ev_7", "data_source_uuid": BILLING, "customer_external_id": row.external_id,
        "subscription_external_id": "sub_1", "event_type": "subscription_cancelled",
        "event_date": "2026-05-18", "effective_date": "2026-05-20",
    }  # fmt: skip
    assert chartmogul.post("/subscription_events", json={"subscription_event": event}).status_code == 201
    page = http.get(f"/chartmogul/customers/{row.uuid}").text
    for shown in ("Acme &amp; Co", "ana@mogulflow.example", "Bonn, ", "&lt;b&gt;vip&lt;/b&gt;", "ev_7"):
        assert shown in page
    assert HOSTILE not in page
    new = made(chartmogul, "a-1")
    assert "a-1" in http.get(f"/chartmogul/customers/{new['uuid']}").text
    assert "a-1" in http.get("/chartmogul/?page=5").text
    assert new["uuid"] in http.get("/chartmogul/?q=a-1").text
    found = chartmogul.get("/activities", params={"order": "-date", "per_page": 200}).json()["entries"]
    assert {a["customer-name"] for a in found if a["customer-uuid"] == row.uuid} <= {"Acme & Co"}


def test_subscription_events_are_listed_by_what_is_asked_for(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    one, two = simulators.customers(limit=2)
    for number, row in ((1, one), (2, two), (3, two)):
        event = {
            "external_id": f"ev_{number}", "data_source_uuid": BILLING, "event_date": "2026-05-18",
            "customer_external_id": row.external_id, "subscription_external_id": f"sub_{number}",
            "event_type": "subscription_cancelled", "effective_date": "2026-05-20",
        }  # fmt: skip
        chartmogul.post("/subscription_events", json={"subscription_event": event})

    def ids(**query: Any) -> list[str]:
        answer = chartmogul.get("/subscription_events", params=query).json()
        return [row["external_id"] for row in answer["subscription_events"]]

    assert ids() == ["ev_3", "ev_2", "ev_1"]
    assert ids(customer_uuid=two.uuid) == ["ev_3", "ev_2"]
    assert ids(external_id="ev_1", data_source_uuid=BILLING) == ["ev_1"]
    first = chartmogul.get("/subscription_events", params={"per_page": 2}).json()
    assert first["has_more"] is True
    assert ids(cursor=first["cursor"]) == ["ev_1"]
    last = simulators.subscription_events()[0]["id"]
    chartmogul.patch(f"/subscription_events/{last}/disabled_state", json={"disabled": True})
    assert ids() == ["ev_2", "ev_1"]
    assert ids(with_disabled="true") == ["ev_3", "ev_2", "ev_1"]
