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
