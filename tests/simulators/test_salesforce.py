"""Salesforce: signing in, queries, upsert by external id, and what it refuses."""

from typing import Any

import httpx
import pytest

from simulators.kit.control import Control
from simulators.kit.shapes import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET, Case

TOKEN = "/salesforce/services/oauth2/token"
KEY = "Mogulflow_Key__c"


def query(salesforce: httpx.Client, text: str) -> Any:
    return salesforce.get("/query/", params={"q": text}).json()


def upsert(salesforce: httpx.Client, key: str, **fields: Any) -> httpx.Response:
    return salesforce.patch(f"/sobjects/Task/{KEY}/{key}", json=fields)


def error(answer: httpx.Response) -> tuple[int, str]:
    (body,) = answer.json()
    return answer.status_code, body["errorCode"]


def user(simulators: Control, *, active: bool = True) -> dict[str, Any]:
    return next(u for u in simulators.records("User") if u["IsActive"] == active)


def test_token_by_header_or_form(http: httpx.Client) -> None:
    grant = {"grant_type": "client_credentials"}
    by_header = http.post(TOKEN, data=grant, auth=(SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET))
    secret = {"client_id": SALESFORCE_CLIENT_ID, "client_secret": SALESFORCE_CLIENT_SECRET}
    by_form = http.post(TOKEN, data=grant | secret)
    assert by_header.json()["token_type"] == by_form.json()["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "other"}, "invalid_client_id"),
        ({"client_secret": "other"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_token_is_refused(http: httpx.Client, changes: dict[str, str], code: str) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": SALESFORCE_CLIENT_ID,
        "client_secret": SALESFORCE_CLIENT_SECRET,
    }
    answer = http.post(TOKEN, data=form | changes)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


def test_call_without_a_token_is_refused(http: httpx.Client) -> None:
    answer = http.get("/salesforce/services/data/v62.0/limits")
    assert error(answer) == (401, "INVALID_SESSION_ID")


@pytest.mark.parametrize(
    ("case", "accounts", "contacts"),
    [("account", 1, 1), ("contact_only", 0, 1), ("several", 0, 2), ("none", 0, 0)],
)
def test_cases_are_as_named(
    simulators: Control, salesforce: httpx.Client, case: Case, accounts: int, contacts: int
) -> None:
    row = simulators.customers(limit=1, case=case)[0]
    by_uuid = f"SELECT Id FROM Account WHERE CM_Customer_UUID__c = '{row.uuid}'"
    email = row.email.replace("'", "\\'")
    by_email = f"SELECT AccountId, Account.Owner.Email FROM Contact WHERE Email = '{email}'"
    assert query(salesforce, by_uuid)["totalSize"] == accounts
    found = query(salesforce, by_email)["records"]
    assert len({contact["AccountId"] for contact in found}) == contacts


@pytest.mark.parametrize("name", ["O'Brien's \"Best\" Bakery", "Müller <Söhne>", "Smørrebrød\\Co"])
def test_quoted_text_is_found(salesforce: httpx.Client, name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    found = query(salesforce, f"SELECT Name FROM Account WHERE Name = '{quoted}'")
    assert {account["Name"] for account in found["records"]} == {name}


def test_text_compares_without_case_but_keys_with(simulators: Control, salesforce: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    contact = f"SELECT Id FROM Contact WHERE Email = '{row.email.upper()}'"
    account = f"SELECT Id FROM Account WHERE CM_Customer_UUID__c = '{row.uuid.upper()}'"
    assert query(salesforce, contact)["totalSize"] == 1
    assert query(salesforce, account)["totalSize"] == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT Id FROM Account WHERE Name = 'O'Brien'", "MALFORMED_QUERY"),
        ("SELECT Colour__c FROM Account", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Spaceship", "INVALID_TYPE"),
    ],
)
def test_wrong_query_is_refused(salesforce: httpx.Client, text: str, code: str) -> None:
    assert error(salesforce.get("/query/", params={"q": text})) == (400, code)


def test_a_new_task_is_of_its_account_and_not_started(simulators: Control, salesforce: httpx.Client) -> None:
    account = simulators.records("Account")[0]
    upsert(salesforce, "k1", Subject="Save", WhatId=account["Id"])
    (task,) = simulators.records("Task")
    assert task["AccountId"] == account["Id"]
    assert (task["Status"], task["Priority"]) == ("Not Started", "Normal")


def test_account_follows_from_the_contact(simulators: Control, salesforce: httpx.Client) -> None:
    contact = simulators.records("Contact")[0]
    upsert(salesforce, "k1", WhoId=contact["Id"])
    assert simulators.records("Task")[0]["AccountId"] == contact["AccountId"]


def test_key_that_is_not_encoded_is_another_path(salesforce: httpx.Client) -> None:
    assert error(upsert(salesforce, "a/b")) == (404, "NOT_FOUND")


def test_keys_that_differ_in_case_are_two(simulators: Control, salesforce: httpx.Client) -> None:
    upsert(salesforce, "key")
    upsert(salesforce, "KEY")
    assert len(simulators.records("Task")) == 2


def test_update_only_creates_nothing(simulators: Control, salesforce: httpx.Client) -> None:
    answer = salesforce.patch(f"/sobjects/Task/{KEY}/k1?updateOnly=true", json={})
    assert error(answer) == (404, "NOT_FOUND")
    assert simulators.records("Task") == []


def test_several_matches_write_nothing(simulators: Control, salesforce: httpx.Client) -> None:
    row = simulators.customers(limit=1, case="several")[0]
    answer = salesforce.patch(f"/sobjects/Contact/Email/{row.email}", json={"LastName": "New"})
    assert answer.status_code == 300
    assert len(answer.json()) == 2
    assert all(contact["LastName"] != "New" for contact in simulators.records("Contact"))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Id": "00T5e0000000001AAA"}, "INVALID_FIELD"),
        ({KEY: "k1"}, "INVALID_FIELD"),
        ({"AccountId": "0015e0000000002AAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Subject": "x" * 256}, "STRING_TOO_LONG"),
        ({"Subject": 5}, "JSON_PARSER_ERROR"),
        ({"ActivityDate": "2026-02-30"}, "JSON_PARSER_ERROR"),
        ({"ActivityDate": "2026-02-03T10:00:00Z"}, "JSON_PARSER_ERROR"),
        ({"Priority": "Urgent"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"OwnerId": "nobody"}, "MALFORMED_ID"),
        ({"OwnerId": "0055e0000000zzzAAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"WhatId": "0015e0000zzzzzzAAA"}, "INVALID_CROSS_REFERENCE_KEY"),
    ],
)
def test_wrong_field_is_refused(
    simulators: Control, salesforce: httpx.Client, fields: dict[str, Any], code: str
) -> None:
    assert error(upsert(salesforce, "k1", **fields)) == (400, code)
    assert simulators.records("Task") == []


def test_inactive_owner_is_refused(simulators: Control, salesforce: httpx.Client) -> None:
    owner = user(simulators, active=False)
    answer = upsert(salesforce, "k1", OwnerId=owner["Id"])
    assert error(answer) == (400, "INACTIVE_OWNER_OR_USER")


def test_body_must_be_an_object(salesforce: httpx.Client) -> None:
    answer = salesforce.patch(f"/sobjects/Task/{KEY}/k1", content=b"[1]")
    assert error(answer) == (400, "JSON_PARSER_ERROR")


def test_upsert_needs_a_key_field(salesforce: httpx.Client) -> None:
    answer = salesforce.patch("/sobjects/Task/Subject/Save", json={})
    assert error(answer) == (404, "NOT_FOUND")


def test_unique_value_is_taken_once(simulators: Control, salesforce: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    new = {"Name": "Twin", "CM_Customer_UUID__c": row.uuid}
    assert error(salesforce.post("/sobjects/Account/", json=new)) == (400, "DUPLICATE_VALUE")


def test_required_fields_are_named(salesforce: httpx.Client) -> None:
    answer = salesforce.post("/sobjects/Contact/", json={"FirstName": "Ann"})
    assert error(answer) == (400, "REQUIRED_FIELD_MISSING")
    assert answer.json()[0]["fields"] == ["LastName"]


def test_record_by_id(simulators: Control, salesforce: httpx.Client) -> None:
    id = simulators.records("Account")[0]["Id"]
    assert salesforce.patch(f"/sobjects/Account/{id}", json={"CM_MRR__c": 12.5}).status_code == 204
    account = salesforce.get(f"/sobjects/Account/{id}", params={"fields": "CM_MRR__c"}).json()
    assert account["CM_MRR__c"] == 12.5
    assert error(salesforce.get("/sobjects/Account/0015e0000zzzzzzAAA")) == (404, "NOT_FOUND")


def test_describe_shows_the_key_field(simulators: Control, salesforce: httpx.Client) -> None:
    def key() -> list[dict[str, Any]]:
        described = salesforce.get("/sobjects/Task/describe").json()
        return [field for field in described["fields"] if field["name"] == KEY]

    (field,) = key()
    assert (field["externalId"], field["unique"], field["length"]) == (True, True, 255)
    simulators.remove_field("Task", KEY)
    assert key() == []
    assert error(upsert(salesforce, "k1")) == (404, "NOT_FOUND")


def test_control_changes_a_record(simulators: Control, salesforce: httpx.Client) -> None:
    owner = user(simulators)
    simulators.change_record("User", owner["Id"], IsActive=False)
    answer = upsert(salesforce, "k1", OwnerId=owner["Id"])
    assert error(answer) == (400, "INACTIVE_OWNER_OR_USER")


def test_retired_version_is_refused(salesforce: httpx.Client) -> None:
    url = str(salesforce.base_url).replace("62.0", "99.0")
    assert salesforce.get(f"{url}limits").status_code == 404


def test_which_status_closes_a_task_is_the_orgs_choice(simulators: Control, salesforce: httpx.Client) -> None:
    closing = "SELECT ApiName, SortOrder FROM TaskStatus WHERE IsClosed = true"
    assert [row["ApiName"] for row in query(salesforce, closing)["records"]] == ["Completed"]
    for status in simulators.records("TaskStatus"):
        simulators.change_record("TaskStatus", status["Id"], IsClosed=status["ApiName"] == "Deferred")
    assert [row["ApiName"] for row in query(salesforce, closing)["records"]] == ["Deferred"]
    for key, name, closed in (("k1", "Completed", False), ("k2", "Deferred", True)):
        upsert(salesforce, key, Subject="Save", Status=name, ActivityDate="2026-11-30")
        [task] = [each for each in simulators.records("Task") if each[KEY] == key]
        assert task["IsClosed"] is closed


def test_stage_closes_an_opportunity(simulators: Control, salesforce: httpx.Client) -> None:
    fields = {"Name": "More seats", "CloseDate": "2026-12-31", "StageName": "Prospecting"}
    for stage, closed, won in (("Prospecting", False, False), ("Closed Lost", True, False)):
        changed = fields | {"StageName": stage}
        assert salesforce.patch(f"/sobjects/Opportunity/{KEY}/k1", json=changed).is_success
        [made] = simulators.records("Opportunity")
        assert (made["IsClosed"], made["IsWon"]) == (closed, won)
    missing = salesforce.patch(f"/sobjects/Opportunity/{KEY}/k2", json={"Name": "Other"})
    assert error(missing) == (400, "REQUIRED_FIELD_MISSING")
    assert missing.json()[0]["fields"] == ["StageName", "CloseDate"]


def test_org_tells_its_currency_where_it_has_but_one(simulators: Control, salesforce: httpx.Client) -> None:
    def features() -> Any:
        return salesforce.get("/connect/organization").json()["features"]

    assert (features()["multiCurrency"], features()["defaultCurrencyIsoCode"]) == (False, "USD")
    simulators.salesforce(currencies=["EUR", "USD"])
    assert (features()["multiCurrency"], features()["defaultCurrencyIsoCode"]) == (True, None)


def test_what_is_deleted_is_gone_and_what_is_on_an_account_goes_with_it(
    simulators: Control, salesforce: httpx.Client
) -> None:
    account = simulators.records("Account")[0]["Id"]
    on_it = [each["Id"] for each in simulators.records("Contact") if each["AccountId"] == account]
    made = upsert(salesforce, "k1", Subject="s", WhatId=account).json()["id"]
    assert salesforce.delete(f"/sobjects/Task/{made}").status_code == 204
    assert error(salesforce.delete(f"/sobjects/Task/{made}")) == (404, "ENTITY_IS_DELETED")
    assert error(salesforce.get(f"/sobjects/Task/{made}")) == (404, "NOT_FOUND")
    assert upsert(salesforce, "k1", Subject="anew").json()["created"] is True
    simulators.refuse_record(account, times=1)
    assert error(salesforce.delete(f"/sobjects/Account/{account}"))[0] == 400
    assert salesforce.delete(f"/sobjects/Account/{account}").status_code == 204
    assert on_it
    for id in (account, *on_it):
        name = "Account" if id == account else "Contact"
        assert query(salesforce, f"SELECT Id FROM {name} WHERE Id = '{id}'")["records"] == []
        assert id not in [each["Id"] for each in simulators.records(name)]


def test_stages_say_what_they_close(salesforce: httpx.Client) -> None:
    where = "IsClosed = true AND IsWon = false AND IsActive = true"
    found = query(salesforce, f"SELECT ApiName, SortOrder FROM OpportunityStage WHERE {where}")["records"]
    assert [each["ApiName"] for each in found] == ["Closed Lost"]
