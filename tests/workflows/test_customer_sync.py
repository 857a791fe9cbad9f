"""A movement of one customer, and what the CRMs say of them within seconds."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

import temporal
import worker
from commands.show import effects_table, field_tables
from configuration.files import BadConfig
from dispatch.dispatcher import Dispatched, Dispatcher
from models.chartmogul import MovementWebhook
from models.crm import CrmMapping
from models.effects import Action, Effect, Mode
from models.events import MovementType, movement_from_webhook
from models.routes import Filter, Route, Routes
from models.runs import Outcome, RunResult
from models.templates.crm_sync import CrmReport, CrmSyncInput
from models.templates.customer_sync import CustomerSyncOptions
from models.templates.template import Installation
from settings import Settings
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.conftest import outcome_attribute
from tests.workflows.crm import MAPPING, changed, paths, prepare, records, unlimited, writes

Put = Callable[..., Awaitable[list[Dispatched]]]
Start = Callable[..., Awaitable[WorkflowHandle[Any, RunResult]]]


@pytest.fixture(scope="module")
async def connected(client: Client, settings: Settings) -> AsyncIterator[Client]:
    namespace = await in_a_namespace_of_its_own(client)
    async with worker.running(namespace, unlimited(settings)):
        yield namespace


@pytest.fixture
def put(connected: Client) -> Put:
    """Puts a webhook's body through the dispatcher."""

    async def dispatch(
        body: dict[str, Any],
        *,
        mode: Mode = Mode.LIVE,
        mapping: CrmMapping = MAPPING,
        scheduled: str = "wait",
        **options: Any,
    ) -> list[Dispatched]:
        when = Filter(movements=list(MovementType))
        chosen = CustomerSyncOptions.model_validate({"settling_seconds": 1} | options)
        route = Route.model_validate(
            {"name": "sync", "template": "customer_sync", "when": when, "scheduled": scheduled}
            | {"options": chosen}
        )
        dispatcher = Dispatcher(
            connected, Routes(routes=[route]), "http://127.0.0.1:8233", Installation(crm=mapping)
        )
        event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
        return await dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=mode)

    return dispatch


@pytest.fixture
def start(connected: Client, put: Put) -> Start:
    async def begin(body: dict[str, Any], **wish: Any) -> WorkflowHandle[Any, RunResult]:
        [run] = await put(body, **wish)
        return connected.get_workflow_handle(run.workflow_id, result_type=RunResult)

    return begin


@pytest.fixture
async def portal(simulators: Control, settings: Settings) -> Control:
    await prepare(settings)
    return simulators


def routes() -> Routes:
    when = Filter(movements=list(MovementType))
    options = CustomerSyncOptions()
    return Routes(routes=[Route(name="sync", template="customer_sync", when=when, options=options)])


def payer(simulators: Control) -> CustomerRow:
    """Whom both CRMs know."""
    known = {each.uuid for each in simulators.customers(case="account") if each.mrr}
    found = simulators.hubspot_customers("contact_and_company", limit=200)
    return next(each for each in found if each.uuid in known)


def by_object(result: RunResult) -> dict[str, Effect]:
    return {effect.object_type: effect for effect in result.effects}


async def test_an_expansion_is_in_both_crms_with_before_and_after(portal: Control, start: Start) -> None:
    customer = payer(portal)
    body = portal.expand(customer.uuid, cents=1000, send=False)
    run = await start(body)
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    effects = by_object(result)
    assert {name: effect.action for name, effect in effects.items()} == dict.fromkeys(
        ("contacts", "companies", "Account", "Contact"), Action.UPDATED
    )
    mrr = (customer.mrr + 1000) / 100
    for object_type in ("contacts", "companies"):
        record = records(portal, object_type)[customer.uuid]
        assert float(record["chartmogul_mrr"]) == mrr
        assert record["chartmogul_last_movement_type"] == "expansion"
        assert effects[object_type].object_id == record["id"]
    assert {effect.label for effect in result.effects} == {customer.company}
    shown = await run.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert f"of `{customer.company}` updated" in shown.current_details
    console = Console(file=StringIO(), width=200)
    console.print(effects_table("", result.effects), *field_tables(result.effects))
    assert console.file.getvalue().count(f"Account of {customer.company}") == 2  # type: ignore[attr-defined]
    [account] = [each for each in portal.records("Account") if each["CM_Customer_UUID__c"] == customer.uuid]
    assert account["CM_MRR__c"] == mrr
    account_effect = effects["Account"]
    assert account_effect.link
    assert account_effect.before
    assert account_effect.before["CM_MRR__c"] == customer.mrr / 100
    assert account_effect.after["CM_MRR__c"] == mrr
    assert await outcome_attribute(run) == "acted"


async def test_a_custom_attribute_is_in_the_crm_within_seconds(
    simulators: Control, start: Start, settings: Settings
) -> None:
    tier = {"custom.Tier (sales)": "chartmogul_tier"}
    mapping = changed(changed(MAPPING, "contacts", **tier), "companies", **tier)
    await prepare(settings, mapping)
    customer = payer(simulators)
    simulators.set_attribute(customer.uuid, "Tier (sales)", "gold")
    body = simulators.expand(customer.uuid, send=False)
    would = await (await start(body, mapping=mapping, mode=Mode.PREVIEW, systems=["hubspot"])).result()
    assert by_object(would)["contacts"].after["chartmogul_tier"] == "gold"
    assert "chartmogul_tier" not in records(simulators, "contacts").get(customer.uuid, {})
    body = simulators.expand(customer.uuid, send=False)
    result = await (await start(body, mapping=mapping, systems=["hubspot"])).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    for name in ("contacts", "companies"):
        assert records(simulators, name)[customer.uuid]["chartmogul_tier"] == "gold"


async def test_what_is_the_same_already_is_not_written_again(portal: Control, start: Start) -> None:
    customer = payer(portal)
    body = portal.expand(customer.uuid, send=False)
    await (await start(body)).result()
    written = writes(portal, "hubspot"), writes(portal, "salesforce")
    other = await (await start(body | {"date": "2024-01-01T00:00:00.000Z"})).result()
    assert {effect.action for effect in other.effects} == {Action.UNCHANGED}
    assert (writes(portal, "hubspot"), writes(portal, "salesforce")) == written


async def test_a_second_delivery_starts_nothing(portal: Control, put: Put, start: Start) -> None:
    body = portal.contract(payer(portal).uuid, send=False)
    [first], [second] = await put(body), await put(body)
    assert (first.new, second.new, second.workflow_id) == (True, False, first.workflow_id)
    assert first.workflow_id.startswith("customer_sync/")
    await (await start(body)).result()  # it would write in the next test


async def test_a_preview_says_what_it_would_write_and_writes_nothing(portal: Control, start: Start) -> None:
    customer = payer(portal)
    body = portal.cancel(customer.uuid, send=False)
    result = await (await start(body, mode=Mode.PREVIEW)).result()
    assert result.outcome is Outcome.PREVIEWED
    assert {effect.action for effect in result.effects} == {Action.WOULD_UPDATE}
    assert by_object(result)["contacts"].after["chartmogul_status"] == "Cancelled"
    assert writes(portal, "hubspot") + writes(portal, "salesforce") == 0


async def test_a_customer_that_chartmogul_does_not_know_causes_nothing(portal: Control, start: Start) -> None:
    customer = payer(portal)
    body = portal.cancel(customer.uuid, send=False)
    portal.delete_customer(customer.uuid)
    result = await (await start(body)).result()
    assert (result.outcome, result.effects) == (Outcome.UNVERIFIED, [])


async def test_it_waits_a_little_for_a_chartmogul_that_is_behind(portal: Control, start: Start) -> None:
    portal.chartmogul(lag_seconds=1.5)
    customer = payer(portal)
    body = portal.expand(customer.uuid, cents=2300, send=False)
    await (await start(body, settling_seconds=2)).result()
    record = records(portal, "contacts")[customer.uuid]
    assert float(record["chartmogul_mrr"]) == (customer.mrr + 2300) / 100


async def test_a_system_that_is_away_is_waited_for_and_then_gets_what_is_true_then(
    portal: Control, start: Start
) -> None:
    customer = payer(portal)
    portal.fault("hubspot", "status", status=503, path="contacts/batch/read", times=4)
    run = await start(portal.expand(customer.uuid, cents=1000, send=False))
    await until(lambda: any(each.hits >= 2 for each in portal.faults()))
    portal.expand(customer.uuid, cents=500, send=False)
    result = await run.result()
    assert result.problems == []
    assert by_object(result)["contacts"].tries > 1
    record = records(portal, "contacts")[customer.uuid]
    assert float(record["chartmogul_mrr"]) == (customer.mrr + 1500) / 100


async def test_a_lost_answer_is_not_written_twice(portal: Control, start: Start) -> None:
    customer = payer(portal)
    portal.fault("hubspot", "drop_after", path="contacts/batch/update")
    result = await (await start(portal.expand(customer.uuid, send=False), systems=["hubspot"])).result()
    assert by_object(result)["contacts"].action is Action.UPDATED
    calls = [call.path for call in portal.calls("hubspot") if call.path.endswith("contacts/batch/update")]
    assert len(calls) == 1


async def test_a_record_that_is_refused_makes_the_run_partial_and_stops_no_other(
    portal: Control, start: Start
) -> None:
    customer = payer(portal)
    [account] = [each for each in portal.records("Account") if each["CM_Customer_UUID__c"] == customer.uuid]
    portal.refuse_record(account["Id"])
    result = await (await start(portal.expand(customer.uuid, send=False))).result()
    assert result.outcome is Outcome.PARTIAL
    [problem] = result.problems
    assert (problem.step, problem.kind) == ("salesforce.sync_customer", "Rejected")
    assert account["Id"] in problem.message
    assert set(by_object(result)) == {"contacts", "companies", "Contact"}


async def test_a_record_found_by_domain_alone_is_left_to_the_daily_run(portal: Control, start: Start) -> None:
    customer = next(each for each in portal.hubspot_customers("company_only", limit=200) if each.mrr)
    result = await (await start(portal.expand(customer.uuid, send=False), systems=["hubspot"])).result()
    effects = by_object(result)
    assert effects["contacts"].action is effects["companies"].action is Action.SKIPPED
    assert effects["contacts"].note == "no record found by key, email"
    assert effects["companies"].note == "found by domain alone: the daily run decides"


async def test_a_persons_value_is_kept_and_named(portal: Control, start: Start) -> None:
    customer = payer(portal)
    [contact] = [
        each for each in portal.hubspot_records("contacts", all=True) if each["email"] == customer.email
    ]
    portal.change_hubspot_record("contacts", contact["id"], chartmogul_status="On hold")
    mapping = changed(MAPPING, "contacts", status={"to": "chartmogul_status", "owner": "crm"})
    body = portal.expand(customer.uuid, send=False)
    result = await (await start(body, systems=["hubspot"], mapping=mapping)).result()
    assert by_object(result)["contacts"].note == "a person's value stays in chartmogul_status"
    assert records(portal, "contacts")[customer.uuid]["chartmogul_status"] == "On hold"


async def test_a_movement_that_lies_ahead_is_written_on_its_day(portal: Control, start: Start) -> None:
    customer = payer(portal)
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    run = await start(portal.cancel(customer.uuid, send=False, at=soon), systems=["hubspot"])
    await run.result()
    assert datetime.now(UTC) >= soon
    assert records(portal, "contacts")[customer.uuid]["chartmogul_mrr"] == "0.00"


async def test_a_crm_that_is_not_connected_is_skipped(
    client: Client, settings: Settings, portal: Control
) -> None:
    namespace = await in_a_namespace_of_its_own(client)
    customer = payer(portal)
    body = portal.expand(customer.uuid, send=False)
    dispatcher = Dispatcher(namespace, routes(), "", Installation(crm=MAPPING))
    event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    without = unlimited(settings).model_copy(update={"hubspot": None})
    async with worker.running(namespace, without):
        [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
        handle = namespace.get_workflow_handle(run.workflow_id, result_type=RunResult)
        effects = by_object(await handle.result())
    assert effects["contacts"].action is Action.SKIPPED
    assert effects["contacts"].note == "HubSpot is not connected"
    assert effects["Account"].action is Action.UPDATED


async def test_an_event_goes_ahead_of_the_daily_run_on_the_same_quota(
    client: Client, settings: Settings, portal: Control
) -> None:
    """At HubSpot's 100 calls in ten seconds the run takes some ten seconds, the event less than one."""
    portal.reset(customers=1000, seed=4)
    await prepare(settings)
    namespace = await in_a_namespace_of_its_own(client)
    customer = payer(portal)
    dispatcher = Dispatcher(namespace, routes(), "", Installation(crm=MAPPING))
    async with worker.running(namespace, settings):
        daily = await namespace.start_workflow(
            "crm_sync",
            CrmSyncInput(account="default", system="hubspot", mapping=MAPPING),
            id="crm/default/hubspot",
            task_queue=temporal.WORKFLOWS,
            result_type=CrmReport,
        )
        await until(lambda: paths(portal, "hubspot")["/crm/objects/2026-09/contacts/batch/read"])
        body = portal.expand(customer.uuid, cents=700, send=False)
        event = movement_from_webhook(MovementWebhook.model_validate(body), "default")
        [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
        handle = namespace.get_workflow_handle(run.workflow_id, result_type=RunResult)
        assert (await handle.result()).problems == []
        assert (await daily.describe()).status is WorkflowExecutionStatus.RUNNING
        assert (await daily.result()).problems == []
    record = records(portal, "contacts")[customer.uuid]
    assert float(record["chartmogul_mrr"]) == (customer.mrr + 700) / 100


async def test_a_mapping_that_has_been_read_is_not_read_again(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    """The file may be in the middle of an edit by then."""
    file = tmp_path / "routes.yaml"
    route = "{name: sync, template: customer_sync, when: {movements: [churn]}, options: {}}"
    file.write_text(f"routes:\n  - {route}\n", encoding="utf-8")
    changes = {"routes_file": str(file), "crm_file": str(tmp_path / "crm.yaml")}
    changed = settings.model_copy(update=changes)
    own = await in_a_namespace_of_its_own(client)  # one connection takes one worker of a queue
    async with worker.running(own, changed, crm=MAPPING):
        pass
    with pytest.raises(ExceptionGroup) as refused:
        async with worker.running(own, changed):
            pass
    assert refused.group_contains(BadConfig, match="crm.yaml")
