"""Onboarding: a new customer is set up in CRM, product and Marketo, and somebody is told what was made."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from models.crm import CrmMapping
from models.effects import Action, Mode
from models.runs import Outcome
from models.templates.template import Installation
from simulators.connector.api import TOKEN
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.waiting import until
from tests.workflows.leaving import tried
from tests.workflows.template_runs import CHANNEL, Run, actions, begin, movement, with_product

CALLS = ["my_product.create_account", "my_product.grant_wiki"]


@pytest.fixture(autouse=True)
def _workers(workers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All queues are worked on, and the product's token is set."""
    monkeypatch.setenv("MY_PRODUCT_TOKEN", TOKEN)


@pytest.fixture
def installation(simulators_url: str) -> Installation:
    return with_product(simulators_url)


def back(simulators: Control) -> CustomerRow:
    return next(each for each in simulators.customers(limit=200) if not each.mrr and each.email)


async def returned(
    client: Client,
    simulators: Control,
    installation: Installation,
    customer: CustomerRow | None = None,
    mode: Mode = Mode.LIVE,
    **options: Any,
) -> Run:
    body = simulators.reactivate((customer or back(simulators)).uuid, cents=4900, send=False)
    given: dict[str, Any] = {"crm": None, "calls": CALLS, "settling_seconds": 0.2} | options
    return await begin(client, "onboarding", movement(body), mode=mode, installation=installation, **given)


async def test_product_and_channel_have_the_customer(
    client: Client, simulators: Control, installation: Installation
) -> None:
    result = await (await returned(client, simulators, installation)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert actions(result.effects) == {
        "my_product account": "created",
        "my_product access": "created",
        "slack message": "created",
    }
    [message] = simulators.messages(CHANNEL)
    assert "is back: $49.00 MRR" in message["text"]


CRM = {
    "salesforce": {
        "Account": {
            "key": "CM_Customer_UUID__c",
            "match": ["key", "domain"],
            "create_with": {"company": "Name"},
            "fields": {"mrr": "CM_MRR__c"},
        },
        "Contact": {
            "key": "CM_Customer_UUID__c",
            "match": ["key", "email"],
            "create_with": {"name": "LastName", "email": "Email"},
            "fields": {"mrr": "CM_MRR__c"},
        },
    }
}


async def test_account_and_contact_are_made_once_and_linked(client: Client, simulators: Control) -> None:
    installation = Installation(crm=CrmMapping.model_validate(CRM))
    newcomer = next(each for each in simulators.customers(limit=200, case="none") if each.mrr and each.email)
    simulators.cancel(newcomer.uuid, send=False, at=datetime.now(UTC) - timedelta(days=2))
    run = await returned(client, simulators, installation, newcomer, calls=[], crm="salesforce")
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    made = {
        (each.object_type, each.action): each.object_id
        for each in result.effects
        if each.system == "salesforce"
    }  # the two are made side by side
    account, contact = made[("Account", Action.CREATED)], made[("Contact", Action.CREATED)]
    assert made == {
        ("Account", Action.CREATED): account,
        ("Contact", Action.CREATED): contact,
        ("Contact", Action.UPDATED): contact,
    }
    [found] = [each for each in simulators.records("Contact") if each["Id"] == contact]
    assert found["AccountId"] == account


async def test_the_contact_is_enrolled_in_marketo(
    client: Client, simulators: Control, installation: Installation
) -> None:
    simulators.ask("POST", "marketo/lists", query={"name": "Onboarding"})
    marketo = {"static_list": "Onboarding"}
    result = await (await returned(client, simulators, installation, calls=[], marketo=marketo)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert [each.system for each in result.effects] == ["marketo", "marketo", "slack"]


async def test_facts_of_the_customer_go_to_the_lead(
    client: Client, simulators: Control, installation: Installation
) -> None:
    simulators.ask("POST", "marketo/lists", query={"name": "Onboarding"})
    facts = {
        "mrr": "cmMrr",
        "net_payments": "cmSeats",
        "custom.Seats": {"to": "leadScore", "format": "number"},
    }
    marketo = {"static_list": "Onboarding", "fields": {"cmStatus": "new"}, "facts": facts}
    customer = back(simulators)
    simulators.set_attribute(customer.uuid, "Seats", "many")
    run = await returned(client, simulators, installation, customer, calls=[], marketo=marketo)
    result = await run.result()
    [lead] = simulators.ask("GET", "marketo/books")["leads"]
    assert (lead["cmStatus"], lead["cmMrr"]) == ("new", 49.0)
    note = next(each.note for each in result.effects if each.object_type == "lead")
    assert "leadScore was left out: custom.Seats" in str(note)
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])


@pytest.mark.parametrize(
    ("leads", "hidden", "said"),
    [
        (1, [], "|Newest>: not converted"),
        (3, [], "3 with this e-mail, the newest is <"),
        (1, ["Lead"], "not looked for: Salesforce does not let us look up leads by e-mail (INVALID_TYPE"),
    ],
)
async def test_a_lead_is_told_of_and_never_converted(
    client: Client, simulators: Control, leads: int, hidden: list[str], said: str
) -> None:
    customer = back(simulators)
    for number in range(leads):
        name = "Newest" if number == leads - 1 else "Older"
        lead = simulators.add_record("Lead", LastName=name, Company="Acme", Email=customer.email)
        simulators.change_record("Lead", lead["Id"], CreatedDate=f"2026-01-0{number + 1}T00:00:00.000+0000")
    before = simulators.records("Lead")
    simulators.salesforce(hidden=hidden)
    installation = Installation(crm=CrmMapping.model_validate(CRM))
    run = await returned(client, simulators, installation, customer, calls=[], crm="salesforce")
    assert (await run.result()).outcome is Outcome.ACTED
    [message] = simulators.messages(CHANNEL)
    assert said in str(message["blocks"])
    simulators.salesforce(hidden=[])
    assert simulators.records("Lead") == before


MAYA, NO_MEMBER = "maya.okafor@mogulflow.example", "sam.whitfield@mogulflow.example"
SOON = timedelta(milliseconds=200) / timedelta(days=1)


@pytest.mark.parametrize("tell", ["person", "both"])
async def test_who_is_in_charge_is_told_by_direct_message(
    client: Client, simulators: Control, installation: Installation, tell: str
) -> None:
    owner = {"sources": ["rotation"], "rotation": [MAYA]}
    check_in = {"after_days": SOON}
    run = await returned(
        client, simulators, installation, calls=[], owner=owner, tell=tell, check_in=check_in
    )
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    [conversation] = simulators.ask("GET", "slack/conversations")
    first, reply = simulators.messages(conversation["id"])
    assert "is back: $49.00 MRR" in first["text"]
    assert reply["thread_ts"] == first["ts"]
    assert len(simulators.messages(CHANNEL)) == (2 if tell == "both" else 0)
    assert actions(result.effects)["slack direct message"] == "created"


@pytest.mark.parametrize(
    ("rotation", "missing", "why", "outcome"),
    [
        ([NO_MEMBER], [], f"{NO_MEMBER} is no member of Slack", Outcome.ACTED),
        ([], [], "nobody is in charge", Outcome.ACTED),
        ([MAYA], ["im:write"], "Slack did not take the direct message", Outcome.PARTIAL),
    ],
)
async def test_the_channel_is_told_of_whom_no_direct_message_reaches(
    client: Client,
    simulators: Control,
    installation: Installation,
    rotation: list[str],
    missing: list[str],
    why: str,
    outcome: Outcome,
) -> None:
    simulators.slack(missing_scopes=missing)
    owner = {"sources": ["rotation"], "rotation": rotation}
    run = await returned(client, simulators, installation, calls=[], owner=owner, tell="person")
    assert (await run.result()).outcome is outcome
    [message] = simulators.messages(CHANNEL)
    assert why in str(message["blocks"])


async def test_a_user_field_says_who_is_in_charge_and_one_who_left_is_passed_over(
    client: Client, simulators: Control, installation: Installation
) -> None:
    gone = [each for each in simulators.customers(limit=200, case="account") if not each.mrr and each.email]
    users = {each["Email"]: each["Id"] for each in simulators.records("User")}
    accounts = {each["CM_Customer_UUID__c"]: each["Id"] for each in simulators.records("Account")}
    simulators.change_record("Account", accounts[gone[0].uuid], CSM__c=users[MAYA])
    left = users["tom.verhoeven@mogulflow.example"]
    simulators.change_record("Account", accounts[gone[1].uuid], CSM__c=left)
    owner = {"salesforce_user_field": "CSM__c"}
    runs = [
        await returned(client, simulators, installation, each, calls=[], owner=owner) for each in gone[:2]
    ]
    named, passed_over = [(await run.result()).effects[-1].after["body"] for run in runs]
    assert "CSM__c of the Salesforce account, found by ChartMogul's id on the account" in named
    assert "owner of the Salesforce account, found by" in passed_over
    assert "CSM__c of the account, is inactive" in (await runs[1].result()).facts["Owner"]


async def test_what_fails_is_told_and_holds_nothing_up(
    client: Client, simulators: Control, installation: Installation
) -> None:
    marketo = {"static_list": "No such list"}
    result = await (await returned(client, simulators, installation, calls=[], marketo=marketo)).result()
    assert result.outcome is Outcome.PARTIAL
    [message] = simulators.messages(CHANNEL)
    assert "not done" in str(message["blocks"])


async def test_a_preview_writes_nothing(
    client: Client, simulators: Control, installation: Installation
) -> None:
    run = await returned(client, simulators, installation, mode=Mode.PREVIEW, calls=CALLS[:1])
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.PREVIEWED, [])
    assert set(actions(result.effects).values()) == {"would create"}
    assert simulators.messages(CHANNEL) == []
    assert simulators.ask("GET", "connector/accounts") == []


async def test_nothing_more_is_made_for_who_has_left_while_the_product_was_away(
    client: Client, simulators: Control, installation: Installation
) -> None:
    customer = back(simulators).uuid
    fault = simulators.fault("connector", "status", method="POST", path="/accounts", status=503, times=None)
    simulators.ask("POST", "marketo/lists", query={"name": "Onboarding"})
    run = await returned(
        client,
        simulators,
        installation,
        calls=CALLS[:1],
        marketo={"static_list": "Onboarding"},
        reread_after_seconds=0,
    )
    await until(lambda: tried(simulators, "connector", "/accounts"))
    await asyncio.sleep(1.2)  # what was read a second ago counts as fresh
    simulators.cancel(customer, send=False)
    simulators.remove_fault(fault.id)
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert "marketo" not in {each.system for each in result.effects}
    assert "left while" in result.verdict
    [message] = simulators.messages(CHANNEL)
    assert "has left again already" in message["text"]
