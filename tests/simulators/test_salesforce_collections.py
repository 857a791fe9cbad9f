"""Salesforce's collections: what is taken, and what is refused by row or as a whole."""

from typing import Any

import httpx
import pytest

from simulators.kit.control import Control

KEY = "CM_Customer_UUID__c"
BY_KEY = f"/composite/sobjects/Account/{KEY}"


def account(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account"}, **fields}


def write(salesforce: httpx.Client, path: str, *records: Any, **options: Any) -> httpx.Response:
    return salesforce.patch(path, json={"allOrNone": False, "records": list(records), **options})


def codes(answer: httpx.Response) -> list[str | None]:
    assert answer.status_code == 200
    return [row["errors"][0]["statusCode"] if row["errors"] else None for row in answer.json()]


def ids(simulators: Control) -> list[str]:
    return [record["Id"] for record in simulators.records("Account")]


def test_update_by_id_goes_row_by_row(simulators: Control, salesforce: httpx.Client) -> None:
    first, second, *_ = ids(simulators)
    answer = write(
        salesforce,
        "/composite/sobjects",
        account(id=first, CM_ARR__c=588.005),
        account(id=second, Colour__c="red"),
        account(CM_ARR__c=1),
        account(id="nobody", CM_ARR__c=1),
        account(id=first[:-6] + "zzzAAA", CM_ARR__c=1),
        account(id=second, OwnerId=first),
    )
    assert codes(answer) == [
        None,
        "INVALID_FIELD",
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
    assert answer.json()[0] == {"id": first, "success": True, "errors": []}
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")
    saved = next(record for record in simulators.records("Account") if record["Id"] == first)
    assert saved["CM_ARR__c"] in (588.0, 588.01)


def test_upsert_by_key_takes_a_key_once_and_no_row_without(salesforce: httpx.Client) -> None:
    rows = [
        account(**{KEY: "cus_new", "Name": "New"}),
        account(**{KEY: "cus_new", "Name": "Twice"}),
        account(Name="Keyless"),
    ]
    assert codes(write(salesforce, BY_KEY, *rows)) == [None, "DUPLICATE_VALUE", "MISSING_ARGUMENT"]


def test_several_records_with_a_key_refuse_their_row(simulators: Control, salesforce: httpx.Client) -> None:
    email = simulators.customers(limit=1, case="several")[0].email
    row = {"attributes": {"type": "Contact"}, "Email": email, "LastName": "New"}
    assert codes(write(salesforce, "/composite/sobjects/Contact/Email", row)) == ["DUPLICATE_EXTERNAL_ID"]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([account(id="x")] * 200, "EXCEEDED_ID_LIMIT"),
        ([account(id="x", CM_Churned_On__c="soon")], "JSON_PARSER_ERROR"),
        ([account(id="x", CM_Last_Movement_At__c="2026-05-20")], "JSON_PARSER_ERROR"),
        ([{"id": "x"}], "INVALID_INPUT"),
    ],
)
def test_what_cannot_be_read_refuses_the_whole_call(
    simulators: Control, salesforce: httpx.Client, records: list[Any], code: str
) -> None:
    before = simulators.records("Account")
    good = account(id=before[0]["Id"], CM_ARR__c=1)
    answer = write(salesforce, "/composite/sobjects", good, *records)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert simulators.records("Account") == before


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/composite/sobjects/Contact/Email", 400, "INVALID_INPUT"),
        ("/composite/sobjects/Account/Website", 404, "NOT_FOUND"),
        ("/composite/sobjects/Spaceship/Id", 404, "NOT_FOUND"),
    ],
)
def test_upsert_needs_a_key_and_records_of_one_type(
    salesforce: httpx.Client, path: str, status: int, code: str
) -> None:
    answer = write(salesforce, path, account(Name="New"))
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_values_are_kept_as_salesforce_keeps_them(simulators: Control, salesforce: httpx.Client) -> None:
    id = ids(simulators)[0]
    row = account(
        id=id, CM_Plan__c="  Team ", CM_Status__c="", CM_Last_Movement_At__c="2026-05-20T09:02:18+02:00"
    )
    assert codes(write(salesforce, "/composite/sobjects", row)) == [None]
    saved = next(record for record in simulators.records("Account") if record["Id"] == id)
    assert (saved["CM_Plan__c"], saved["CM_Status__c"]) == ("Team", None)
    assert saved["CM_Last_Movement_At__c"] == "2026-05-20T07:02:18.000+0000"


def test_changed_records_are_found_by_their_new_values_alone(
    simulators: Control, salesforce: httpx.Client
) -> None:
    row = simulators.customers(limit=1, case="contact_only")[0]
    contact = next(record for record in simulators.records("Contact") if record["Email"] == row.email)
    path = f"/sobjects/Contact/{contact['Id']}"
    for email in ("Other@acme.example", "third@acme.example"):
        assert salesforce.patch(path, json={"Email": email}).status_code == 204

    def found(email: str) -> int:
        text = f"SELECT Id FROM Contact WHERE Email IN ('{email}', 'nobody@acme.example')"
        answer: int = salesforce.get("/query/", params={"q": text}).json()["totalSize"]
        return answer

    assert [found(each) for each in (row.email, "other@acme.example", "THIRD@acme.example")] == [0, 0, 1]


def test_rows_come_in_pages_of_two_thousand(simulators: Control, salesforce: httpx.Client) -> None:
    simulators.reset(customers=2500)
    page = salesforce.get("/query", params={"q": "SELECT Id FROM Account"}).json()
    there = len(simulators.records("Account"))
    assert (len(page["records"]), page["done"], page["totalSize"]) == (2000, False, there)
    rest = salesforce.get(page["nextRecordsUrl"].split("/v62.0")[1]).json()
    assert (len(rest["records"]), rest["done"]) == (there - 2000, True)
    assert len({row["Id"] for row in page["records"] + rest["records"]}) == there
    assert salesforce.get("/query/01gnobody-2000").json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_url_that_is_too_long_is_refused(salesforce: httpx.Client) -> None:
    values = ", ".join(f"'{'x' * 60}{number}'" for number in range(300))
    answer = salesforce.get("/query", params={"q": f"SELECT Id FROM Account WHERE Name IN ({values})"})
    assert answer.status_code == 414
