"""A figure is never written into a record of another currency as it is."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from clients.salesforce.client import SalesforceClient
from domains.crm.match import Matched, NotFound
from domains.crm.salesforce import SalesforceCrm
from domains.crm.systems import standing
from models.crm import CompanyMapping, CrmMapping, MoneyRules
from models.crm_facts import CustomerFacts
from models.templates.crm_sync import RecordPlan
from simulators.kit.control import Control
from tests.contracts.salesforce import client_of

KEY = "CM_Customer_UUID__c"
FIELDS = {"mrr": "CM_MRR__c", "currency": "CM_Currency__c"}
MAPPING = CompanyMapping.model_validate({"key": KEY, "fields": FIELDS})


@pytest.fixture
async def salesforce(simulators: Control) -> AsyncIterator[SalesforceClient]:
    client = client_of(simulators.salesforce_url)
    yield client
    await client.aclose()


async def plan(
    simulators: Control, client: SalesforceClient, currency: str, rates: dict[str, str]
) -> RecordPlan:
    uuid = simulators.customers(limit=1, case="account")[0].uuid
    [account] = [each for each in simulators.records("Account") if each[KEY] == uuid]
    simulators.change_record("Account", account["Id"], CurrencyIsoCode=currency, CM_MRR__c=1.0)
    money = MoneyRules.model_validate({"exchange_rates": rates})
    crm = SalesforceCrm(client, 4).for_work(CrmMapping(money=money), live=True)
    found = await crm.find("Account", MAPPING, "key", [uuid])
    facts = CustomerFacts(uuid=uuid, mrr=Decimal(750), arr=Decimal(9000), currency="USD")
    return standing(crm, facts, MAPPING, Matched(found[uuid][0], "key"))


async def test_figure_is_converted_into_the_records_currency(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    simulators.salesforce(currencies=["USD", "JPY"])
    planned = await plan(simulators, salesforce, "JPY", {"JPY": "0.0075"})
    assert planned.values["CM_MRR__c"] == 100_000


async def test_figure_is_left_and_named_without_a_rate(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    simulators.salesforce(currencies=["USD", "JPY"])
    planned = await plan(simulators, salesforce, "JPY", {})
    assert "CM_MRR__c" not in planned.values
    assert planned.open == {"CM_MRR__c": "no exchange rate for JPY, the record's currency"}
    assert planned.values == {"CM_Currency__c": "USD"}


async def test_record_of_the_accounts_currency_gets_the_figure(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    simulators.salesforce(currencies=["USD", "JPY"])
    planned = await plan(simulators, salesforce, "USD", {})
    assert planned.values["CM_MRR__c"] == 750


async def test_several_currencies_and_standard_fields_are_named(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    simulators.salesforce(currencies=["USD", "EUR", "JPY"])
    money = MoneyRules.model_validate({"exchange_rates": {"JPY": "0.0075"}})
    crm = SalesforceCrm(salesforce, 4).for_work(CrmMapping(money=money), live=True)
    persons = {"to": "Phone", "owner": "crm"}  # stays as it is
    fields = {"mrr": "CM_MRR__c", "name": "Name", "email": persons}
    mapping = CompanyMapping.model_validate({"key": KEY, "fields": fields})
    several, standard = await crm.notes("Account", mapping)
    assert "several currencies" in several
    assert several.endswith("EUR, USD")
    assert (
        standard
        == "Account: Salesforce's own fields are written, and people's values in them overwritten: Name"
    )


async def test_new_record_is_made_in_the_currency_of_its_figures(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    simulators.salesforce(currencies=["JPY", "USD"])
    given = {"key": KEY, "create": "if_not_found", "create_with": {"company": "Name"}, "fields": FIELDS}
    mapping = CompanyMapping.model_validate(given)
    crm = SalesforceCrm(salesforce, 4).for_work(CrmMapping(), live=True)
    assert await crm.find("Account", mapping, "key", ["cus_new"]) == {}
    amounts = {"mrr": Decimal(750), "arr": Decimal(9000)}
    facts = CustomerFacts(uuid="cus_new", company="Acme", currency="USD", **amounts)
    planned = standing(crm, facts, mapping, NotFound("nowhere"))
    await crm.create("Account", KEY, {"cus_new": planned.values})
    [account] = [each for each in simulators.records("Account") if each[KEY] == "cus_new"]
    assert (account["CurrencyIsoCode"], account["CM_MRR__c"]) == ("USD", 750)
