"""Runs and schedules that a server holds from an earlier version go on under this one."""

import gzip
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecution, WorkflowHandle
from temporalio.common import SearchAttributeKey

import temporal
import worker
from clients.salesforce.client import SalesforceClient
from models.deliveries import DeliveryResult, Dismissed
from models.runs import Outcome, RunResult
from settings import Settings
from simulators.kit.control import Control
from tests import imported
from tests.conftest import ROOT, running_temporal, settings_for
from tests.service.conftest import TASK_KEY
from tests.upgrade.record import (
    LIES_AHEAD,
    SCHEDULES,
    SEED,
    SYNC_LIES_AHEAD,
    UNREADABLE,
    WAITING_LOST,
    WAITING_SAVED,
    run_of,
)
from tests.workflows.conftest import until_effects
from tests.workflows.crm import prepare

RECORDED = Path(__file__).with_name("0.1.0.db.gz")


@dataclass(frozen=True)
class Installation:
    client: Client
    simulators: Control
    open: dict[int, WorkflowExecution]
    """The runs of the recording, by number of their customer."""

    def task_key(self, number: int) -> str:
        return task_key(self.open[number])

    def run(self, number: int) -> WorkflowHandle[Any, RunResult]:
        return self.client.get_workflow_handle(self.open[number].id, result_type=RunResult)


@pytest.fixture(scope="module")
async def upgraded(
    tmp_path_factory: pytest.TempPathFactory, simulators_url: str
) -> AsyncIterator[Installation]:
    """The server of the recording with workers of this version, and customers who have moved as they had."""
    state = tmp_path_factory.mktemp("upgrade")
    with gzip.open(RECORDED) as packed, (state / "temporal.db").open("wb") as database:
        shutil.copyfileobj(packed, database)
    settings = settings_for(simulators_url)
    with Control(simulators_url) as simulators:
        simulators.reset(seed=SEED)
        await prepare(settings)
        async with running_temporal(state) as server:
            client = await server.client()
            found = await open_runs(client, simulators)
            for number, run in found.items():
                move_again(simulators, number, run)
            await make_tasks(settings, [found[WAITING_LOST], found[WAITING_SAVED]])
            async with worker.running(client, settings):
                yield Installation(client, simulators, found)


async def open_runs(client: Client, simulators: Control) -> dict[int, WorkflowExecution]:
    customers = [each.uuid for each in simulators.customers(case="account") if each.mrr]
    query = "Customer IS NOT NULL AND ExecutionStatus = 'Running'"
    return {
        customers.index(attribute(run, temporal.CUSTOMER)): run async for run in client.list_workflows(query)
    }


def attribute(run: WorkflowExecution, key: SearchAttributeKey[Any]) -> Any:
    return run.typed_search_attributes[key]


def move_again(simulators: Control, number: int, run: WorkflowExecution) -> None:
    """As they did when the run was recorded; and one has come back since."""
    customer, at = attribute(run, temporal.CUSTOMER), attribute(run, temporal.OCCURRED_AT)
    if number == SYNC_LIES_AHEAD:
        simulators.expand(customer, send=False, at=at.isoformat())
    else:
        simulators.cancel(customer, send=False, at=at)
    if number == WAITING_SAVED:
        simulators.reactivate(customer, send=False)


async def make_tasks(settings: Settings, runs: list[WorkflowExecution]) -> None:
    """As these runs had made them when they were recorded."""
    assert settings.salesforce
    salesforce = SalesforceClient(settings.salesforce)
    for run in runs:
        await salesforce.tasks.upsert(
            task_key(run), {"Subject": "Save them", "Description": "They cancelled."}
        )
    await salesforce.aclose()


def task_key(run: WorkflowExecution) -> str:
    return f"{run.id.partition('/')[2]}:save_task"


async def test_the_recording_has_each_kind_of_open_run(upgraded: Installation) -> None:
    assert sorted(upgraded.open) == [WAITING_LOST, WAITING_SAVED, LIES_AHEAD, SYNC_LIES_AHEAD]


@pytest.mark.parametrize(
    ("number", "outcome"), [(WAITING_LOST, Outcome.LOST), (WAITING_SAVED, Outcome.SAVED)]
)
async def test_run_that_waits_to_check_back_ends_with_its_verdict(
    upgraded: Installation, number: int, outcome: Outcome
) -> None:
    result = await upgraded.run(number).result()
    assert (result.outcome, result.problems) == (outcome, [])
    [task] = [
        task for task in upgraded.simulators.records("Task") if task[TASK_KEY] == upgraded.task_key(number)
    ]
    assert f"Outcome: {outcome}" in task["Description"]


async def test_cancellation_that_lay_ahead_is_acted_on(upgraded: Installation) -> None:
    run = upgraded.run(LIES_AHEAD)
    effects = await until_effects(run, 2)  # and a third and fourth, where Salesforce was slow
    assert {(each.system, each.action) for each in effects} >= {
        ("salesforce", "created"),
        ("slack", "created"),
    }
    assert upgraded.task_key(LIES_AHEAD) in [task[TASK_KEY] for task in upgraded.simulators.records("Task")]


async def test_sync_that_lay_ahead_is_done(upgraded: Installation) -> None:
    result = await upgraded.run(SYNC_LIES_AHEAD).result()
    assert result.outcome is Outcome.ACTED
    assert {effect.system for effect in result.effects} == {"hubspot"}


async def test_unreadable_delivery_can_be_dismissed(upgraded: Installation) -> None:
    run = upgraded.client.get_workflow_handle(UNREADABLE, result_type=DeliveryResult)
    await run.signal("dismissed", Dismissed(reason="Seen to before the upgrade"))
    assert (await run.result()).outcome is Outcome.DISMISSED


@pytest.mark.parametrize("schedule", SCHEDULES)
async def test_schedule_goes_on_from_its_last_result(upgraded: Installation, schedule: str) -> None:
    started = await run_of(upgraded.client, schedule)
    assert started.last_completion_result.payloads


async def test_schedules_that_this_version_applies_keep_their_place(
    upgraded: Installation, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "TEMPORAL_ADDRESS": upgraded.client.service_client.config.target_host,
        "CHARTMOGUL__DEFAULT__API_KEY": "none",
        "ROUTES_FILE": str(ROOT / "tests/routes.yaml"),
    }
    code = await imported.run(("schedules", "apply"), environment, tmp_path)
    assert code == 0, (tmp_path / "output").read_text()
    for schedule in SCHEDULES:
        assert (await run_of(upgraded.client, schedule)).last_completion_result.payloads
