"""HubSpot: what it holds, what it refuses, and how it answers batches."""

from typing import Any

import httpx
import pytest

from simulators.kit.control import Control
from simulators.kit.shapes import HubSpotCase

DATED = "/objects/2026-09"
KEY = "chartmogul_customer_uuid"
Json = dict[str, Any]


def post(hubspot: httpx.Client, path: str, **body: Any) -> httpx.Response:
    return hubspot.post(f"{DATED}/{path}", json=body)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["category"]


def property_of(name: str = KEY, **changes: Any) -> Json:
    wanted = {"name": name, "label": "UUID", "type": "string", "fieldType": "text"}
    return wanted | {"groupName": "contactinformation", "hasUniqueValue": True} | changes


@pytest.fixture
def with_key(hubspot: httpx.Client) -> httpx.Client:
    assert hubspot.post("/properties/2026-09/contacts", json=property_of()).status_code == 201
    return hubspot


def upsert(hubspot: httpx.Client, id: str = "cus_1", key: str = KEY, **values: Any) -> httpx.Response:
    row = {"id": id, "idProperty": key, "properties": values, "objectWriteTraceId": "t"}
    return post(hubspot, "contacts/batch/upsert", inputs=[row])


def found(hubspot: httpx.Client, object_type: str, name: str, values: list[str]) -> list[Json]:
    filters = [{"propertyName": name, "operator": "IN", "values": values}]
    answer = post(hubspot, f"{object_type}/search", filterGroups=[{"filters": filters}], limit=200)
    rows: list[Json] = answer.json()["results"]
    return rows


@pytest.mark.parametrize(
    ("case", "contacts", "companies"),
    [
        ("contact_and_company", 1, 1),
        ("secondary_email", 1, 1),
        ("two_companies", 1, 2),
        ("contact_only", 1, 0),
        ("company_only", 0, 1),
        ("missing", 0, 0),
    ],
)
def test_cases_are_as_named(
    simulators: Control, hubspot: httpx.Client, case: HubSpotCase, contacts: int, companies: int
) -> None:
    row = simulators.hubspot_customers(case, limit=1)[0]
    read = post(hubspot, "contacts/batch/read", idProperty="email", inputs=[{"id": row.email}])
    assert len(read.json()["results"]) == contacts
    assert len(found(hubspot, "companies", "domain", [row.email.partition("@")[2]])) == companies


def test_free_mail_customer_has_a_company_of_its_own(simulators: Control, hubspot: httpx.Client) -> None:
    row = next(row for row in simulators.customers(limit=50) if row.email.endswith("@gmail.com"))
    (contact,) = post(hubspot, "contacts/batch/read", idProperty="email", inputs=[{"id": row.email}]).json()[
        "results"
    ]
    (trap,) = found(hubspot, "companies", "domain", ["gmail.com"])
    answer = hubspot.post(
        "/associations/2026-09/contacts/companies/batch/read", json={"inputs": [{"id": contact["id"]}]}
    )
    (to,) = answer.json()["results"][0]["to"]
    assert str(to["toObjectId"]) != trap["id"]
    assert [kind["typeId"] for kind in to["associationTypes"]] == [279, 1]


def test_missing_records_are_told_beside_the_others(simulators: Control, hubspot: httpx.Client) -> None:
    row = simulators.hubspot_customers("contact_and_company", limit=1)[0]
    asked = {"idProperty": "email", "inputs": [{"id": row.email}, {"id": "no@body.example"}]}
    for path, status in (("/objects/2026-09", 200), ("/objects/2026-03", 207), ("/v3/objects", 207)):
        answer = hubspot.post(f"{path}/contacts/batch/read", json=asked)
        body = answer.json()
        assert (answer.status_code, body["numErrors"], len(body["results"])) == (status, 1, 1)
        assert body["errors"][0]["context"]["ids"] == ["no@body.example"]


def test_batch_without_traces_is_refused_whole_for_one_row(
    simulators: Control, with_key: httpx.Client
) -> None:
    taken = simulators.hubspot_customers("contact_and_company", limit=1)[0].email
    rows = [
        {"id": "cus_1", "idProperty": KEY, "properties": {"firstname": "Ann"}},
        {"id": "cus_2", "idProperty": KEY, "properties": {"email": taken.upper()}},
    ]
    whole = post(with_key, "contacts/batch/upsert", inputs=rows)
    assert refusal(whole) == (409, "CONFLICT")
    assert simulators.hubspot_records("contacts") == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"lifecyclestage": "King"}, "INVALID_OPTION"),
        ({"email": "ann@acme"}, "INVALID_EMAIL"),
        ({"amount": "1,000.00"}, "INVALID_NUMBER"),
        ({"amount": "NaN"}, "INVALID_NUMBER"),
        ({"day": "2026-11-20T10:00:00Z"}, "INVALID_DATE"),
        ({"day": "20 November"}, "INVALID_DATE"),
        ({"moment": "yesterday"}, "INVALID_LONG"),
    ],
)
def test_wrong_value_is_refused(simulators: Control, with_key: httpx.Client, values: Json, code: str) -> None:
    for name, kind, field in (
        ("amount", "number", "number"),
        ("day", "date", "date"),
        ("moment", "datetime", "date"),
    ):
        made = property_of(name, type=kind, fieldType=field, hasUniqueValue=False)
        assert with_key.post("/v3/properties/contacts", json=made).status_code == 201
    body = {"id": "cus_1", "idProperty": KEY, "properties": {"firstname": "Ann"} | values}
    answer = post(with_key, "contacts/batch/upsert", inputs=[body])
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert f'"error": "{code}"' in answer.json()["message"]
    assert simulators.hubspot_records("contacts") == []


def test_values_come_back_as_they_are_kept(simulators: Control, with_key: httpx.Client) -> None:
    for name, kind in (("day", "date"), ("moment", "datetime")):
        made = property_of(name, type=kind, fieldType="date", hasUniqueValue=False)
        with_key.post("/v3/properties/contacts", json=made)
    midnight = "1763596800000"
    values = {
        "email": "Ann@Acme.Example",
        "day": midnight,
        "moment": "2026-11-20T10:00:00+01:00",
        "phone": "",
    }
    assert upsert(with_key, **values).status_code == 200
    (record,) = simulators.hubspot_records("contacts")
    assert {name: record[name] for name in values} == {
        "email": "ann@acme.example", "day": "2025-11-20", "moment": "2026-11-20T09:00:00.000Z", "phone": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("contacts/batch/upsert", {"inputs": [{"id": "1", "properties": {"firstname": "A"}}]}, 400),
        ("contacts/batch/read", {"idProperty": "hs_object_id", "inputs": [{"id": "1"}]}, 400),
        ("contacts/batch/update", {"inputs": [{"id": "1", "properties": {"firstname": 7}}]}, 400),
        ("contacts/batch/read", {"inputs": [{"id": str(n)} for n in range(101)]}, 400),
        ("contacts/batch/read", {"inputs": [{"id": "1"}, {"id": "1"}]}, 400),
        ("contacts/batch/read", {"inputs": []}, 400),
        ("tickets/batch/read", {"inputs": [{"id": "1"}]}, 404),
        ("companies/search", {"limit": 201}, 400),
        ("companies/search", {"limit": 200, "after": "9900"}, 400),
        ("companies/search", {"filterGroups": [{"filters": []}] * 6}, 400),
        ("companies/search", {"filterGroups": [{"filters": [{"propertyName": "colour"}]}]}, 400),
    ],
)  # fmt: skip
def test_wrong_request_is_refused(hubspot: httpx.Client, path: str, body: Json, status: int) -> None:
    assert post(hubspot, path, **body).status_code == status


def test_wrong_token_and_version_are_refused(simulators: Control, hubspot: httpx.Client) -> None:
    wrong = {"authorization": "Bearer other"}
    assert refusal(hubspot.get(f"{DATED}/contacts", headers=wrong)) == (401, "INVALID_AUTHENTICATION")
    assert hubspot.get("/objects/2024-01/contacts").status_code == 404
    assert hubspot.get("/v3/nonsense").status_code == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "email"}, 409),
        ({"fieldType": "number"}, 400),
        ({"type": "colour"}, 400),
        ({"groupName": "nobodys"}, 400),
        ({"label": ""}, 400),
    ],
)
def test_wrong_property_is_refused(hubspot: httpx.Client, changes: Json, status: int) -> None:
    assert hubspot.post("/properties/2026-09/contacts", json=property_of(**changes)).status_code == status


def test_unique_properties_are_few(hubspot: httpx.Client) -> None:
    made = [hubspot.post("/properties/2026-09/contacts", json=property_of(f"key_{n}")) for n in range(11)]
    assert [answer.status_code for answer in made] == [201] * 10 + [400]


def test_group_is_made_once(hubspot: httpx.Client) -> None:
    group = {"name": "chartmogul", "label": "ChartMogul"}
    made = [hubspot.post("/v3/properties/companies/groups", json=group).status_code for _ in range(2)]
    names = [each["name"] for each in hubspot.get("/v3/properties/companies/groups").json()["results"]]
    assert made == [201, 409]
    assert names == ["companyinformation", "chartmogul"]


def test_search_is_behind(simulators: Control, hubspot: httpx.Client) -> None:
    simulators.add_hubspot_record("companies", name="Acme", domain="old.example")
    simulators.hubspot(search_lag_seconds=60)
    (record,) = simulators.hubspot_records("companies")
    simulators.change_hubspot_record("companies", record["id"], domain="new.example")
    simulators.add_hubspot_record("companies", name="Fresh", domain="fresh.example")
    shown = [found(hubspot, "companies", "domain", [f"{name}.example"]) for name in ("old", "new", "fresh")]
    assert [len(rows) for rows in shown] == [1, 0, 0]
    read = post(hubspot, "companies/batch/read", inputs=[{"id": record["id"]}], properties=["domain"])
    assert read.json()["results"][0]["properties"]["domain"] == "new.example"


@pytest.mark.parametrize(
    ("rule", "policy"),
    [
        ({"requests_per_10_seconds": 2}, "TEN_SECONDLY_ROLLING"),
        ({"requests_per_day": 2}, "DAILY"),
        ({"searches_per_second": 2}, "SECONDLY"),
    ],
)
def test_calls_above_the_limit_are_refused(
    simulators: Control, hubspot: httpx.Client, rule: dict[str, int], policy: str
) -> None:
    simulators.hubspot(**rule)
    answers = [post(hubspot, "companies/search", limit=1) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["policyName"] == policy


def test_headers_tell_what_is_left_but_not_of_a_search(simulators: Control, hubspot: httpx.Client) -> None:
    assert hubspot.get("/v3/owners/").headers["X-HubSpot-RateLimit-Remaining"] == "100"
    simulators.hubspot(requests_per_10_seconds=101)
    listed = hubspot.get(f"{DATED}/contacts", params={"limit": 1})
    assert listed.headers["X-HubSpot-RateLimit-Max"] == "101"
    assert listed.headers["X-HubSpot-RateLimit-Remaining"] == "99"
    assert hubspot.get("/v3/owners/").headers["X-HubSpot-RateLimit-Remaining"] == "98"
    assert "X-HubSpot-RateLimit-Max" not in post(hubspot, "contacts/search", limit=1).headers


def test_what_a_person_deletes_is_gone(simulators: Control, hubspot: httpx.Client) -> None:
    row = simulators.hubspot_customers("contact_and_company", limit=1)[0]
    domain = row.email.partition("@")[2]
    (company,) = found(hubspot, "companies", "domain", [domain])
    simulators.delete_hubspot_record("companies", company["id"])
    assert found(hubspot, "companies", "domain", [domain]) == []
    read = post(hubspot, "companies/batch/read", inputs=[{"id": company["id"]}])
    assert read.json()["results"] == []


def test_what_is_archived_is_gone(hubspot: httpx.Client) -> None:
    made = make(hubspot, "companies", name="Fjord Labs").json()["id"]
    for path in (DATED, "/v3/objects"):
        answer = hubspot.delete(f"{path}/companies/{made}")
        assert answer.status_code == (204 if path == DATED else 404)
    assert post(hubspot, "companies/batch/read", inputs=[{"id": made}]).json()["results"] == []


def test_a_hundred_thousand_cost_nothing_until_touched(simulators: Control, hubspot: httpx.Client) -> None:
    simulators.reset(customers=100_000)
    last = simulators.customers(limit=1, offset=99_999)[0]
    read = post(hubspot, "contacts/batch/read", idProperty="email", inputs=[{"id": last.email}])
    assert read.json()["results"][0]["id"] == "10000100000"
    page = hubspot.get(f"{DATED}/companies", params={"limit": 100, "after": "20000199990"}).json()
    assert "20000200000" in [record["id"] for record in page["results"]]


def make(hubspot: httpx.Client, object_type: str, **values: str) -> httpx.Response:
    return hubspot.post(f"{DATED}/{object_type}", json={"properties": values})


@pytest.mark.parametrize(
    ("object_type", "values", "code"),
    [
        ("deals", {"dealname": "Acme"}, "REQUIRED_PROPERTY"),
        ("deals", {"dealname": "Acme", "dealstage": "74022"}, "INVALID_OPTION"),
        ("deals", {"dealname": "Acme", "dealstage": "closedwon", "hs_is_closed": "true"}, "READ_ONLY_VALUE"),
        (
            "deals",
            {"dealname": "Acme", "dealstage": "closedwon", "deal_currency_code": "GBP"},
            "INVALID_OPTION",
        ),
        ("tasks", {"hs_task_subject": "Call"}, "REQUIRED_PROPERTY"),
        ("tasks", {"hs_timestamp": "2026-12-01T12:00:00Z", "hs_task_status": "DONE"}, "INVALID_OPTION"),
        ("tasks", {"hs_timestamp": "2026-12-01T12:00:00Z", "hubspot_owner_id": "70000008"}, "INVALID_OPTION"),
    ],
)
def test_wrong_deal_or_task_is_refused(
    simulators: Control, hubspot: httpx.Client, object_type: str, values: dict[str, str], code: str
) -> None:
    answer = make(hubspot, object_type, **values)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert f'"error": "{code}"' in answer.json()["message"]
    assert simulators.hubspot_records(object_type) == []


def test_stage_closes_a_deal(simulators: Control, hubspot: httpx.Client) -> None:
    for stage, closed in (("contractsent", "false"), ("closedlost", "true")):
        assert make(hubspot, "deals", dealname="Acme", dealstage=stage).status_code == 201
        made = simulators.hubspot_records("deals")[-1]
        assert (made["hs_is_closed"], made["pipeline"]) == (closed, "default")
    pipelines = hubspot.get("/pipelines/2026-09/deals").json()["results"]
    assert [each["label"] for each in pipelines] == ["Sales Pipeline", "Expansions"]
    assert pipelines[0]["stages"][-1]["metadata"]["isClosed"] == "true"
    assert hubspot.get("/pipelines/2026-09/tasks").status_code == 404


def test_new_record_is_connected_or_not_made(simulators: Control, hubspot: httpx.Client) -> None:
    contact = simulators.hubspot_records("contacts", all=True)[0]["id"]
    for id, type_id, status in ((contact, 204, 201), (contact, 192, 400), ("1", 204, 400)):
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
        body = {
            "properties": {"hs_timestamp": "2026-12-01T12:00:00Z"},
            "associations": [{"to": {"id": id}, "types": [kind]}],
        }
        assert hubspot.post(f"{DATED}/tasks", json=body).status_code == status
    [task] = simulators.hubspot_records("tasks")
    asked = {"inputs": [{"id": task["id"]}]}
    found = hubspot.post("/associations/2026-09/tasks/contacts/batch/read", json=asked).json()["results"]
    assert [each["toObjectId"] for each in found[0]["to"]] == [int(contact)]


def test_owner_who_has_left_is_among_the_archived(simulators: Control, hubspot: httpx.Client) -> None:
    assert hubspot.get("/owners/2026-09/70000008").status_code == 404
    left = hubspot.get("/owners/2026-09/70000008", params={"archived": "true"}).json()
    assert left["lastName"] == "Verhoeven"
    for _ in range(2):
        simulators.hire("new.one@mogulflow.example")
    found = hubspot.get("/owners/2026-09", params={"email": "new.one@mogulflow.example"}).json()["results"]
    assert len(found) == 1


def test_missing_scope_is_named(simulators: Control, hubspot: httpx.Client) -> None:
    simulators.hubspot(missing_scopes=["crm.objects.deals.write"])
    answer = make(hubspot, "deals", dealname="Acme", dealstage="closedwon")
    assert refusal(answer) == (403, "MISSING_SCOPES")
    named = answer.json()["errors"][0]["context"]["requiredGranularScopes"]
    assert named == ["crm.objects.deals.write"]
    assert post(hubspot, "deals/batch/read", inputs=[{"id": "1"}]).is_success
