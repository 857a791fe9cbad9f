"""Salesforce: the contract, whose account a customer is, and tasks that exist once."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from clients.kit.errors import (
    Ambiguous,
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from clients.salesforce.client import SalesforceClient
from models.salesforce import AccountOwner, OwnerQuery
from simulators.kit.control import Control
from simulators.kit.shapes import SALESFORCE_CLIENT_SECRET, Case
from tests.contracts.salesforce import FALLBACK, QUERY, TOKEN, client_of
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.suite import WriteContract

KEY = "0123456789abcdef01234567:save_task"
EXPIRED = Reply([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], 401)
NOTHING_FOUND = Reply({"records": [], "done": True})
UPSERT = "/sobjects/Task/"


class TestSalesforceContract(WriteContract):
    system = "salesforce"
    read_path = QUERY
    write_path = UPSERT
    answer = {"totalSize": 0, "done": True, "records": [], "brandNew": {"deep": [1]}}
    wrong_answer = {"totalSize": 0, "records": "none"}

    def connect(self, control: Control, **options: Any) -> SalesforceClient:
        url = f"{options.pop('url', control.url)}/salesforce"
        return client_of(url, options.pop("credential", SALESFORCE_CLIENT_SECRET), **options)

    async def read(self, client: SalesforceClient) -> object:
        return await client.tasks.find(KEY, ["Subject"])

    async def read_nothing(self, client: SalesforceClient) -> object:
        return await client.tasks.find("nobody's")

    async def read_pages(self, control: Control) -> tuple[int, int]:
        """The simulator has no pages this small: two thousand rows make one."""
        tasks = [{"Id": f"00T{n}"} for n in range(3)]
        more = f"/services/data/v62.0/query/01gX-{2000}"
        first = {"records": tasks[:2], "done": False, "nextRecordsUrl": more}
        with ScriptedServer(TOKEN, Reply(first), Reply({"records": tasks[2:], "done": True})) as server:
            client = client_of(f"{server.url}/salesforce")
            with pytest.raises(Ambiguous) as caught:
                await client.tasks.find(KEY)
            await client.aclose()
            assert server.paths(more) == [f"/salesforce{more}"]
        [found] = re.findall(r"(\d+) tasks carry it", str(caught.value))
        return 3, int(found)

    async def write(self, client: SalesforceClient, text: str = "Hello") -> object:
        return await client.tasks.upsert(KEY, {"Subject": text, "ActivityDate": date(2026, 12, 1)})

    async def write_again(self, client: SalesforceClient) -> object:
        return await self.write(client)

    async def write_nonsense(self, client: SalesforceClient) -> object:
        return await client.tasks.upsert(KEY, {"Subject": "Hello", "Nonsense__c": 1})

    def written(self, control: Control) -> list[str]:
        return [task["Subject"] for task in control.records("Task")]

    async def test_expired_credential(self, simulators: Control, client: Any) -> None:
        """A new token is fetched once, and the call repeated."""
        simulators.fault("salesforce", "expired_token", path=self.write_path)
        await self.write(client)
        assert len(self.written(simulators)) == 1
        assert [call.path.split("/")[2] for call in simulators.calls("salesforce")[-3:]] == [
            "data",
            "oauth2",
            "data",
        ]


@pytest.fixture
async def salesforce(simulators: Control) -> AsyncIterator[SalesforceClient]:
    client = client_of(simulators.salesforce_url)
    yield client
    await client.aclose()


def query_for(simulators: Control, case: Case, **changes: Any) -> OwnerQuery:
    row = simulators.customers(limit=1, case=case)[0]
    query = OwnerQuery(customer_uuid=row.uuid, email=row.email, fallback_email=FALLBACK)
    return query.model_copy(update=changes)


def owner_email_in(simulators: Control, case: Case) -> str | None:
    return simulators.customers(limit=1, case=case)[0].owner_email


async def test_account_with_chartmoguls_id_names_the_owner(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    query = query_for(simulators, "account")
    owner = await salesforce.account_owner(query)
    [account] = [a for a in simulators.records("Account") if a["CM_Customer_UUID__c"] == query.customer_uuid]
    assert owner.owner_email == owner_email_in(simulators, "account")
    assert owner.account_id == account["Id"]
    assert owner.contact_id is not None
    assert owner.why_fallback is None


async def test_contact_with_the_email_names_the_owner(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    owner = await salesforce.account_owner(query_for(simulators, "contact_only"))
    assert owner.owner_email == owner_email_in(simulators, "contact_only")
    assert owner.account_id
    assert owner.contact_id
    assert owner.why_fallback is None


@pytest.fixture
def named(simulators: Control) -> tuple[str, dict[str, Any]]:
    """A customer's account, whose CSM is somebody else than its owner."""
    uuid = simulators.customers(limit=1, case="account")[0].uuid
    [account] = [each for each in simulators.records("Account") if each["CM_Customer_UUID__c"] == uuid]
    active = (each for each in simulators.records("User") if each["IsActive"])
    csm = next(each for each in active if each["Id"] != account["OwnerId"])
    simulators.change_record("Account", account["Id"], CSM__c=csm["Id"])
    return account["Id"], csm


async def test_a_user_field_of_the_account_names_somebody(
    simulators: Control, salesforce: SalesforceClient, named: tuple[str, dict[str, Any]]
) -> None:
    account, csm = named
    found = await salesforce.account_owner(query_for(simulators, "account", user_field="CSM__c"))
    assert (found.owner_id, found.owner_name, found.owner_email) == (csm["Id"], csm["Name"], csm["Email"])
    assert (found.account_id, found.found_by) == (account, "ChartMogul's id on the account")
    simulators.salesforce(hidden=["User"])
    unseen = await salesforce.account_owner(query_for(simulators, "account", user_field="CSM__c"))
    assert (unseen.owner_id, unseen.owner_name) == (csm["Id"], None)


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("CSM__c", "The account has no user in CSM__c"),
        ("CSM2__c", "Salesforce does not let us look up CSM2__c of the account (INVALID_FIELD"),
        ("Website", "The account has no user in Website"),
    ],
)
async def test_a_user_field_that_names_nobody_is_passed_over(
    simulators: Control, salesforce: SalesforceClient, field: str, why: str
) -> None:
    found = await salesforce.account_owner(query_for(simulators, "account", user_field=field))
    assert found.owner_id is None
    assert str(found.why_fallback).startswith(why)


async def test_an_inactive_user_of_the_field_is_passed_over(
    simulators: Control, salesforce: SalesforceClient, named: tuple[str, dict[str, Any]]
) -> None:
    _, csm = named
    simulators.change_record("User", csm["Id"], IsActive=False)
    found = await salesforce.account_owner(query_for(simulators, "account", user_field="CSM__c"))
    assert found.owner_id is None
    assert found.why_fallback == f"{csm['Name']}, CSM__c of the account, is inactive"


async def test_leads_are_found_and_those_converted_are_not(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    email = "newcomer@acme.example"
    assert await salesforce.leads_with(email) == ([], "")
    for name in ("Old", "Done", "New"):
        lead = simulators.add_record("Lead", LastName=name, Company="Acme", Email=email)
        at = {"Old": "2026-01-01", "Done": "2026-03-01", "New": "2026-02-01"}[name]
        changes = {"CreatedDate": f"{at}T00:00:00.000+0000", "IsConverted": name == "Done"}
        simulators.change_record("Lead", lead["Id"], **changes)
    found, _ = await salesforce.leads_with(email.upper())
    assert [each.name for each in found] == ["New", "Old"]
    simulators.salesforce(unfilterable=["Lead.Email"])
    refused, why = await salesforce.leads_with(email)
    assert (refused, why[:52]) == ([], "Salesforce does not let us look up leads by e-mail (")


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("none", "No Salesforce account carries this customer's ChartMogul id or e-mail"),
        ("several", "2 contacts on 2 accounts share the customer's e-mail"),
        ("inactive_owner", "The account's owner Tom Verhoeven is inactive"),
    ],
)
async def test_fallback_owner_stands_in_and_says_why(
    simulators: Control, salesforce: SalesforceClient, case: Case, why: str
) -> None:
    owner = await salesforce.account_owner(query_for(simulators, case))
    assert owner.owner_email == FALLBACK
    assert owner.owner_id
    assert owner.why_fallback == why
    assert bool(owner.account_id) == (case == "inactive_owner")
    assert bool(owner.contact_id) == (case == "inactive_owner")


@pytest.mark.parametrize("impossible", [{"unfilterable": ["Contact.Email"]}, {"hidden": ["Contact"]}])
async def test_owner_is_found_by_the_account_where_contacts_cannot_be_looked_up(
    simulators: Control, salesforce: SalesforceClient, impossible: dict[str, Any]
) -> None:
    """An encrypted e-mail cannot be filtered."""
    simulators.salesforce(**impossible)
    owner = await salesforce.account_owner(query_for(simulators, "account"))
    assert owner.owner_email == owner_email_in(simulators, "account")
    assert (owner.found_by, owner.why_fallback) == ("ChartMogul's id on the account", None)
    assert "INVALID_" in owner.left_out[0]
    nobodys = await salesforce.account_owner(query_for(simulators, "contact_only"))
    assert nobodys.owner_email == FALLBACK
    assert "does not let us look up contacts by e-mail" in (nobodys.why_fallback or "")
    assert str(query_for(simulators, "contact_only").email) not in (nobodys.why_fallback or "")


async def test_owner_is_found_by_the_contact_where_the_account_has_no_key(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    simulators.remove_field("Account", "CM_Customer_UUID__c")
    owner = await salesforce.account_owner(query_for(simulators, "contact_only"))
    assert owner.owner_email == owner_email_in(simulators, "contact_only")
    assert owner.found_by == "the contact's e-mail"
    simulators.salesforce(unfilterable=["Contact.Email"])
    nobodys = await salesforce.account_owner(query_for(simulators, "account"))
    assert nobodys.owner_email == FALLBACK
    assert "CM_Customer_UUID__c" in (nobodys.why_fallback or "")


async def test_owner_is_found_where_users_are_hidden(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    simulators.salesforce(hidden=["User"])
    query = query_for(simulators, "account")
    owner = await salesforce.account_owner(query)
    [account] = [a for a in simulators.records("Account") if a["CM_Customer_UUID__c"] == query.customer_uuid]
    assert (owner.owner_id, owner.why_fallback) == (account["OwnerId"], None)
    nobodys = await salesforce.account_owner(query_for(simulators, "none"))
    assert nobodys.owner_id is None
    assert "could not be looked up" in (nobodys.why_fallback or "")


async def test_queue_as_owner_gives_way_to_the_fallback() -> None:
    owner = {"Name": "EMEA queue", "Email": None, "IsActive": None}
    row = {"Id": "001A", "OwnerId": "00G000000000001", "Owner": owner}
    revops = {"Id": "005A", "Name": "RevOps", "Email": FALLBACK}
    pages = [Reply({"records": rows, "done": True}) for rows in ([row], [revops])]
    with ScriptedServer(TOKEN, *pages) as server:
        client = client_of(server.url)
        found = await client.account_owner(OwnerQuery(customer_uuid="cus_1", fallback_email=FALLBACK))
        await client.aclose()
    assert found.owner_id == "005A"
    assert found.why_fallback == "The account belongs to the queue EMEA queue"


async def test_contact_without_an_account_is_kept(simulators: Control, salesforce: SalesforceClient) -> None:
    query = query_for(simulators, "contact_only")
    [contact] = [c for c in simulators.records("Contact") if c["Email"] == query.email]
    simulators.change_record("Contact", contact["Id"], AccountId=None)
    owner = await salesforce.account_owner(query)
    assert owner.contact_id == contact["Id"]
    assert owner.why_fallback == "The contact with the customer's e-mail belongs to no account"


@pytest.mark.parametrize(
    ("fallback", "why"),
    [
        (None, ", and no fallback owner is configured"),
        ("nobody@mogulflow.example", ", and the fallback owner is no active Salesforce user"),
        ("tom.verhoeven@mogulflow.example", ", and the fallback owner is no active Salesforce user"),
    ],
)
async def test_without_a_fallback_owner_there_is_none(
    simulators: Control, salesforce: SalesforceClient, fallback: str | None, why: str
) -> None:
    query = query_for(simulators, "none", fallback_email=fallback)
    owner = await salesforce.account_owner(query)
    assert owner == AccountOwner(why_fallback=owner.why_fallback)
    assert owner.why_fallback is not None
    assert owner.why_fallback.endswith(why)


async def test_customer_without_email_is_found_by_id_alone(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    owner = await salesforce.account_owner(query_for(simulators, "account", email=" "))
    assert owner.account_id
    assert owner.contact_id is None


async def test_words_of_a_customer_are_no_soql(salesforce: SalesforceClient) -> None:
    evil = "x' OR Name != '\\"
    owner = await salesforce.account_owner(OwnerQuery(customer_uuid=evil, email=evil))
    assert owner.account_id is None
    assert await salesforce.tasks.find(evil) is None
    for name in ("Id FROM User", "Subject)", "", "Été"):
        with pytest.raises(Rejected, match="no API name"):
            await salesforce.tasks.find(KEY, [name])


async def test_second_save_changes_the_same_task(salesforce: SalesforceClient) -> None:
    first = await salesforce.tasks.upsert(KEY, {"Subject": "Call", "Status": "In Progress"})
    second = await salesforce.tasks.upsert(KEY, {"Subject": "Call again"})
    assert (first.created, second.created) == (True, False)
    assert first.id == second.id
    assert await salesforce.tasks.find(KEY, ["Subject", "Status"]) == {
        "Id": first.id,
        "Subject": "Call again",
        "Status": "In Progress",
    }


async def test_simultaneous_saves_make_one_task(simulators: Control, salesforce: SalesforceClient) -> None:
    saved = await asyncio.gather(*(salesforce.tasks.upsert(KEY, {"Subject": "Call"}) for _ in range(12)))
    assert len({task.id for task in saved}) == len(simulators.records("Task")) == 1


@pytest.mark.parametrize("key", ["a/b:c d", "ключ?x=1&y=%2F#z", "x" * 255])
async def test_any_key_can_be_saved_and_found(salesforce: SalesforceClient, key: str) -> None:
    saved = await salesforce.tasks.upsert(key, {"Subject": "Call"})
    assert await salesforce.tasks.find(key) == {"Id": saved.id}


async def test_update_that_answers_nothing_is_looked_up() -> None:
    found = Reply({"records": [{"attributes": {}, "Id": "00T1"}], "done": True})
    with ScriptedServer(TOKEN, Reply("", 204), found) as server:
        client = client_of(server.url)
        assert await client.tasks.upsert(KEY, {"Subject": "Call"}) == ("00T1", False)
        await client.aclose()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "[" * 100_000])
async def test_number_that_is_none_is_no_answer(number: str) -> None:
    """It would be compared with a figure, or written in the place of one."""
    rows = f'{{"records": [{{"Id": "00T1", "AnnualRevenue": {number}}}], "done": true}}'
    with ScriptedServer(TOKEN, Reply(rows)) as server:
        client = client_of(server.url)
        with pytest.raises(Unavailable, match="no JSON"):
            await client.tasks.find(KEY, ["AnnualRevenue"])
        await client.aclose()


async def test_key_is_no_field_to_set(simulators: Control, salesforce: SalesforceClient) -> None:
    with pytest.raises(Rejected, match="is the key"):
        await salesforce.tasks.upsert(KEY, {"Mogulflow_Key__c": "other"})
    assert simulators.calls("salesforce") == []


async def test_missing_key_field_is_named(simulators: Control, salesforce: SalesforceClient) -> None:
    simulators.remove_field("Task", "Mogulflow_Key__c")
    with pytest.raises(NotFound, match="Mogulflow_Key__c"):
        await salesforce.tasks.upsert(KEY, {"Subject": "Call"})
    with pytest.raises(Rejected, match="Mogulflow_Key__c"):
        await salesforce.tasks.find(KEY)


async def test_description_has_the_fields(salesforce: SalesforceClient) -> None:
    fields = {field["name"]: field for field in (await salesforce.describe("Task"))["fields"]}
    assert fields["Mogulflow_Key__c"]["unique"]
    with pytest.raises(NotFound):
        await salesforce.describe("Nothing__c")


@pytest.mark.parametrize(
    ("status", "body", "kind", "told"),
    [
        (300, ["/a/1", "/a/2"], Ambiguous, "2 records carry the key"),
        (400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "row"}], Unavailable, "LOCK_ROW"),
        (
            400,
            [{"errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "x: UNABLE_TO_LOCK_ROW"}],
            Unavailable,
            "CANNOT_INSERT",
        ),
        (
            400,
            [{"errorCode": "DUPLICATE_VALUE", "message": "Mogulflow_Key__c duplicates 00T1"}],
            Unavailable,
            "DUPLICATE_VALUE",
        ),
        (400, [{"errorCode": "DUPLICATE_VALUE", "message": "Other__c duplicates"}], Rejected, "Other__c"),
        (
            400,
            [{"errorCode": "STRING_TOO_LONG", "message": "Subject: Acme Ltd", "fields": ["Subject"]}],
            Rejected,
            r"STRING_TOO_LONG in Subject \(HTTP 400\)",
        ),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "Total"}], RateLimited, "Total"),
        (410, [{"errorCode": "UNSUPPORTED_API_VERSION", "message": "old"}], Rejected, "old"),
        (400, "<html>", OutcomeUnknown, r"maintenance, or a proxy.*\(HTTP 400\)"),
        (400, [], OutcomeUnknown, r"\(HTTP 400\)"),
        (302, "", Unavailable, r"\(HTTP 302\)"),
        (403, "<html>Access Denied</html>", OutcomeUnknown, "maintenance, or a proxy"),
        (404, "<html>", OutcomeUnknown, "maintenance, or a proxy"),
        (200, "<html>Scheduled Maintenance</html>", OutcomeUnknown, "no JSON"),
        (503, "<html>Scheduled Maintenance</html>", OutcomeUnknown, "503"),
        (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "?"}], OutcomeUnknown, "UNKNOWN_EXC"),
        (400, [{"errorCode": "QUERY_TIMEOUT", "message": "too long"}], OutcomeUnknown, "QUERY_TIMEOUT"),
        (400, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], OutcomeUnknown, "SERVER"),
        (400, [{"errorCode": "NEW_CODE", "message": "Please try again later"}], OutcomeUnknown, "NEW"),
        (
            400,
            [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Wrong. Try again"}],
            Rejected,
            "FIELD_CUSTOM",
        ),
        (403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}], Unauthorized, "API_DISABLED"),
    ],
)
async def test_errors_have_their_kind(
    status: int, body: Any, kind: type[IntegrationError], told: str
) -> None:
    with ScriptedServer(TOKEN, Reply(body, status)) as server:
        client = client_of(server.url)
        with pytest.raises(IntegrationError, match=told) as caught:
            await client.tasks.upsert(KEY, {"Subject": "Call"})
        assert type(caught.value) is kind
        assert "Acme" not in str(caught.value)
        await client.aclose()


@pytest.mark.parametrize(
    ("text", "usage", "quota"),
    [
        ("TotalRequests Limit exceeded.", "", True),
        ("TotalRequests Limit exceeded.", "api-usage=100001/100000", True),
        ("TotalRequests Limit exceeded.", "api-usage=18/5000", False),
        ("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "", False),
    ],
)
async def test_only_the_limit_of_the_day_is_a_quota(text: str, usage: str, quota: bool) -> None:
    headers = {"Sforce-Limit-Info": usage} if usage else {}
    limit = Reply([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": text}], 403, headers)
    with ScriptedServer(TOKEN, limit) as server:
        client = client_of(server.url)
        with pytest.raises(RateLimited) as caught:
            await client.tasks.find(KEY)
        assert (caught.value.quota, caught.value.retry_after) == (quota, None)
        await client.aclose()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "unknown_error", "error_description": "retry your request"}),
        (400, {"error": "server_error", "error_description": "?"}),
        (400, {"error": "invalid_grant", "error_description": "please retry your request"}),
        (400, {"error": "invalid_request", "error_description": "currently unavailable"}),
        (500, {"error": "invalid_client", "error_description": "?"}),
        (400, "<html>"),
        (401, ""),
        (403, "<html>Access Denied</html>"),
        (302, ""),
        (200, "<html>Maintenance</html>"),
        (503, "<html>Maintenance</html>"),
    ],
)
async def test_sign_in_that_fails_for_now_is_tried_again(status: int, body: Any) -> None:
    """Once, after the session has expired in the middle of work."""
    passing = Reply(body, status, {"Location": "https://status.example/maintenance"})
    with ScriptedServer(TOKEN, EXPIRED, passing, TOKEN, NOTHING_FOUND) as server:
        client = client_of(server.url)
        with pytest.raises(Unavailable) as caught:
            await client.tasks.find(KEY)
        assert "credential" not in str(caught.value)
        assert await client.tasks.find(KEY) is None
        await client.aclose()
        assert len(server.seen) == 5


@pytest.mark.parametrize(
    "code", ["invalid_client", "invalid_client_id", "invalid_grant", "inactive_user", "inactive_org"]
)
async def test_sign_in_that_a_person_must_mend_is_final(code: str) -> None:
    with ScriptedServer(Reply({"error": code, "error_description": "no"}, 400)) as server:
        client = client_of(server.url)
        with pytest.raises(Unauthorized, match="Check the credential"):
            await client.tasks.find(KEY)
        await client.aclose()
