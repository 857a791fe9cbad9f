"""The daily sync, from the simulated ChartMogul into the simulated CRMs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle

import temporal
import worker
from models.crm import CrmMapping
from models.runs import Outcome
from models.templates.crm_sync import CrmReport, CrmSyncInput, Status
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.crm import KEY, MAPPING, changed, of, paths, prepare, records, unlimited, writes

DONE: Any = "activity_task_completed_event_attributes"
LARGEST_RESULT = 2_000_000
"""Bytes; Temporal refuses what is longer."""

Begin = Callable[..., Awaitable[WorkflowHandle[Any, CrmReport]]]
Sync = Callable[..., Awaitable[CrmReport]]


@pytest.fixture(scope="module")
async def connected(client: Client, settings: Settings) -> AsyncIterator[Client]:
    namespace = await in_a_namespace_of_its_own(client)
    async with worker.running(namespace, unlimited(settings)):
        yield namespace


@pytest.fixture
def begin(connected: Client) -> Begin:
    async def start(system: str, mapping: CrmMapping = MAPPING) -> WorkflowHandle[Any, CrmReport]:
        given = CrmSyncInput.model_validate({"account": "default", "system": system, "mapping": mapping})
        return await connected.start_workflow(
            "crm_sync",
            given,
            id=f"crm/default/{system}/{uuid4()}",
            task_queue=temporal.WORKFLOWS,
            result_type=CrmReport,
        )

    return start


@pytest.fixture
def sync(begin: Begin) -> Sync:
    async def run(system: str, mapping: CrmMapping = MAPPING) -> CrmReport:
        return await (await begin(system, mapping)).result()

    return run


@pytest.fixture
async def portal(simulators: Control, settings: Settings) -> Control:
    """A HubSpot that has our properties."""
    await prepare(settings)
    return simulators


async def test_each_customer_that_hubspot_knows_gets_what_chartmogul_says(
    portal: Control, sync: Sync
) -> None:
    report = await sync("hubspot")
    assert (report.outcome, report.problems, report.customers) == (Outcome.ACTED, [], 200)
    missing = len(portal.hubspot_customers("missing", limit=200))
    only = {name: len(portal.hubspot_customers(name, limit=200)) for name in ("contact_only", "company_only")}
    assert of(report, "contacts").counts == {
        Status.UPDATED: 200 - missing - only["company_only"],
        Status.NOT_FOUND: missing + only["company_only"],
    }
    assert of(report, "companies").counts == {
        Status.UPDATED: 200 - missing - only["contact_only"],
        Status.NOT_FOUND: missing + only["contact_only"],
    }
    customers = {each.uuid: each for each in portal.customers(limit=200)}
    for object_type in ("contacts", "companies"):
        for uuid, record in records(portal, object_type).items():
            customer = customers[uuid]
            assert float(record["chartmogul_mrr"]) == customer.mrr / 100
            assert record["chartmogul_status"] == customer.status
            assert record["chartmogul_external_id"] == customer.external_id
            assert record["chartmogul_last_movement_at"]
            assert record["chartmogul_link"].endswith(uuid)
            assert (record.get("chartmogul_plans") or "") == (customer.plan if customer.mrr else "")


async def test_no_call_is_made_for_a_single_customer_and_a_second_run_writes_nothing(
    portal: Control, sync: Sync
) -> None:
    for system, objects in (("hubspot", ("contacts", "companies")), ("salesforce", ("Account", "Contact"))):
        first = await sync(system)
        assert not [call.path for call in portal.calls("chartmogul") if "/customers/" in call.path]
        written = writes(portal, system)
        assert written >= 2
        second = await sync(system)
        assert writes(portal, system) == written
        for name in objects:
            assert of(second, name).counts.get(Status.UNCHANGED) == of(first, name).counts[Status.UPDATED]
            assert of(second, name).written == 0


async def test_salesforce_gets_the_same_and_says_who_is_ambiguous(simulators: Control, sync: Sync) -> None:
    report = await sync("salesforce")
    several = {each.uuid for each in simulators.customers(limit=200, case="several")}
    nobody = {each.uuid for each in simulators.customers(limit=200, case="none")}
    for name in ("Account", "Contact"):
        counts = of(report, name).counts
        assert counts[Status.UPDATED] == 200 - len(several) - len(nobody)
        assert {e.customer for e in report.left if e.object == name and e.records} == several
        assert {e.customer for e in report.left if e.object == name and not e.records} == nobody
    customers = {each.uuid: each for each in simulators.customers(limit=200)}
    for account in simulators.records("Account"):
        if uuid := account["CM_Customer_UUID__c"]:
            assert account["CM_MRR__c"] == customers[uuid].mrr / 100
            assert account["CM_Status__c"] == customers[uuid].status


async def test_only_what_differs_is_written_and_other_fields_are_left_alone(
    portal: Control, sync: Sync
) -> None:
    await sync("hubspot")
    paying = {u: each for u, each in records(portal, "contacts").items() if each.get("chartmogul_plans")}
    [uuid, other] = list(paying)[:2]
    contact = paying[uuid]
    portal.change_hubspot_record("contacts", contact["id"], firstname="Renamed", chartmogul_plans="Guessed")
    untouched = records(portal, "contacts")[other]["lastmodifieddate"]
    report = await sync("hubspot")
    assert of(report, "contacts").counts[Status.UPDATED] == 1
    now = records(portal, "contacts")
    assert (now[uuid]["firstname"], now[uuid]["chartmogul_plans"]) == ("Renamed", contact["chartmogul_plans"])
    assert now[other]["lastmodifieddate"] == untouched


async def test_a_persons_value_stays_where_the_mapping_says_so_and_is_reported(
    portal: Control, sync: Sync
) -> None:
    mapping = changed(MAPPING, "contacts", plans={"to": "chartmogul_plans", "owner": "crm"})
    [customer] = portal.hubspot_customers("contact_and_company", limit=1)
    [contact] = [
        each for each in portal.hubspot_records("contacts", all=True) if each["email"] == customer.email
    ]
    portal.change_hubspot_record("contacts", contact["id"], chartmogul_plans="By hand")
    report = await sync("hubspot", mapping)
    assert of(report, "contacts").kept == {"chartmogul_plans": 1}
    [kept] = [each for each in report.left if "stays" in each.reason]
    assert (kept.customer, kept.detail, kept.records) == (customer.uuid, "chartmogul_plans", [contact["id"]])
    assert records(portal, "contacts")[customer.uuid]["chartmogul_plans"] == "By hand"


async def test_a_record_that_is_refused_stops_no_other_and_is_tried_again_next_time(
    simulators: Control, sync: Sync
) -> None:
    uuid = simulators.customers(limit=1, case="account")[0].uuid
    [account] = [each for each in simulators.records("Account") if each["CM_Customer_UUID__c"] == uuid]
    simulators.refuse_record(account["Id"], times=1)
    report = await sync("salesforce")
    assert report.outcome is Outcome.ACTED
    assert of(report, "Account").counts[Status.REFUSED] == 1
    [left] = [each for each in report.left if each.reason == "refused"]
    assert (left.customer, left.records) == (uuid, [account["Id"]])
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in left.detail
    again = await sync("salesforce")
    assert of(again, "Account").counts[Status.UPDATED] == 1
    assert Status.REFUSED not in of(again, "Account").counts


async def test_an_object_with_missing_fields_is_named_and_stops_no_other(
    simulators: Control, sync: Sync
) -> None:
    simulators.remove_field("Contact", "CM_Net_Payments__c")
    report = await sync("salesforce")
    assert report.outcome is Outcome.PARTIAL
    [problem] = report.problems
    assert (problem.step, problem.kind) == ("salesforce Contact", "Rejected")
    assert "Contact.CM_Net_Payments__c: make it" in problem.message
    assert of(report, "Contact").counts == {}
    assert of(report, "Account").counts[Status.UPDATED] > 100


async def test_without_our_properties_hubspot_is_not_written_and_the_command_is_named(
    simulators: Control, sync: Sync
) -> None:
    report = await sync("hubspot")
    assert report.outcome is Outcome.PARTIAL
    assert [each.step for each in report.problems] == ["hubspot contacts", "hubspot companies"]
    message = report.problems[0].message
    assert message.count("mogulflow crm prepare hubspot") == 1
    assert (message.count("is not there"), "and 12 more" in message) == (3, True)
    assert writes(simulators, "hubspot") == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503, "path": "batch/read", "times": 2},
        {"kind": "drop_after", "path": "batch/update", "times": 1},
        {"kind": "status", "status": 503, "path": "batch/update", "times": 2},
    ],
    ids=["reads refused", "answer of a write lost", "writes refused"],
)
async def test_bad_weather_changes_nothing_in_the_end(
    portal: Control, sync: Sync, fault: dict[str, Any]
) -> None:
    portal.fault("hubspot", **fault)
    report = await sync("hubspot")
    assert report.problems == []
    assert sum(of(report, "contacts").counts.values()) == 200
    portal.clear_faults()
    again = await sync("hubspot")
    assert all(each.written == 0 for each in again.objects)


async def test_two_customers_who_lead_to_one_company_are_both_left_to_a_person(
    portal: Control, sync: Sync, settings: Settings
) -> None:
    [one] = portal.hubspot_customers("contact_and_company", limit=1)
    [other] = portal.hubspot_customers("contact_only", limit=1)
    contacts = {each["email"]: each["id"] for each in portal.hubspot_records("contacts", all=True)}
    companies = {each["domain"]: each["id"] for each in portal.hubspot_records("companies", all=True)}
    company = companies[one.email.partition("@")[2]]
    portal.associate_hubspot_records(contacts[other.email], company)
    report = await sync("hubspot")
    rivals = {each.customer: each.records for each in report.left if each.reason.startswith("several")}
    assert rivals == {one.uuid: [company], other.uuid: [company]}
    assert not {one.uuid, other.uuid} & records(portal, "companies").keys()

    portal.change_hubspot_record("companies", company, **{KEY: one.uuid})
    report = await sync("hubspot")
    assert records(portal, "companies")[one.uuid]["id"] == company
    [left] = [each for each in report.left if each.customer == other.uuid]
    assert left.reason == "the record found by contact carries another customer's id"


async def test_who_cancels_while_it_runs_is_not_written_as_before(portal: Control, begin: Begin) -> None:
    """Facts that were read before the movement must not follow what the event has written."""
    customer = portal.hubspot_customers("contact_and_company", limit=1)[0]
    assert customer.mrr
    portal.fault("hubspot", "slow", delay_seconds=1.5, path="contacts/batch/read")
    run = await begin("hubspot")
    await until(lambda: paths(portal, "hubspot")["/crm/objects/2026-09/contacts/batch/read"])
    portal.cancel(customer.uuid, send=False, at=datetime.now(UTC))
    report = await run.result()
    assert report.problems == []
    for object_type in ("contacts", "companies"):
        record = records(portal, object_type)[customer.uuid]
        assert (record["chartmogul_mrr"], record["chartmogul_status"]) == ("0.00", "Cancelled")
    assert [call.path for call in portal.calls("chartmogul") if customer.uuid in call.path]


async def test_who_moves_while_their_batch_waits_is_written_anew(portal: Control, begin: Begin) -> None:
    customer = portal.hubspot_customers("contact_and_company", limit=1)[0]
    portal.fault("hubspot", "status", status=503, path="contacts/batch/update", times=2)  # all there are
    run = await begin("hubspot")
    await until(lambda: paths(portal, "hubspot")["/crm/objects/2026-09/contacts/batch/update"] >= 2)
    portal.cancel(customer.uuid, send=False, at=datetime.now(UTC))
    report = await run.result()
    assert report.problems == []
    assert records(portal, "contacts")[customer.uuid]["chartmogul_mrr"] == "0.00"


async def test_a_customer_without_a_contact_gets_one_where_the_mapping_says_so(
    portal: Control, sync: Sync
) -> None:
    given = MAPPING.model_dump()
    given["hubspot"]["contacts"] |= {"create": "if_not_found", "create_with": {"email": "email"}}
    mapping = CrmMapping.model_validate(given)
    missing = portal.hubspot_customers("missing", limit=200)
    report = await sync("hubspot", mapping)
    made = of(report, "contacts").counts[Status.CREATED]
    assert made == len(missing) + len(portal.hubspot_customers("company_only", limit=200))
    assert records(portal, "contacts")[missing[0].uuid]["email"] == missing[0].email
    again = await sync("hubspot", mapping)
    assert of(again, "contacts").counts == {Status.UNCHANGED: 200}


CUSTOM = {
    "custom.channel": "chartmogul_channel",
    "custom.seats": {"to": "chartmogul_seats", "format": "number"},
    "custom.trial ends": {"to": "chartmogul_trial_ends", "format": "date", "when_empty": "keep"},
    "custom.is_partner": {"to": "chartmogul_is_partner", "format": "boolean"},
}


async def test_custom_attributes_are_in_the_crm_as_the_mapping_says(
    simulators: Control, sync: Sync, settings: Settings
) -> None:
    mapping = changed(MAPPING, "contacts", **CUSTOM)
    await prepare(settings, mapping)
    one, other = simulators.hubspot_customers("contact_and_company", limit=2)
    for name, value in (
        ("channel", "Fair \U0001f389"),
        ("seats", 1234),
        ("trial ends", "2026-01-15T00:00:00.000Z"),
        ("is_partner", True),
    ):
        simulators.set_attribute(one.uuid, name, value)
    simulators.set_attribute(other.uuid, "seats", "many")
    report = await sync("hubspot", mapping)
    assert of(report, "contacts").open["chartmogul_seats: ChartMogul's value is no number"] == 1
    record = records(simulators, "contacts")[one.uuid]
    assert {
        name: record[f"chartmogul_{name}"] for name in ("channel", "seats", "trial_ends", "is_partner")
    } == {
        "channel": "Fair \U0001f389",
        "seats": "1234",
        "trial_ends": "2026-01-15",
        "is_partner": "true",
    }
    simulators.set_attribute(one.uuid, "channel", None)
    simulators.set_attribute(one.uuid, "trial ends", None)
    report = await sync("hubspot", mapping)
    assert of(report, "contacts").written == 1
    record = records(simulators, "contacts")[one.uuid]
    assert (record.get("chartmogul_channel") or "", record["chartmogul_trial_ends"]) == ("", "2026-01-15")


def of_a_group(simulators: Control, system: str, accounts: int) -> CrmMapping:
    """All customers say one website, and so many accounts; they are looked up by nothing else."""
    for each in simulators.customers(limit=400):
        simulators.odd(each.uuid, "website_url", '"https://fjord-group.example"')
    given = MAPPING.model_dump(by_alias=True)
    if system == "salesforce":
        for account in simulators.records("Account")[:accounts]:
            simulators.change_record("Account", account["Id"], Website="https://fjord-group.example")
        given["salesforce"]["Contact"] = None
        given["salesforce"]["Account"]["match"] = ["domain"]
    else:
        for company in simulators.hubspot_records("companies", all=True)[:accounts]:
            simulators.change_hubspot_record("companies", company["id"], domain="fjord-group.example")
        given["hubspot"]["contacts"] = None
        given["hubspot"]["companies"]["match"] = ["domain"]
    return CrmMapping.model_validate(given)


@pytest.mark.parametrize(("system", "name"), [("salesforce", "Account"), ("hubspot", "companies")])
async def test_a_website_that_all_share_ends_in_one_report_with_exact_figures(
    simulators: Control, begin: Begin, settings: Settings, system: str, name: str
) -> None:
    simulators.reset(customers=400, seed=7)
    mapping = of_a_group(simulators, system, accounts=300)
    await prepare(settings, mapping)
    run = await begin(system, mapping)
    report = await run.result()
    assert (report.outcome, report.customers, report.problems) == (Outcome.ACTED, 400, [])
    assert of(report, name).counts == {Status.AMBIGUOUS: 400}
    assert of(report, name).reasons == {"300 records have this customer's domain": 400}
    assert (len({each.customer for each in report.left}), report.left_off) == (400, 0)
    assert {len(each.records) + each.more_records for each in report.left} == {300}
    assert writes(simulators, system) == 0
    history = await run.fetch_history()
    done = [each.activity_task_completed_event_attributes for each in history.events if each.HasField(DONE)]
    tries = [each.activity_task_started_event_attributes.attempt for each in history.events]
    assert (len(done), [each for each in tries if each]) == (1, [1])
    assert max(each.ByteSize() for each in history.events) < LARGEST_RESULT


async def test_the_run_shows_a_person_what_came_of_it(portal: Control, begin: Begin) -> None:
    run = await begin("hubspot")
    await run.result()
    said = (await run.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)).current_details
    for word in ("contacts", "companies", "unchanged", "not found", "200 customers"):
        assert word in said
