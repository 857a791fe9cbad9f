"""Salesforce in bulk: the contract, and an outcome for each record of a call."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest

from clients.kit.errors import NotFound, OutcomeUnknown, Rejected
from clients.salesforce.bulk import MOST_ROWS, SalesforceRecord
from clients.salesforce.client import SalesforceClient
from models.effects import Action
from models.row_outcomes import RowOutcome, RowProblem
from simulators.kit.control import Control
from simulators.kit.shapes import SALESFORCE_CLIENT_SECRET
from tests.contracts.salesforce import QUERY, TOKEN, client_of
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.suite import WriteContract

KEY = "CM_Customer_UUID__c"
NEW = "cus_of-the-contract"
COLLECTIONS = "/composite/sobjects"


class TestSalesforceBulkContract(WriteContract):
    system = "salesforce"
    read_path = QUERY
    write_path = COLLECTIONS
    answer = {"totalSize": 0, "done": True, "records": [], "brandNew": {"deep": [1]}}
    wrong_answer = {"totalSize": 0, "records": "none"}

    def connect(self, control: Control, **options: Any) -> SalesforceClient:
        url = f"{options.pop('url', control.url)}/salesforce"
        seconds = options.pop("timeout_seconds", 10)
        secret = options.pop("credential", SALESFORCE_CLIENT_SECRET)
        return client_of(url, secret, timeout_seconds=seconds, bulk_timeout_seconds=seconds)

    async def read(self, client: SalesforceClient) -> object:
        return await client.bulk.find("Account", KEY, [NEW], ["Name"])

    async def read_nothing(self, client: SalesforceClient) -> object:
        return await client.bulk.find("Account", KEY, ["cus_nobody"], ["Name"])

    async def read_pages(self, control: Control) -> tuple[int, int]:
        email, client = "shared@acme.example", self.connect(control)
        rows = {f"cus_{n}": {"LastName": "Lind", "Email": email} for n in range(2100)}
        for start in range(0, len(rows), MOST_ROWS):
            part = dict(islice(rows.items(), start, start + MOST_ROWS))
            await client.bulk.upsert("Contact", KEY, part)
        there = sum(contact["Email"] == email for contact in control.records("Contact"))
        found = await client.bulk.find("Contact", "Email", [email], [])
        await client.aclose()
        return there, len(found[email])

    async def write(self, client: SalesforceClient, text: str = "Hello") -> object:
        [outcome] = await client.bulk.upsert("Account", KEY, {NEW: {"Name": text}})
        assert outcome.problem is None
        return outcome

    async def write_again(self, client: SalesforceClient) -> object:
        return await self.write(client)

    async def write_nonsense(self, client: SalesforceClient) -> object:
        """A value that cannot be read refuses the whole call."""
        return await client.bulk.upsert("Account", KEY, {NEW: {"Name": "Hello", "CM_MRR__c": "much"}})

    def written(self, control: Control) -> list[str]:
        return [account["Name"] for account in control.records("Account") if account.get(KEY) == NEW]

    async def test_expired_credential(self, simulators: Control, client: Any) -> None:
        """A new token is fetched once, and the call repeated."""
        simulators.fault("salesforce", "expired_token", path=self.write_path)
        await self.write(client)
        assert len(self.written(simulators)) == 1


@pytest.fixture
async def salesforce(simulators: Control) -> AsyncIterator[SalesforceClient]:
    client = client_of(simulators.salesforce_url)
    yield client
    await client.aclose()


def accounts(simulators: Control) -> list[SalesforceRecord]:
    return simulators.records("Account")


def reads(simulators: Control) -> int:
    return sum(QUERY in call.path for call in simulators.calls("salesforce"))


async def test_two_hundred_are_found_by_key_in_one_call(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    customers = [row.uuid for row in simulators.customers(limit=200)]
    found = await salesforce.bulk.find("Account", KEY, customers, ["Name", "Owner.Name"])
    linked = {account[KEY]: account["Id"] for account in accounts(simulators) if account[KEY]}
    assert {uuid: [record["Id"] for record in records] for uuid, records in found.items()} == {
        uuid: [id] for uuid, id in linked.items()
    }
    assert reads(simulators) == 1
    assert next(iter(found.values()))[0].keys() == {"Id", KEY, "Name", "Owner"}


async def test_emails_are_found_without_regard_to_case(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    several = simulators.customers(limit=1, case="several")[0]
    nobody = simulators.customers(limit=1, case="none")[0]
    asked = [several.email.upper(), nobody.email]
    found = await salesforce.bulk.find("Contact", "Email", asked, ["AccountId"])
    assert list(found) == [several.email.upper()]
    assert len({contact["AccountId"] for contact in found[several.email.upper()]}) == 2


async def test_long_values_are_asked_for_in_several_calls(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    there = simulators.customers(limit=1, case="contact_only")[0].email
    long = [f"{'ü' * 60}{number}@acme.example" for number in range(99)]
    found = await salesforce.bulk.find("Contact", "Email", [*long, there], [])
    assert list(found) == [there]
    assert 1 < reads(simulators) < 6


async def test_accounts_are_found_through_their_contacts(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    only, several, nobody = (
        simulators.customers(limit=1, case=case)[0].email for case in ("contact_only", "several", "none")
    )
    found = await salesforce.bulk.accounts_of_contacts([only, several, nobody], ["Name", KEY])
    assert {email: len(records) for email, records in found.items()} == {only: 1, several: 2}
    [account] = found[only]
    [contact] = [c for c in simulators.records("Contact") if c["Email"] == only]
    assert account["Id"] == contact["AccountId"]
    assert account.keys() == {"Id", "Name", KEY}


@pytest.mark.parametrize("website", ["{}", "www.{}", "http://{}/", "https://www.{}", "HTTPS://{}"])
async def test_accounts_are_found_by_domain_however_it_is_written(
    simulators: Control, salesforce: SalesforceClient, website: str
) -> None:
    row = simulators.customers(limit=1, case="contact_only")[0]
    domain = row.email.partition("@")[2]
    [account] = [a for a in accounts(simulators) if a["Website"] == f"https://{domain}"]
    simulators.change_record("Account", account["Id"], Website=website.format(domain))
    found = await salesforce.bulk.find_by_domain("Account", "Website", [domain, "acme.example"], ["Name"])
    assert {name: [record["Id"] for record in records] for name, records in found.items()} == {
        domain: [account["Id"]]
    }


async def test_each_row_has_its_own_outcome(simulators: Control, salesforce: SalesforceClient) -> None:
    first, second, third, fourth = (account["Id"] for account in accounts(simulators)[:4])
    simulators.refuse_record(second, message="Ask ana@acme.example first")
    simulators.refuse_record(third, code="UNABLE_TO_LOCK_ROW", message="unable to obtain exclusive access")
    gone = first[:-6] + "zzzAAA"
    outcomes = await salesforce.bulk.update(
        "Account",
        {
            first: {"CM_MRR__c": Decimal("49.50"), "CM_Churned_On__c": date(2026, 5, 20)},
            second: {"CM_MRR__c": Decimal(1)},
            third: {"CM_MRR__c": Decimal(2)},
            fourth: {"Name": "Acme Ltd " * 40},
            "nonsense": {"CM_MRR__c": Decimal(3)},
            gone: {"Nonsense__c": 1},
        },
    )
    assert [(each.key, each.action) for each in outcomes][:2] == [(first, Action.UPDATED), (second, None)]
    problems = [each.problem for each in outcomes[1:]]
    assert [problem and problem.reason for problem in problems] == [
        "refused",
        "locked",
        "invalid",
        "invalid",
        "not found",
    ]
    told = [problem.text for problem in problems if problem]
    assert told[:3] == [
        "FIELD_CUSTOM_VALIDATION_EXCEPTION: Ask [e-mail] first",
        "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access",
        "STRING_TOO_LONG: in Name (max length=255)",
    ]
    assert "Acme" not in str(told)
    saved = accounts(simulators)[-1]
    assert (saved["Id"], saved["CM_MRR__c"], saved["CM_Churned_On__c"]) == (first, 49.5, "2026-05-20")


async def test_duplicate_rule_that_only_alerts_does_not_stop_an_update(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    alerted, blocked = (account["Id"] for account in accounts(simulators)[:2])
    for id, alert in ((alerted, True), (blocked, False)):
        simulators.refuse_record(id, code="DUPLICATES_DETECTED", message="Use one of these", alert=alert)
    first, second = await salesforce.bulk.update(
        "Account", {id: {"CM_MRR__c": Decimal(7)} for id in (alerted, blocked)}
    )
    assert first.action is Action.UPDATED
    assert second.problem is not None
    assert second.problem.reason == "conflict"


async def test_a_locked_row_is_written_by_the_next_try(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    id = accounts(simulators)[0]["Id"]
    simulators.refuse_record(id, code="UNABLE_TO_LOCK_ROW", times=1)
    [first] = await salesforce.bulk.update("Account", {id: {"CM_MRR__c": Decimal(1)}})
    [second] = await salesforce.bulk.update("Account", {id: {"CM_MRR__c": Decimal(1)}})
    assert first.problem
    assert first.problem.passes
    assert second == RowOutcome(key=id, id=id, action=Action.UPDATED)


async def test_empty_values_clear_and_instants_keep_their_moment(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    id = next(account["Id"] for account in accounts(simulators) if account["CM_Plan__c"])
    at = datetime(2026, 5, 20, 9, 2, 18, tzinfo=UTC)
    values = {"CM_Plan__c": None, "CM_Last_Movement_At__c": at}
    assert [each.action for each in await salesforce.bulk.update("Account", {id: values})] == [Action.UPDATED]
    [account] = [each for each in accounts(simulators) if each["Id"] == id]
    assert account["CM_Plan__c"] is None
    assert account["CM_Last_Movement_At__c"] == "2026-05-20T09:02:18.000+0000"


async def test_upsert_makes_and_changes(simulators: Control, salesforce: SalesforceClient) -> None:
    known = next(account for account in accounts(simulators) if account[KEY])
    rows: dict[str, SalesforceRecord] = {
        known[KEY]: {"CM_ARR__c": Decimal(12)},
        NEW: {"Name": "New", KEY: NEW},
        "cus_x": {"CM_ARR__c": 1},
    }
    changed, made, nameless = await salesforce.bulk.upsert("Account", KEY, rows)
    assert (changed.id, changed.action) == (known["Id"], Action.UPDATED)
    assert made.action is Action.CREATED
    assert nameless.problem == RowProblem(
        reason="invalid", text="REQUIRED_FIELD_MISSING: Required fields are missing: [Name]"
    )
    [again] = await salesforce.bulk.upsert("Account", KEY, {NEW: {"Name": "Newer"}})
    assert (again.id, again.action) == (made.id, Action.UPDATED)
    assert sum(account.get(KEY) == NEW for account in accounts(simulators)) == 1


async def test_an_empty_batch_is_no_call_and_a_too_large_one_is_none(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    assert await salesforce.bulk.update("Account", {}) == []
    assert await salesforce.bulk.find("Account", KEY, [], ["Name"]) == {}
    with pytest.raises(ValueError, match="200 is the most"):
        await salesforce.bulk.update("Account", {str(n): {} for n in range(MOST_ROWS + 1)})
    assert simulators.calls("salesforce") == []


async def test_two_hundred_rows_are_one_call(simulators: Control, salesforce: SalesforceClient) -> None:
    rows = {f"cus_{number}": {"Name": f"Account {number}"} for number in range(MOST_ROWS)}
    outcomes = await salesforce.bulk.upsert("Account", KEY, rows)
    assert [each.key for each in outcomes] == list(rows)
    assert {each.action for each in outcomes} == {Action.CREATED}
    assert [call.method for call in simulators.calls("salesforce")] == ["POST", "PATCH"]


async def test_a_missing_field_is_named(simulators: Control, salesforce: SalesforceClient) -> None:
    simulators.remove_field("Account", "CM_LTV__c")
    simulators.remove_field("Contact", KEY)
    id = accounts(simulators)[0]["Id"]
    [outcome] = await salesforce.bulk.update("Account", {id: {"CM_LTV__c": Decimal(1)}})
    assert outcome.problem
    assert "CM_LTV__c" in outcome.problem.text
    with pytest.raises(Rejected, match="CM_LTV__c"):
        await salesforce.bulk.find("Account", KEY, ["cus_1"], ["CM_LTV__c"])
    with pytest.raises(NotFound, match=KEY):
        await salesforce.bulk.upsert("Contact", KEY, {"cus_1": {"LastName": "Lind"}})


@pytest.mark.parametrize("name", ["Id FROM User", "CM_MRR__c)", "", "Été"])
async def test_names_are_no_soql(salesforce: SalesforceClient, name: str) -> None:
    with pytest.raises(Rejected, match="no API name"):
        await salesforce.bulk.find("Account", name, ["x"], [])
    with pytest.raises(Rejected, match="no API name"):
        await salesforce.bulk.find("Account", KEY, ["x"], [name])
    with pytest.raises(Rejected, match="no API name"):
        await salesforce.bulk.update("Account", {"001": {name: 1}})


async def test_words_of_a_customer_are_no_soql(salesforce: SalesforceClient) -> None:
    assert await salesforce.bulk.find("Account", "Name", ["x' OR Name != '\\"], []) == {}


async def test_the_calls_of_the_day_are_told(simulators: Control, salesforce: SalesforceClient) -> None:
    first = await salesforce.bulk.daily_calls()
    second = await salesforce.bulk.daily_calls()
    assert first.most == second.most == 100_000
    assert second.left == first.left - 1


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [{"success": True, "id": "001", "errors": []}] * 2,
        [{"id": "001"}],
        {"success": True},
    ],
)
async def test_an_answer_that_does_not_fit_the_rows_leaves_the_outcome_open(answer: Any) -> None:
    with ScriptedServer(TOKEN, Reply(answer)) as server:
        client = client_of(server.url)
        with pytest.raises(OutcomeUnknown):
            await client.bulk.update("Account", {"001": {"Name": "Acme"}})
        await client.aclose()


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        (
            {"statusCode": "DUPLICATE_VALUE", "message": f"{KEY} duplicates 001"},
            "locked",
            "DUPLICATE_VALUE: ",
        ),
        (
            {"statusCode": "DUPLICATE_VALUE", "message": "Other__c duplicates"},
            "conflict",
            "DUPLICATE_VALUE: ",
        ),
        ({"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these"}, "conflict", "DUPLICATES_DET"),
        ({"statusCode": "CANNOT_INSERT_UPDATE", "message": "x: UNABLE_TO_LOCK_ROW"}, "locked", "CANNOT_"),
        (
            {"statusCode": "INVALID_EMAIL_ADDRESS", "message": "Email: a b"},
            "refused",
            "INVALID_EMAIL_ADDRESS: in",
        ),
    ],
)
async def test_errors_of_a_row_have_their_reason(error: dict[str, Any], reason: str, text: str) -> None:
    answer = [{"success": False, "errors": [error]}, {"success": False, "errors": []}]
    with ScriptedServer(TOKEN, Reply(answer)) as server:
        client = client_of(server.url)
        row, silent = await client.bulk.upsert("Account", KEY, {"cus_1": {}, "cus_2": {}})
        await client.aclose()
    assert row.problem
    assert row.problem.reason == reason
    assert row.problem.text.startswith(text)
    assert silent.problem
    assert silent.problem.reason == "unanswered"


async def test_bulk_work_leaves_threads_to_live_events() -> None:
    slow = Reply([{"success": True, "id": "001", "errors": []}], waits_for=4)
    with ScriptedServer(TOKEN, slow) as server:
        client = client_of(server.url)
        await asyncio.gather(*(client.bulk.update("Account", {f"00{n}": {}}) for n in range(8)))
        await client.aclose()
        assert server.most_at_once == 4
