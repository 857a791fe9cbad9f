"""ChartMogul: invoices, plans, data sources, attributes, and metrics that follow from the movements."""

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from simulators.kit.control import Control
from tests.simulators.conftest import entries

BERLIN = ZoneInfo("Europe/Berlin")
PARTS = {
    "new_biz": "mrr-new-business",
    "expansion": "mrr-expansion",
    "contraction": "mrr-contraction",
    "churn": "mrr-churn",
    "reactivation": "mrr-reactivation",
}


def listed(chartmogul: httpx.Client, key: str, **query: Any) -> list[dict[str, Any]]:
    """All pages; `key` names both the path and the list, but for the import's subscriptions."""
    found: list[dict[str, Any]] = []
    path = query.pop("path", key)
    while True:
        page = chartmogul.get(f"/{path}", params=query).raise_for_status().json()
        found += page[key]
        if not page["has_more"]:
            return found
        query["cursor"] = page["cursor"]


def test_invoice_has_the_documented_fields(chartmogul: httpx.Client) -> None:
    invoice = listed(chartmogul, "invoices")[0]
    assert invoice.keys() == {
        "uuid", "external_id", "customer_uuid", "customer_external_id", "data_source_uuid", "date",
        "due_date", "currency", "collection_method", "status", "errors", "line_items", "transactions",
    }  # fmt: skip
    [line] = invoice["line_items"]
    assert line["service_period_start"] == invoice["date"]
    assert line["amount_in_cents"] > 0
    assert (line["type"], line["uuid"][:3], invoice["uuid"][:4]) == ("subscription", "li_", "inv_")


def test_invoices_page_newest_first_without_loss(chartmogul: httpx.Client) -> None:
    whole = listed(chartmogul, "invoices")
    assert listed(chartmogul, "invoices", per_page=17) == whole
    dates = [invoice["date"] for invoice in whole]
    assert dates == sorted(dates, reverse=True)
    for kind in ("line_items", "transactions"):
        uuids = [each["uuid"] for invoice in whole for each in invoice[kind]]
        assert len(set(uuids)) == len(uuids) > 300


def test_payments_go_well_or_not(chartmogul: httpx.Client) -> None:
    invoices = listed(chartmogul, "invoices")
    statuses = Counter(invoice["status"] for invoice in invoices)
    assert statuses.keys() == {"paid", "open", "refunded", "voided"}
    tries = Counter((t["type"], t["result"]) for invoice in invoices for t in invoice["transactions"])
    assert tries.keys() == {("payment", "successful"), ("payment", "failed"), ("refund", "successful")}
    past_due = {customer["uuid"] for customer in entries(chartmogul, "/customers", status="Past_Due")}
    unpaid = [invoice for invoice in invoices if invoice["status"] == "open"]
    assert {invoice["customer_uuid"] for invoice in unpaid} == past_due
    assert {t["result"] for invoice in unpaid for t in invoice["transactions"]} == {"failed"}


def test_invoices_filter(simulators: Control, chartmogul: httpx.Client) -> None:
    whole = listed(chartmogul, "invoices")
    row = simulators.customers(limit=1)[0]
    own = listed(chartmogul, "invoices", customer_uuid=row.uuid, per_page=1)
    assert own == [invoice for invoice in whole if invoice["customer_uuid"] == row.uuid] != []
    assert listed(chartmogul, "invoices", external_id=own[0]["external_id"]) == own[:1]
    source = "ds_1f2e3d4c-74b5-11ee-8820-478291cce06f"
    shop = listed(chartmogul, "invoices", data_source_uuid=source)
    assert shop == [invoice for invoice in whole if invoice["data_source_uuid"] == source] != []
    everything = listed(chartmogul, "invoices", validation_type="all")
    wrong = listed(chartmogul, "invoices", validation_type="invalid")
    assert len(everything) == len(whole) + len(wrong)
    assert all(invoice["errors"] for invoice in wrong)
    assert chartmogul.get("/invoices", params={"validation_type": "some"}).status_code == 400


def test_disabled_invoice_is_listed_only_where_asked_for(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    [*others, last] = listed(chartmogul, "invoices")
    assert simulators.disable_invoice(last["uuid"])["disabled"]
    assert listed(chartmogul, "invoices") == others
    with_disabled = listed(chartmogul, "invoices", with_disabled="true")
    disabled = [invoice["uuid"] for invoice in with_disabled if invoice["disabled"]]
    assert last["uuid"] in disabled
    assert len(with_disabled) == len(others) + len(disabled)
    simulators.disable_invoice(last["uuid"], disabled=False)
    assert len(listed(chartmogul, "invoices")) == len(others) + 1


def test_unknown_invoice_is_not_found(chartmogul: httpx.Client) -> None:
    answer = chartmogul.get("/invoices/inv_00000000-0000-4000-a000-000000000000")
    assert (answer.status_code, answer.json()) == (404, {"error": "Invoice not found"})


def test_merged_customer_s_invoices_are_the_other_s(simulators: Control, chartmogul: httpx.Client) -> None:
    gone, into = simulators.customers(limit=2)
    before = [len(listed(chartmogul, "invoices", customer_uuid=row.uuid)) for row in (gone, into)]
    simulators.merge(gone.uuid, into.uuid)
    assert listed(chartmogul, "invoices", customer_uuid=gone.uuid) == []
    assert len(listed(chartmogul, "invoices", customer_uuid=into.uuid)) == sum(before)
    assert gone.uuid not in {invoice["customer_uuid"] for invoice in listed(chartmogul, "invoices")}


def test_deleted_customer_is_nowhere(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.expand(row.uuid, cents=100, send=False)
    simulators.delete_customer(row.uuid)
    assert chartmogul.get(f"/customers/{row.uuid}").status_code == 404
    assert entries(chartmogul, "/customers", external_id=row.external_id) == []
    for path, key in (("/customers", "uuid"), ("/activities", "customer-uuid")):
        assert row.uuid not in {each[key] for each in entries(chartmogul, path)}
    assert row.uuid not in {invoice["customer_uuid"] for invoice in listed(chartmogul, "invoices")}


def test_plans_and_groups(simulators: Control, chartmogul: httpx.Client) -> None:
    plans = listed(chartmogul, "plans", per_page=3)
    assert len({plan["uuid"] for plan in plans}) == len(plans) == 10
    groups = listed(chartmogul, "plan_groups")
    members = [listed(chartmogul, "plans", path=f"plan_groups/{group['uuid']}/plans") for group in groups]
    assert [len(each) for each in members] == [group["plans_count"] for group in groups] == [6, 4]
    (one,) = listed(chartmogul, "plans", external_id="team-annual", system="Stripe")
    assert (one["interval_unit"], one["interval_count"]) == ("year", 1)
    assert chartmogul.get("/plan_groups/plg_1/plans").status_code == 404


def test_renamed_plan_shows_in_subscriptions(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    (plan,) = listed(chartmogul, "plans", external_id="business-monthly", system="Custom")
    simulators.rename_plan(plan["uuid"], "Business 2027")
    assert "Business 2027" in {each["name"] for each in listed(chartmogul, "plans")}
    (subscription,) = entries(chartmogul, f"/customers/{row.uuid}/subscriptions")
    assert subscription["plan"] == "Business 2027"
    with pytest.raises(httpx.HTTPStatusError):
        simulators.rename_plan("pl_1", "Nothing")


def test_imported_subscription_has_what_the_other_view_lacks(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid, send=False)
    path = f"import/customers/{row.uuid}/subscriptions"
    (imported,) = listed(chartmogul, "subscriptions", path=path)
    (shown,) = entries(chartmogul, f"/customers/{row.uuid}/subscriptions")
    assert imported["external_id"] == shown["external_id"]
    assert imported["uuid"] != shown["uuid"]
    assert [date[:19] for date in imported["cancellation_dates"]] == [shown["end-date"][:19]]
    assert imported["plan_uuid"] in {plan["uuid"] for plan in listed(chartmogul, "plans")}
    lines = [line for invoice in listed(chartmogul, "invoices") for line in invoice["line_items"]]
    assert imported["uuid"] in {line.get("subscription_uuid") for line in lines}


def test_two_data_sources(simulators: Control, chartmogul: httpx.Client) -> None:
    first, second = chartmogul.get("/data_sources").json()["data_sources"]
    assert (first["system"], second["system"]) == ("Custom", "Stripe")
    shop = entries(chartmogul, "/customers", data_source_uuid=second["uuid"])
    assert shop == entries(chartmogul, "/customers", system="Stripe")
    assert {customer["data_source_uuid"] for customer in shop} == {second["uuid"]}
    ours = entries(chartmogul, "/customers", data_source_uuid=first["uuid"])
    assert len(shop) + len(ours) == 200
    simulators.merge(shop[0]["uuid"], ours[0]["uuid"])
    merged = chartmogul.get(f"/customers/{ours[0]['uuid']}").json()
    assert merged["data_source_uuids"] == [first["uuid"], second["uuid"]]
    assert "merged-customer" in merged["attributes"]["tags"]
    rows = [a for a in entries(chartmogul, "/activities") if a["customer-uuid"] == merged["uuid"]]
    assert {a["billing-connector-uuid"] for a in rows} == {first["uuid"], second["uuid"]}


def test_tags_and_custom_attributes(simulators: Control, chartmogul: httpx.Client) -> None:
    row = simulators.customers(limit=2)[1]
    path = f"/customers/{row.uuid}/attributes"
    assert chartmogul.get(path).json()["tags"] == ["beta", "priority support"]
    assert simulators.tag(row.uuid, "vip", "beta") == {"tags": ["beta", "priority support", "vip"]}
    chartmogul.request("DELETE", f"{path}/tags", json={"tags": ["beta"]})
    custom = [{"type": "String", "key": "tier", "value": "gold"}]
    assert chartmogul.post(f"{path}/custom", json={"custom": custom}).json()["custom"]["tier"] == "gold"
    assert chartmogul.put(f"{path}/custom", json={"custom": {"tier": "silver"}}).status_code == 200
    assert chartmogul.put(f"{path}/custom", json={"custom": {"colour": "red"}}).status_code == 422
    assert chartmogul.post(f"{path}/custom", json={"custom": [{"key": "x"}]}).status_code == 422
    attributes = chartmogul.get(f"/customers/{row.uuid}").json()["attributes"]
    assert (attributes["tags"], attributes["custom"]["tier"]) == (["priority support", "vip"], "silver")
    assert chartmogul.request("DELETE", f"{path}/custom", json={"custom": ["tier"]}).status_code == 204
    assert "tier" not in chartmogul.get(path).json()["custom"]


def months_of(movements: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Cents by month of the account's zone and part."""
    found: dict[str, Counter[str]] = {}
    for row in movements:
        month = datetime.fromisoformat(row["date"]).astimezone(BERLIN).strftime("%Y-%m")
        found.setdefault(month, Counter())[PARTS[row["type"]]] += row["activity-mrr-movement"]
    return found


def monthly(chartmogul: httpx.Client, name: str = "mrr") -> list[dict[str, Any]]:
    today = datetime.now(BERLIN).date().isoformat()
    query = {"start-date": "2022-01-01", "end-date": today, "interval": "month"}
    rows: list[dict[str, Any]] = chartmogul.get(f"/metrics/{name}", params=query).json()["entries"]
    return rows


def assert_metrics_follow(chartmogul: httpx.Client) -> None:
    movements = entries(chartmogul, "/activities")
    months, total = months_of(movements), 0
    for row in monthly(chartmogul):
        parts = {part: row[part] for part in PARTS.values()}
        assert parts == {part: months.get(row["date"][:7], Counter())[part] for part in PARTS.values()}
        total += sum(parts.values())
        assert row["mrr"] == total
    customers = entries(chartmogul, "/customers")
    newest = monthly(chartmogul, "all")[-1]
    assert newest["mrr"] == sum(customer["mrr"] for customer in customers)
    assert newest["customers"] == sum(customer["mrr"] > 0 for customer in customers)


@pytest.mark.parametrize("movements", [None, 12])
def test_metrics_follow_from_the_movements(
    simulators: Control, chartmogul: httpx.Client, movements: int | None
) -> None:
    simulators.reset(seed=7, movements=movements)
    assert_metrics_follow(chartmogul)


def test_metrics_follow_what_happens_and_what_is_restated(
    simulators: Control, chartmogul: httpx.Client
) -> None:
    one, two, three, four, five, six = simulators.customers(limit=6)
    simulators.cancel(one.uuid, send=False)
    simulators.expand(two.uuid, cents=700, send=False)
    simulators.restate(three.uuid, cents=three.mrr - 100, index=0, whole_history=True)
    simulators.merge(four.uuid, five.uuid)
    simulators.delete_customer(six.uuid)
    assert_metrics_follow(chartmogul)


def test_metrics_of_other_intervals(chartmogul: httpx.Client) -> None:
    query = {"start-date": "2024-02-27", "end-date": "2024-04-10"}
    days = {
        interval: [
            row["date"]
            for row in chartmogul.get("/metrics/arr", params=query | {"interval": interval}).json()["entries"]
        ]
        for interval in ("day", "week", "month", "quarter", "year")
    }
    assert (len(days["day"]), days["day"][2]) == (44, "2024-02-29")
    assert days["week"][:2] == ["2024-03-03", "2024-03-10"]
    assert days["month"] == ["2024-02-29", "2024-03-31", "2024-04-10"]
    assert days["quarter"] == ["2024-03-31", "2024-04-10"]
    assert days["year"] == ["2024-04-10"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/metrics/mrr?start-date=2024-01-01", 400),
        ("/metrics/mrr?start-date=2024-01-01&end-date=soon", 400),
        ("/metrics/mrr?start-date=2024-01-01&end-date=2024-02-01&interval=hour", 400),
        ("/metrics/mrr?start-date=2024-01-01&end-date=2024-02-01&geo=Germany", 400),
        ("/metrics/mrr?start-date=2024-01-01&end-date=2024-02-01&filters=tags~ANY~vip", 400),
        ("/metrics/mrr?start-date=2024-01-01&end-date=2024-02-01&filters=mood~ANY~%27good%27", 400),
        ("/metrics/retention?start-date=2024-01-01&end-date=2024-02-01", 404),
        ("/nothing", 404),
    ],
)
def test_what_is_not_there_is_refused(chartmogul: httpx.Client, path: str, status: int) -> None:
    assert chartmogul.get(path).status_code == status
