"""From ChartMogul's lists to Salesforce's records, with the mapping that we come with."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from clients.salesforce.client import SalesforceClient
from clients.salesforce.fields import to_do_in_salesforce
from domains.crm.diff import difference
from domains.crm.match import (
    Ambiguous,
    Candidate,
    Census,
    Found,
    Matched,
    NotFound,
    candidate,
    match,
    value_for,
)
from models.crm import ObjectMapping, Way
from models.crm_facts import CustomerFacts
from models.effects import Action
from simulators.kit.control import Control
from tests.contracts.salesforce import client_of
from tests.domains.crm.bulk import all_facts
from tests.workflows.crm import MAPPING

OBJECTS = MAPPING.objects("salesforce")


async def looked_up(client: SalesforceClient, name: str, facts: list[CustomerFacts]) -> Found:
    mapping, found = OBJECTS[name], dict[Way, Mapping[str, list[Candidate]]]()
    for way in mapping.match:
        values = list({value for each in facts if (value := value_for(each, way))})
        rows = await records(client, name, way, values, mapping)
        found[way] = {
            value: [candidate(row, "Id", mapping.key) for row in each] for value, each in rows.items()
        }
    return found


async def records(
    client: SalesforceClient, name: str, way: Way, values: list[str], mapping: ObjectMapping
) -> dict[str, list[dict[str, Any]]]:
    if way == "contact":
        return await client.bulk.accounts_of_contacts(values, mapping.field_names)
    if way == "domain":
        return await client.bulk.find_by_domain(name, "Website", values, mapping.field_names)
    field = mapping.key if way == "key" else "Email"
    assert field
    return await client.bulk.find(name, field, values, mapping.field_names)


async def sync(client: SalesforceClient, name: str, facts: list[CustomerFacts]) -> dict[Any, int]:
    """What a run comes to: records written, and customers by what was found."""
    census = Census()
    for each in facts:
        census.add(each)
    found = await looked_up(client, name, facts)
    results = {each.uuid: match(each, found, OBJECTS[name].match, census) for each in facts}
    rows = {}
    for each in facts:
        result = results[each.uuid]
        if isinstance(result, Matched):
            rows[result.record.id] = difference(each, OBJECTS[name], result.record.values).values
    outcomes = await client.bulk.update(name, {id: values for id, values in rows.items() if values})
    assert {outcome.action for outcome in outcomes} <= {Action.UPDATED}
    kinds: dict[Any, int] = {kind: sum(isinstance(each, kind) for each in results.values()) for kind in KINDS}
    return {"written": len(outcomes), **kinds}


KINDS = (Matched, Ambiguous, NotFound)


@pytest.mark.parametrize("name", ["Account", "Contact"])
async def test_a_first_run_writes_every_match_and_a_second_nothing(
    simulators: Control, chartmogul: httpx.Client, name: str
) -> None:
    client = client_of(simulators.salesforce_url)
    facts = list(all_facts(chartmogul).values())
    cases = {case: len(simulators.customers(limit=200, case=case)) for case in ("several", "none")}
    expected: dict[Any, int] = {
        Matched: 200 - sum(cases.values()),
        Ambiguous: cases["several"],
        NotFound: cases["none"],
    }
    first = await sync(client, name, facts)
    calls = len(simulators.calls("salesforce"))
    assert first == {"written": expected[Matched], **expected}
    assert await sync(client, name, facts) == {"written": 0, **expected}
    assert calls < 20

    gone = next(row.uuid for row in simulators.customers(limit=200) if row.status == "Active")
    simulators.cancel(gone, send=False)
    changed = await sync(client, name, list(all_facts(chartmogul).values()))
    assert changed["written"] == 1
    await client.aclose()


async def test_the_simulated_org_is_ready_for_the_mapping_and_says_what_is_missing(
    simulators: Control,
) -> None:
    client = client_of(simulators.salesforce_url)
    for name, mapping in OBJECTS.items():
        assert to_do_in_salesforce(name, mapping, await client.describe(name)) == []
    simulators.remove_field("Contact", "CM_Net_Payments__c")
    assert to_do_in_salesforce("Contact", OBJECTS["Contact"], await client.describe("Contact")) == [
        "Contact.CM_Net_Payments__c: make it, Currency(16, 2)"
    ]
    await client.aclose()
