"""Declared schedules and Temporal's: applied once, kept as an operator left them, and firing."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.console import Console
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionResult,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleInfo,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError

import schedules
import temporal
import worker
from commands.schedules import apply
from domains.warehouse.settings import DuckDbWarehouse
from local.devserver import DevServer
from local.stack import EXAMPLE_CONFIG
from models.crm import CrmName
from models.movements import PollState, Scan
from models.templates.crm_sync import CrmSyncInput
from operations.errors import Stopped
from operations.schedules import _leaves
from schedules import declarations
from settings import Settings
from tests.conftest import running_temporal, settings_for
from tests.waiting import until, until_equal
from workflows import coverage, movement_poll

DECLARED = {"poll/default", "coverage/default", "audit/default", "ops_watch"}

Apply = Callable[..., Awaitable[str]]


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    """Of its own: a poll would act on what other tests do."""
    async with running_temporal(tmp_path_factory.mktemp("schedules")) as server:
        yield server


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """Without a CRM, each of which has a schedule of its own."""
    return settings.model_copy(update={"hubspot": None, "salesforce": None})


@pytest.fixture
async def client(server: DevServer) -> AsyncIterator[Client]:
    """Without a schedule, before and after."""
    client = await server.client()
    yield client
    for id in await listed(client):
        with suppress(RPCError):
            await client.get_schedule_handle(id).delete()
    await until_listed(client)


@pytest.fixture
def applied(client: Client, server: DevServer, monkeypatch: pytest.MonkeyPatch) -> Apply:
    """`mogulflow schedules apply`; what it prints."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)

    async def run(settings: Settings, *, dry_run: bool = False, prune: bool = False) -> str:
        output = StringIO()
        await apply(settings, dry_run=dry_run, prune=prune, console=Console(file=output, width=400))
        return output.getvalue()

    return run


def accounts(settings: Settings, *names: str, poll_minutes: float = 5) -> Settings:
    one = settings.chartmogul["default"].model_copy(update={"poll_minutes": poll_minutes})
    return settings.model_copy(update={"chartmogul": dict.fromkeys(names, one)})


async def described(client: Client, id: str = "poll/default") -> ScheduleDescription:
    return await client.get_schedule_handle(id).describe()


async def every(client: Client) -> timedelta:
    [interval] = (await described(client)).schedule.spec.intervals
    return interval.every


async def listed(client: Client) -> set[str]:
    return {each.id async for each in await client.list_schedules()}


async def until_listed(client: Client, *ids: str) -> None:
    """The list runs a little behind."""
    await until_equal(lambda: listed(client), set(ids))


def test_polls_and_reports_look_back_as_far_as_any_route_acts(settings: Settings, tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    text = (EXAMPLE_CONFIG / "routes.yaml").read_text()
    routes.write_text(text.replace("template: churn_save", "template: churn_save\n    act_within_days: 14"))
    declared: dict[str, Any] = {each.id: each.input for each in declarations(settings)}
    assert declared["poll/default"].look_back == timedelta(days=3)
    patient = settings.model_copy(update={"routes_file": str(routes)})
    declared = {each.id: each.input for each in declarations(patient)}
    assert declared["poll/default"].look_back == timedelta(days=14)
    assert declared["coverage/default"].days == 14


def test_each_account_has_a_sync_to_each_crm_that_is_connected_and_mapped(
    simulators_url: str, tmp_path: Path
) -> None:
    connected = accounts(settings_for(simulators_url), "default", "europe")
    syncs = {each.id: each for each in declarations(connected) if each.workflow == "crm_sync"}
    systems = [f"{account}/{system}" for account in ("default", "europe") for system in get_args(CrmName)]
    assert list(syncs) == [f"crm/{each}" for each in systems]
    file = tmp_path / "crm.yaml"
    file.write_text("hubspot: {contacts: {key: null, match: [email], fields: {mrr: mrr}}}")
    connected = connected.model_copy(update={"crm_file": str(file)})
    [one, other] = [each for each in declarations(connected) if each.workflow == "crm_sync"]
    assert (one.id, other.id) == ("crm/default/hubspot", "crm/europe/hubspot")
    assert one.timeout > CrmSyncInput.model_fields["patience"].default


def test_a_run_may_take_as_long_as_its_reading_and_no_stuck_one_blocks_the_next(settings: Settings) -> None:
    poll, report, audit, watch = schedules.declarations(settings)
    assert poll.timeout > movement_poll.LIMIT
    assert report.timeout > 3 * coverage.LIMIT
    assert {each.overlap for each in (poll, report, audit, watch)} == {ScheduleOverlapPolicy.SKIP}


def test_after_an_outage_one_poll_is_caught_up_on(settings: Settings) -> None:
    poll, *_ = schedules.declarations(accounts(settings, "default", poll_minutes=7))
    assert poll.catch_up == poll.spec.intervals[0].every == timedelta(minutes=7)
    often, *_ = schedules.declarations(accounts(settings, "default", poll_minutes=0.05))
    assert (often.spec.intervals[0].every, often.catch_up) == (timedelta(seconds=3), timedelta(seconds=10))


async def test_apply_again_writes_nothing(client: Client, settings: Settings, applied: Apply) -> None:
    first = await applied(settings)
    assert first.count("created") == len(DECLARED)
    lines = first.splitlines()
    assert len(lines) == 4 + len(DECLARED)  # a line each, and the table's own
    [poll] = [line for line in lines if "poll/default" in line]
    assert "when: every 5 min" in poll
    assert "when: daily at 04:40 UTC" in first
    assert schedules.declarations(settings)[0].why[:60] not in first
    again = await applied(settings)
    assert again.count("unchanged") == len(DECLARED)
    for id in DECLARED:
        assert (await described(client, id)).info.last_updated_at is None


async def test_a_dry_run_says_what_differs_and_writes_nothing(
    client: Client, settings: Settings, applied: Apply
) -> None:
    assert (await applied(settings, dry_run=True)).count("would create") == len(DECLARED)
    with pytest.raises(RPCError):
        await described(client)
    await applied(settings)
    said = await applied(accounts(settings, "default", poll_minutes=1), dry_run=True)
    assert "would update" in said
    assert "when: every 5 min → every 1 min" in said
    assert "catch-up: 5 min → 1 min" in said
    assert schedules.declarations(settings)[0].why[:60] in said
    assert await every(client) == timedelta(minutes=5)


async def test_of_a_mapping_only_what_changed_is_told(
    client: Client, simulators_url: str, applied: Apply, tmp_path: Path
) -> None:
    connected = settings_for(simulators_url).model_copy(update={"salesforce": None})
    await applied(connected)
    mapping = Path(connected.crm_file).read_text()
    file = tmp_path / "crm.yaml"
    file.write_text(mapping.replace("mrr: chartmogul_mrr", "mrr: our_mrr", 1))
    said = await applied(connected.model_copy(update={"crm_file": str(file)}), dry_run=True)
    changed = [line for line in said.splitlines() if "→" in line]
    assert len(changed) == 2  # contacts, and companies, which have the same fields
    assert all("fields.mrr.to: chartmogul_mrr → our_mrr" in line for line in changed)


async def test_of_a_list_only_what_changed_is_told(
    client: Client, settings: Settings, applied: Apply, tmp_path: Path
) -> None:
    exporting = settings.model_copy(update={"warehouse": DuckDbWarehouse()})
    await applied(exporting)
    file = tmp_path / "warehouse.yaml"
    file.write_text((EXAMPLE_CONFIG / "warehouse.yaml").read_text().replace("name: zip,", "name: zip_code,"))
    said = await applied(exporting.model_copy(update={"warehouse_file": str(file)}), dry_run=True)
    changed = [line.split("│")[3].strip() for line in said.splitlines() if "→" in line]
    assert "input mapping.streams.customers.columns.zip.name: zip → -" in changed
    assert "input mapping.streams.customers.columns.zip_code.name: - → zip_code" in changed
    assert all(".columns." in line and len(line) < 100 for line in changed)


@pytest.mark.parametrize("given", [["by hand"], [["by", "hand"]], [None], []])
async def test_an_input_of_an_operators_is_put_right_whatever_it_is(
    client: Client, settings: Settings, applied: Apply, given: list[Any]
) -> None:
    await applied(settings)

    def by_hand(now: ScheduleUpdateInput) -> ScheduleUpdate:
        action = now.description.schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        return ScheduleUpdate(replace(now.description.schedule, action=replace(action, args=given)))

    await client.get_schedule_handle("poll/default").update(by_hand)
    assert "input account: - → default" in await applied(settings)
    assert (await applied(settings)).count("unchanged") == len(DECLARED)


def test_elements_are_told_by_name_and_their_order_too() -> None:
    found = dict(_leaves({"columns": [{"name": "a"}, {"name": "b"}], "key": ["a"], "same": [["a"], []]}))
    assert found == {
        "columns.a.name": "a",
        "columns.a.comes after": "-",
        "columns.b.name": "b",
        "columns.b.comes after": "a",
        "key.0": "a",
        "same.0.0": "a",
        "same.1": [],
    }
    assert dict(_leaves([{"name": "a"}, {"name": "a"}])) == {"0.name": "a", "1.name": "a"}


async def test_an_operators_pause_and_note_survive(
    client: Client, settings: Settings, applied: Apply
) -> None:
    await applied(settings)
    await client.get_schedule_handle("poll/default").pause(note="ChartMogul is down")
    said = await applied(accounts(settings, "default", poll_minutes=1))
    assert "paused: ChartMogul is down" in said
    assert await every(client) == timedelta(minutes=1)
    state = (await described(client)).schedule.state
    assert (state.paused, state.note) == (True, "ChartMogul is down")


async def test_what_somebody_changed_by_hand_is_named_and_put_right(
    client: Client, settings: Settings, applied: Apply
) -> None:
    await applied(settings)

    def by_hand(now: ScheduleUpdateInput) -> ScheduleUpdate:
        spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=6))])
        return ScheduleUpdate(replace(now.description.schedule, spec=spec))

    await client.get_schedule_handle("poll/default").update(by_hand)
    assert "when: every 6 h → every 5 min" in await applied(settings, dry_run=True)
    await applied(settings)
    assert await every(client) == timedelta(minutes=5)


async def test_each_account_has_its_own_and_prune_deletes_those_of_one_that_left(
    client: Client, settings: Settings, applied: Apply
) -> None:
    left = {"poll/europe", "coverage/europe", "audit/europe"}
    await applied(accounts(settings, "default", "europe"))
    await until_listed(client, *DECLARED, *left)
    assert (await applied(settings)).count("no longer declared") == len(left)
    assert (await applied(settings, dry_run=True, prune=True)).count("would prune") == len(left)
    assert await listed(client) == DECLARED | left
    assert (await applied(settings, prune=True)).count("pruned") == len(left)
    await until_listed(client, *DECLARED)


async def test_what_is_somebody_elses_is_left_alone(
    client: Client, settings: Settings, applied: Apply
) -> None:
    theirs = Schedule(
        action=ScheduleActionStartWorkflow("report", id="report", task_queue="theirs"),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))]),
    )
    for id in ("nightly", "poll/default"):
        await client.create_schedule(id, theirs, memo={"owner": "finance"})
    await until_listed(client, "nightly", "poll/default")
    with pytest.raises(Stopped, match="Somebody else has a schedule poll/default"):
        await applied(settings, prune=True)
    await until_listed(client, "nightly", *DECLARED)
    for id in ("nightly", "poll/default"):
        assert (await described(client, id)).info.last_updated_at is None


async def test_settings_without_an_account_delete_nothing(
    client: Client, settings: Settings, applied: Apply
) -> None:
    await applied(settings)
    await until_listed(client, *DECLARED)
    with pytest.raises(Stopped, match="No ChartMogul account"):
        await applied(accounts(settings), prune=True)
    await until_listed(client, *DECLARED)


async def test_each_poll_begins_where_the_last_one_ended_also_after_an_update(
    client: Client, settings: Settings, simulators: object, applied: Apply
) -> None:
    await applied(accounts(settings, "default", poll_minutes=1 / 60))
    async with worker.running(client, settings):
        await polls(client, 2)
        before = (await described(client)).info.num_actions
        await applied(accounts(settings, "default", poll_minutes=2 / 60))
        assert (await described(client)).info.last_updated_at
        found = await polls(client, before + 2)
        await client.get_schedule_handle("poll/default").pause()
        for one, next in pairwise(found):
            await began_where_it_ended(client, one, next)


async def polls(client: Client, count: int) -> list[str]:
    """Ids of the last ten, once there have been so many."""

    async def so_many() -> ScheduleInfo | None:
        info = (await described(client)).info
        return info if info.num_actions >= count else None

    actions = [each.action for each in (await until(so_many)).recent_actions]
    return [each.workflow_id for each in actions if isinstance(each, ScheduleActionExecutionStartWorkflow)]


async def recent_actions(client: Client, id: str) -> Sequence[ScheduleActionResult]:
    return (await described(client, id)).info.recent_actions


async def began_where_it_ended(client: Client, one: str, next: str) -> None:
    ended: PollState = await client.get_workflow_handle(one, result_type=PollState).result()
    await client.get_workflow_handle(next).result()
    assert (await scan_of(client, next)).start == ended.complete_until - timedelta(hours=1)


async def scan_of(client: Client, workflow_id: str) -> Scan:
    """What a poll has read."""
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events():
        if event.HasField("activity_task_scheduled_event_attributes"):
            payloads = event.activity_task_scheduled_event_attributes.input.payloads
            [scan] = await client.data_converter.decode(payloads, [Scan])
            return Scan.model_validate(scan)
    raise AssertionError("it has read nothing")


async def test_a_run_of_a_schedule_says_whose_it_is_and_goes_before_bulk_work(
    client: Client, settings: Settings, applied: Apply
) -> None:
    await applied(settings)
    for id, priority in (("poll/default", temporal.LIVE), ("coverage/default", temporal.BULK)):
        await client.get_schedule_handle(id).trigger()
        action = (await until(partial(recent_actions, client, id)))[0].action
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)
        run = await client.get_workflow_handle(action.workflow_id).describe()
        assert run.typed_search_attributes[temporal.ACCOUNT] == "default"
        assert run.typed_search_attributes[temporal.HEADLINE] == await run.static_summary()
        assert run.raw_info.priority.priority_key == priority.priority_key
        assert run.typed_search_attributes[temporal.NOMINAL_TIME]
        await client.get_workflow_handle(action.workflow_id).terminate()
