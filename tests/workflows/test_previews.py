"""A preview of each template that acts on an event writes nothing, by the books of all systems at once: and
they would show it, as they do when the same event is acted on."""

import asyncio
from typing import Any, NamedTuple

import pytest
from temporalio.client import Client

from models.effects import Action, Effect, Mode
from models.event import Event
from models.runs import Outcome
from models.templates.template import Installation
from simulators.connector.api import TOKEN
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from systems import SYSTEMS
from tests.workflows.books import SHOWN, books, written_in
from tests.workflows.conftest import until_effects
from tests.workflows.crm import MAPPING
from tests.workflows.template_runs import Invoice, begin, movement, with_product

WOULD = {Action.WOULD_CREATE, Action.WOULD_UPDATE, Action.UNCHANGED, Action.SKIPPED}
READ_ALONE = {"chartmogul", "stripe", "chargebee", "recurly", "quickbooks", "xero"}
TASK = {"fallback_owner": "revops@mogulflow.example"}


class Asked(NamedTuple):
    """`writes` are the systems that the run writes to where it acts; so many `effects` it has by then."""

    options: dict[str, Any]
    writes: set[str]
    effects: int


ASKED = {
    "onboarding": Asked(
        {
            "calls": ["my_product.create_account"],
            "marketo": {"static_list": "Onboarding", "facts": {"mrr": "cmMrr"}},
            "owner": {
                "sources": ["rotation"],
                "salesforce_user_field": "CSM__c",
                "rotation": ["maya.okafor@mogulflow.example"],
            },
            "tell": "both",
            "settling_seconds": 0.2,
        },
        {"salesforce", "connector", "marketo", "slack"},
        8,
    ),
    "expansion": Asked(
        {"opportunity": {"stage": "Prospecting"} | TASK, "merge_within_days": 1, "settling_seconds": 0.2},
        {"salesforce", "slack", "gong"},
        3,
    ),
    "failed_payment": Asked(
        {"message": {}, "tag": {"system": "intercom", "tag": "unpaid"}}, {"intercom", "slack"}, 3
    ),
    "churn_risk": Asked(
        {"task": TASK, "tag": {"system": "zendesk", "tag": "at_risk"}, "settling_seconds": 0.2},
        {"salesforce", "zendesk", "slack"},
        3,
    ),
}


@pytest.fixture(autouse=True)
def _workers(workers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All queues are worked on, and the product's token is set."""
    monkeypatch.setenv("MY_PRODUCT_TOKEN", TOKEN)


def event_for(template: str, simulators: Control) -> Event:
    if template == "onboarding":
        simulators.ask("POST", "marketo/lists", query={"name": "Onboarding"})
        customers = simulators.customers(limit=200)
        gone = next(each for each in customers if not each.mrr and each.email and each.case == "account")
        simulators.add_record("Lead", LastName="Still here", Company="Acme", Email=gone.email)
        return movement(simulators.reactivate(gone.uuid, cents=4900, send=False))
    if template == "expansion":
        return movement(simulators.expand(payer(simulators).uuid, 5000, send=False))
    if template == "churn_risk":
        return movement(simulators.contract(payer(simulators).uuid, 500, send=False))
    return Invoice(simulators, number=100).fails()


def payer(simulators: Control) -> CustomerRow:
    """Whom Zendesk knows."""
    known = {each["uuid"] for each in simulators.ask("GET", "zendesk/customers?case=known&limit=100")}
    paying = (each for each in simulators.customers(limit=200, case="account") if each.mrr)
    return next(each for each in paying if each.uuid in known)


@pytest.mark.parametrize("template", ASKED)
async def test_a_preview_leaves_the_books_of_all_systems_as_they_were(
    client: Client, simulators: Control, template: str
) -> None:
    asked = ASKED[template]
    installation = Installation(crm=MAPPING, connectors=with_product(simulators.url).connectors)
    event = event_for(template, simulators)
    given: dict[str, Any] = {"installation": installation, **asked.options}
    before = books(simulators)
    result = await (await begin(client, template, event, mode=Mode.PREVIEW, **given)).result()
    assert (result.outcome, result.problems) == (Outcome.PREVIEWED, [])
    assert len(result.effects) == asked.effects
    assert {each.action for each in result.effects} <= WOULD
    assert written_in(before, books(simulators)) == set()
    if template == "onboarding":
        shown_of_onboarding(result.effects)
    await until_effects(await begin(client, template, event, **given), asked.effects)
    assert written_in(before, await asyncio.to_thread(books, simulators)) == asked.writes


def shown_of_onboarding(effects: list[Effect]) -> None:
    """What the lead would get, what both messages would say, and that the lead is seen."""
    by_object = {each.object_type: each for each in effects}
    assert by_object["lead"].after["cmMrr"] == 49.0
    for message in (by_object["direct message"], by_object["message"]):
        assert "Still here>: not converted" in message.after["body"]


def test_the_books_of_every_system_that_is_written_to_are_compared() -> None:
    assert set(SHOWN) == {each.name for each in SYSTEMS} - READ_ALONE
