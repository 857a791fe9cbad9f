"""Billing systems, simulated: ChartMogul's invoices under the same ids, and what becomes of them."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from simulators.billing.truth.month import month
from simulators.kit.control import Control
from simulators.recurly.api import ACCEPT
from tests.simulators.conftest import Receiver, entries

VENDORS = ("stripe", "chargebee", "recurly")
LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "stripe": ("/stripe/v1", {"auth": ("rk_test_demo", "")}),
    "chargebee": ("/chargebee/api/v2", {"auth": ("test_cb_demo", "")}),
    "recurly": ("/recurly/v3", {"auth": ("recurly-demo", ""), "headers": {"Accept": ACCEPT}}),
}


def get(http: httpx.Client, vendor: str, path: str, expected: int = 200, /, **query: Any) -> dict[str, Any]:
    base, options = LISTS[vendor]
    answer = http.get(f"{base}{path}", params=query or None, **options)
    assert answer.status_code == expected, answer.text
    found: dict[str, Any] = answer.json()
    return found


def invoices(http: httpx.Client, vendor: str) -> list[tuple[str, str]]:
    """Ids of invoices and of whom they are for, in the order of the vendor's list, over its pages."""
    if vendor == "stripe":
        page = get(http, vendor, "/invoices", limit=70)
        rows = page["data"]
        while page["has_more"]:
            page = get(http, vendor, "/invoices", limit=70, starting_after=rows[-1]["id"])
            rows += page["data"]
        return [(row["id"], row["customer"]) for row in rows]
    if vendor == "chargebee":
        page = get(http, vendor, "/invoices", limit=70)
        wrapped = page["list"]
        while "next_offset" in page:
            page = get(http, vendor, "/invoices", limit=70, offset=page["next_offset"])
            wrapped += page["list"]
        return [(row["invoice"]["id"], row["invoice"]["customer_id"]) for row in wrapped]
    page = get(http, vendor, "/invoices?limit=70")
    rows = page["data"]
    while page["has_more"]:
        page = get(http, vendor, page["next"])
        rows += page["data"]
    return [(row["number"], row["account"]["code"]) for row in rows]


@pytest.mark.parametrize("vendor", VENDORS)
def test_its_invoices_are_chartmogul_s(
    http: httpx.Client, chartmogul: httpx.Client, simulators: Control, vendor: str
) -> None:
    page = chartmogul.get("invoices", params={"validation_type": "all", "with_disabled": "true"}).json()
    known = [(row["external_id"], row["customer_external_id"]) for row in page["invoices"]]
    assert invoices(http, vendor)[: len(known)] == known
    assert len(known) == 200
    assert {row["external_id"] for row in entries(chartmogul, "customers")} >= {id for _, id in known}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_button_says_what_becomes_of_an_invoice(
    http: httpx.Client, simulators: Control, receiver: Receiver, vendor: str
) -> None:
    simulators.ask("PUT", vendor, {"webhook": receiver.url})
    try:
        page = http.get(f"/{vendor}/invoices/in_4_0").text
        assert "Fail a payment" in page
        assert "Oak &amp; Pine" in page
        answer = http.post(f"/{vendor}/invoices/in_4_0/fail_payment")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/{vendor}/invoices/in_4_0")
        [sent] = simulators.ask("GET", f"{vendor}/sent")
        assert (receiver.bodies, sent["status"]) == ([json.loads(sent["body"])], 200)
        assert "insufficient funds" in http.get(f"/{vendor}/invoices/in_4_0").text
        first, *_ = http.get(f"/{vendor}/").text.split("</tr>")[1:]
        assert "in_4_0" in first  # what changed comes first
    finally:
        simulators.ask("PUT", vendor, {"webhook": None})


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_not_possible_is_said(http: httpx.Client, simulators: Control, vendor: str) -> None:
    path = f"/{vendor}/invoices/in_1_0"
    refused = http.post(f"{path}/pay")
    assert refused.status_code == 409
    assert "the invoice is paid" in refused.text
    for action, status in (
        ("fail_payment", 303),
        ("void", 303),
        ("pay", 409),
        ("fail_payment", 409),
        ("give_up", 409),
    ):
        assert http.post(f"{path}/{action}").status_code == status
    assert http.get(f"/{vendor}/invoices/in_999999_0").status_code == 404
    assert http.post(f"/control{path}/fail_payment", json={"why": "bad mood"}).status_code == 422
    assert http.post(f"/control{path}/fail_payment", json={"whim": 1}).status_code == 422


@pytest.mark.parametrize("vendor", VENDORS)
def test_chartmogul_hears_of_a_failed_payment(simulators: Control, vendor: str) -> None:
    row = next(each for each in simulators.customers() if each.mrr and each.status == "Active")
    last = simulators.ask("GET", f"{vendor}/invoices", query={"customer": row.external_id})[0]
    simulators.ask("POST", f"{vendor}/invoices/{last['id']}/fail_payment", {"send": False})
    assert simulators.customer(row.uuid).status == "Past Due"
    simulators.ask("POST", f"{vendor}/invoices/{last['id']}/pay", {"send": False})
    assert simulators.customer(row.uuid).status == "Active"


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_refuses_what_the_vendor_refuses(http: httpx.Client, vendor: str) -> None:
    base, _ = LISTS[vendor]
    assert http.get(f"{base}/invoices", auth=("nobody", ""), headers={"Accept": ACCEPT}).status_code == 401
    assert http.get(f"{base}/invoices", headers={"Accept": ACCEPT}).status_code == 401
    get(http, vendor, "/invoices", 400, brand_new=1)
    get(http, vendor, "/invoices", 400, limit=0)
    get(http, vendor, "/invoices", 400, limit=1_000)
    get(http, vendor, "/nothing/here", 404)


def test_recurly_answers_no_other_version(http: httpx.Client) -> None:
    for accept in ("*/*", "application/json", "application/vnd.recurly.v2019-10-10+json"):
        answer = http.get("/recurly/v3/invoices", auth=("recurly-demo", ""), headers={"Accept": accept})
        assert answer.json()["error"]["type"] == "unknown_api_version"
    get(http, "recurly", "/transactions", 400, success="false")


def test_stripe_knows_no_version_that_is_none(http: httpx.Client) -> None:
    base, options = LISTS["stripe"]
    answer = http.get(f"{base}/invoices", headers={"Stripe-Version": "latest"}, **options)
    assert answer.status_code == 400
    get(http, "stripe", "/invoices/in_1_0", 400, **{"expand[]": "customer.everything"})
    assert get(http, "stripe", "/customers/cus_N1004")["name"] == "Oak & Pine"
    get(http, "stripe", "/customers/cus_X", 404)
    paid = get(http, "stripe", "/invoices", customer="cus_N1001", **{"created[lt]": 1_675_000_000})["data"]
    assert [row["id"] for row in paid] == ["in_1_0"]


def test_customers_and_transactions_are_there(http: httpx.Client) -> None:
    assert get(http, "chargebee", "/customers/cus_N1004")["customer"]["company"] == "Oak & Pine"
    assert get(http, "chargebee", "/customers", limit=1)["list"][0]["customer"]["id"] == "cus_N1001"
    assert get(http, "chargebee", "/transactions/ch_1_0_0")["transaction"]["status"] == "success"
    assert get(http, "chargebee", "/transactions", limit=1)["list"]
    assert get(http, "recurly", "/accounts/code-cus_N1004")["company"] == "Oak & Pine"
    assert get(http, "recurly", "/accounts", limit=1)["data"][0]["code"] == "cus_N1001"
    assert get(http, "recurly", "/invoices/i" + "in10")["number"] == "in_1_0"
    get(http, "recurly", "/accounts/code-nobody", 404)
    get(http, "recurly", "/accounts/acc99999999", 404)


def test_an_event_of_chargebee_is_read_by_its_id(http: httpx.Client, simulators: Control) -> None:
    told = simulators.ask("POST", "chargebee/invoices/in_1_0/fail_payment", {"send": False})
    event = json.loads(told["body"])
    assert get(http, "chargebee", f"/events/{event['id']}")["event"] == event
    get(http, "chargebee", "/events/ev_none", 404)
    get(http, "chargebee", "/events", 400, offset="nonsense")


def test_what_recurly_tells_points_at_invoices_too(simulators: Control) -> None:
    simulators.ask("POST", "recurly/invoices/in_1_0/fail_payment", {"send": False})
    told = simulators.ask("POST", "recurly/invoices/in_1_0/give_up", {"send": False})
    said = json.loads(told["body"])
    assert (said["object_type"], said["event_type"]) == ("charge_invoice", "failed")


def test_subscriptions_are_chartmogul_s(http: httpx.Client, simulators: Control) -> None:
    row = next(each for each in simulators.customers() if each.mrr and each.plan.endswith("Annual"))
    [theirs] = http.get(
        f"/chartmogul/v1/customers/{row.uuid}/subscriptions", auth=("cm-demo-key", "")
    ).json()["entries"]
    id = theirs["external_id"]
    [of_stripe] = get(http, "stripe", "/subscriptions", customer=row.external_id)["data"]
    assert get(http, "stripe", f"/subscriptions/{id}") == of_stripe
    of_chargebee = get(http, "chargebee", f"/subscriptions/{id}")["subscription"]
    of_recurly = get(http, "recurly", f"/subscriptions/uuid-{id}")
    price = of_stripe["items"]["data"][0]["price"]
    assert (of_stripe["status"], price["recurring"]["interval"]) == ("active", "year")
    assert of_chargebee["subscription_items"][0]["unit_price"] == price["unit_amount"]
    assert of_recurly["unit_amount"] == price["unit_amount"] / 100
    assert of_chargebee["customer_id"] == of_recurly["account"]["code"] == row.external_id
    for vendor, path in (("stripe", ""), ("chargebee", ""), ("recurly", "uuid-")):
        get(http, vendor, f"/subscriptions/{path}sub_999999", 404)
    ended = get(http, "stripe", "/subscriptions", status="canceled", limit=1)["data"][0]
    assert get(http, "recurly", f"/subscriptions/uuid-{ended['id']}")["state"] == "expired"
    assert get(http, "chargebee", f"/subscriptions/{ended['id']}")["subscription"]["status"] == "cancelled"
    assert get(http, "recurly", "/subscriptions", state="expired", limit=1)["has_more"]
    assert get(http, "chargebee", "/subscriptions", **{"status[is]": "active"})["list"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_people_see_the_seeds_subscriptions_and_those_of_the_book(
    http: httpx.Client, simulators: Control, vendor: str
) -> None:
    assert "/subscriptions/sub_1" in http.get(f"/{vendor}/subscriptions").text
    end = datetime.now(UTC)
    simulators.put_books(*month(end, agreeing=3))
    page = http.get(f"/{vendor}/subscriptions").text
    assert "sub_1" not in page
    named = {"stripe": "discount-rule", "chargebee": "user-edit", "recurly": "metered-counted"}[vendor]
    for path in (f"/subscriptions/{named}", f"/test/subscriptions/{named}", f"/d/subscriptions/{named}"):
        page = http.get(f"/{vendor}{path}").text
        assert named.capitalize().replace("-", " ") in page
        assert f"Invoice in_{named}" in page
    assert (
        http.get(f"/{vendor}/invoices/in_{named}").headers["location"] == f"/{vendor}/subscriptions/{named}"
    )
    assert http.get(f"/{vendor}/subscriptions/none").status_code == 404


def test_the_book_of_truth_refuses_what_it_does_not_know(simulators: Control) -> None:
    with pytest.raises(RuntimeError, match="422"):
        simulators.ask("PUT", "books", {"subscriptions": [{"id": "x", "colour": "red"}]})
    assert simulators.ask("GET", "books")["subscriptions"] == []
