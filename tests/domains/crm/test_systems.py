"""Both CRMs, as the sync sees them, against their simulators."""

from collections.abc import AsyncIterator

import pytest

from clients.kit.errors import RateLimited
from domains.crm.salesforce import LOOK_AGAIN, SalesforceCrm
from domains.crm.systems import Crm
from models.templates.crm_sync import Change, RecordPlan, Status
from settings import Settings
from simulators.kit.control import Control
from systems import Connections
from tests.workflows.crm import KEY, MAPPING, prepare, unlimited


@pytest.fixture
async def connections(settings: Settings) -> AsyncIterator[Connections]:
    connections = Connections.of(unlimited(settings))
    yield connections
    await connections.aclose()


@pytest.fixture
async def hubspot(simulators: Control, settings: Settings, connections: Connections) -> Crm:
    await prepare(settings)
    return connections.crms(unlimited(settings))["hubspot"].for_work(MAPPING, live=False)


@pytest.fixture
def salesforce(simulators: Control, settings: Settings, connections: Connections) -> Crm:
    return connections.crms(settings)["salesforce"].for_work(MAPPING, live=False)


async def test_a_company_is_found_by_its_contacts_address_and_by_domain(
    simulators: Control, hubspot: Crm
) -> None:
    mapping = MAPPING.objects("hubspot")["companies"]
    [one] = simulators.hubspot_customers("contact_and_company", limit=1)
    [several] = simulators.hubspot_customers("two_companies", limit=1)
    [alone] = simulators.hubspot_customers("contact_only", limit=1)
    emails = [each.email for each in (one, several, alone)]
    found = await hubspot.find("companies", mapping, "contact", emails)
    assert {email: len(records) for email, records in found.items()} == {one.email: 1, several.email: 1}
    domains = [email.partition("@")[2] for email in emails]
    by_domain = await hubspot.find("companies", mapping, "domain", domains)
    assert {domain: len(records) for domain, records in by_domain.items()} == {domains[0]: 1, domains[1]: 2}
    assert by_domain[domains[0]][0].id == found[one.email][0].id


async def test_what_is_written_is_found_by_our_key(simulators: Control, hubspot: Crm) -> None:
    mapping = MAPPING.objects("hubspot")["contacts"]
    [customer] = simulators.hubspot_customers("contact_and_company", limit=1)
    [contact] = (await hubspot.find("contacts", mapping, "email", [customer.email]))[customer.email]
    assert contact.key is None
    done, gone = await hubspot.update("contacts", {contact.id: {KEY: customer.uuid}, "1": {KEY: "cus_2"}})
    assert (done.key, done.id, done.problem) == (contact.id, contact.id, None)
    assert gone.problem
    assert (gone.key, gone.problem.reason, gone.problem.passes) == ("1", "not found", False)
    [again] = (await hubspot.find("contacts", mapping, "key", [customer.uuid]))[customer.uuid]
    assert (again.id, again.key) == (contact.id, customer.uuid)


async def test_a_record_is_made_once_in_either(simulators: Control, hubspot: Crm, salesforce: Crm) -> None:
    for crm, name, key, values in (
        (hubspot, "contacts", KEY, {"email": "new@acme.example", KEY: "cus_new"}),
        (salesforce, "Contact", "CM_Customer_UUID__c", {"LastName": "New", "CM_Customer_UUID__c": "cus_new"}),
    ):
        [first] = await crm.create(name, key, {"cus_new": values})
        [second] = await crm.create(name, key, {"cus_new": values})
        assert [first.action, second.action] == ["created", "updated"]
        assert first.id == second.id


async def test_the_last_calls_of_salesforces_day_are_left_to_others(
    simulators: Control, salesforce: Crm
) -> None:
    await salesforce.spare()
    few = {"DailyApiRequests": {"Max": 1000, "Remaining": 99}}
    simulators.fault("salesforce", "status", status=200, body=few, path="/limits")
    with pytest.raises(RateLimited) as refused:
        await salesforce.spare()
    assert refused.value.retry_after == LOOK_AGAIN
    assert isinstance(salesforce, SalesforceCrm)


async def test_unfit_fields_are_named_with_what_to_do(
    simulators: Control, connections: Connections, settings: Settings, salesforce: Crm
) -> None:
    hubspot = connections.crms(unlimited(settings))["hubspot"]
    unfit = await hubspot.unfit("contacts", MAPPING.objects("hubspot")["contacts"])
    assert len(unfit) == len(MAPPING.objects("hubspot")["contacts"].field_names)
    assert (str(unfit[0]), unfit[0].missing) == (f"contacts.{KEY}: is not there", True)
    assert await salesforce.unfit("Account", MAPPING.objects("salesforce")["Account"]) == []
    simulators.remove_field("Account", "CM_ARR__c")
    [missing] = await salesforce.unfit("Account", MAPPING.objects("salesforce")["Account"])
    assert str(missing).startswith("Account.CM_ARR__c: make it")


def test_values_are_kept_until_they_are_written() -> None:
    planned = RecordPlan(customer="cus_1", status=Status.PLANNED, changes={"mrr": Change("1", "2")})
    assert RecordPlan.model_validate_json(planned.model_dump_json()).values == {"mrr": "2"}
