"""What is asked of systems: fields and customers of a CRM, nights of the warehouse, schedules, all checks."""

import pytest
from temporalio.client import Client

from local.stack import Stack
from models.effects import Action
from models.findings import State
from models.runs import Outcome
from operations import crm, exports, prepare_crm, preview_crm, preview_warehouse, schedules
from operations.doctor.examine import findings
from operations.errors import Stopped
from operations.progress import Doing, Stage
from operations.schedules import What
from settings import Settings
from simulators.connector.api import TOKEN
from simulators.kit.control import Control
from tests.workflows.crm import writes

CUSTOMERS = 20
KEY = "Task.Mogulflow_Key__c"


@pytest.fixture
def few(simulators: Control, seed: int) -> Control:
    simulators.reset(customers=CUSTOMERS, seed=seed)
    return simulators


async def test_a_crm_is_prepared_previewed_and_synced(settings: Settings, few: Control) -> None:
    would = await prepare_crm.prepare(settings, "hubspot", dry_run=True)
    assert {each.action for each in would.made} == {Action.WOULD_CREATE}
    [*_, unready] = [each async for each in preview_crm.preview(settings, "default", "hubspot")]
    assert unready.problem
    made = await prepare_crm.prepare(settings, "hubspot")
    assert ({each.action for each in made.made}, made.done) == ({Action.CREATED}, True)

    heard = list[Doing]()
    objects = preview_crm.preview(settings, "default", "hubspot", sample=1, told=heard.append)
    previewed = {each.report.object: each async for each in objects}
    assert list(previewed) == [each.what for each in heard if each.stage is Stage.COMPARING]
    assert {each.customers for each in previewed.values()} == {CUSTOMERS}
    [record] = previewed["contacts"].sample
    assert record.changes
    assert writes(few, "hubspot") == 0

    begun = await crm.run(settings, "default", "hubspot")
    async for look in begun.looks():
        assert look.has_worker
        for step in look.steps:
            assert {each.object for each in crm.progress_of(step)} <= {"", *previewed}
    report = await begun.result()
    assert (report.outcome, report.customers) == (Outcome.ACTED, CUSTOMERS)
    last = await crm.last_run(settings, "default", "hubspot")
    assert (last.link, await last.result()) == (begun.link, report)
    names = {each.uuid: each.company for each in few.customers(limit=CUSTOMERS)}
    left = await crm.left_records(settings, "default", report)
    assert len(left) == len(report.left) > 0
    assert all(each.company == names[each.chartmogul_customer] for each in left)


async def test_what_an_admin_must_do_is_left(settings: Settings, few: Control) -> None:
    assert (await prepare_crm.prepare(settings, "salesforce")).done
    few.remove_field("Account", "CM_MRR__c")
    prepared = await prepare_crm.prepare(settings, "salesforce")
    assert not prepared.done
    assert prepared.to_do[0].startswith("Account.CM_MRR__c: make it")


async def test_a_night_is_previewed_exported_and_told_of(
    settings: Settings, stack: Stack, few: Control
) -> None:
    stack.warehouse.unlink(missing_ok=True)  # each simulated ChartMogul is another account's
    heard = list[Doing]()
    tables = preview_warehouse.preview(settings, "default", ["customers"], heard.append)
    counts = {each.load.stream: each.load.counts.inserted async for each in tables}
    assert counts["customers"] == CUSTOMERS
    assert heard[-1] == Doing(Stage.COMPARING, "customers")
    assert not stack.warehouse.exists()

    begun = await exports.run(settings, exports.Wish("default", ["customers"]))
    async for look in begun.looks():
        for step in look.steps:
            assert exports.StreamProgress.of(step).attempt == 1
    report = await begun.result()
    assert (report.outcome, report.problems) == (Outcome.ACTED, [])
    last = await exports.status(settings, "default")
    assert (last.link, await last.result()) == (begun.link, report)
    rows = {each.stream: each.rows_read for each in exports.history(settings, "default", 10)}
    assert rows["customers"] == CUSTOMERS
    with pytest.raises(Stopped, match="There is no stream custmers"):
        await exports.run(settings, exports.Wish("default", ["custmers"]))


async def test_schedules_that_would_be_made_are_told_and_not_made(settings: Settings, client: Client) -> None:
    steps = await schedules.apply(settings, dry_run=True)
    assert {step.what for step in steps} == {What.CREATE}
    assert {"poll/default", "export/default", "crm/default/hubspot", "ops_watch"} <= {s.id for s in steps}
    assert [each.id async for each in await client.list_schedules()] == []


async def test_all_checks_are_made(
    settings: Settings, simulators: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_PRODUCT_TOKEN", TOKEN)
    found = {each.what: each async for each in findings(settings)}
    assert [each for each in found.values() if each.state is State.FAULT] == []
    for what in ("retention", "routes", "ChartMogul default", KEY, "channel #revenue-saves"):
        assert found[what].state is State.OK
    assert found["schedules"].detail.startswith("missing: poll/default")
    simulators.remove_field("Task", "Mogulflow_Key__c")
    found = {each.what: each async for each in findings(settings)}
    assert found[KEY].state is State.FAULT
