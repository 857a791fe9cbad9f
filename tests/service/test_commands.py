"""The `mogulflow` command, each as a process of its own against the whole system."""

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

import temporal
from models.effects import Action
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from tests.service.conftest import Command, Write, accepted, one_of_each, results
from tests.waiting import until_listed
from tests.whole_system import ROUTES


async def test_an_event_sent_twice_is_started_once(
    simulators: Control, mogulflow: Command, event_file: Write, client: Client
) -> None:
    file = event_file(simulators)
    first = await mogulflow("send", str(file))
    assert (first.code, '"result": "started"' in first.text) == (0, True)
    second = await mogulflow("send", str(file))
    assert (second.code, '"result": "duplicate"' in second.text) == (0, True)
    run = json.loads(second.text)["runs"][0]["workflow_id"]
    await client.get_workflow_handle(run).result()
    assert one_of_each(simulators, 1)
    listed = await mogulflow("runs", "--limit", "1")
    assert listed.code == 0
    for said in ("Churn −$", "acted", run):
        assert said in listed.text


async def test_a_file_that_is_no_movement_is_refused_in_a_sentence(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    file.write_text("{")
    for command in ("send", "preview"):
        said = await mogulflow(command, str(file))
        assert said.code == 1
        assert "The body is no JSON." in said.text
        assert "Traceback" not in said.text


async def test_a_preview_shows_the_fields_and_writes_nothing(
    simulators: Control, mogulflow: Command, event_file: Write
) -> None:
    said = await mogulflow("preview", str(event_file(simulators)))
    assert said.code == 0
    for shown in ("churn_save: previewed", "would create", "Subject", "Save ", "#revenue-saves"):
        assert shown in said.text
    assert one_of_each(simulators, 0)


MISSING_CHANNEL: dict[str, Any] = {
    "system": "slack",
    "path": "chat.postMessage",
    "status": 200,
    "body": {"ok": False, "error": "channel_not_found"},
}
REFUSED_TASK: dict[str, Any] = {
    "system": "salesforce",
    "path": "/sobjects/Task/",
    "status": 403,
    "body": [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "insufficient access rights"}],
}


@pytest.mark.parametrize(
    ("fault", "done", "missing"),
    [(MISSING_CHANNEL, "Task", "message"), (REFUSED_TASK, "message", "Task")],
    ids=["no channel", "no right to write"],
)
async def test_a_partial_run_retried_does_only_what_is_missing(
    simulators: Control, mogulflow: Command, client: Client, fault: dict[str, Any], done: str, missing: str
) -> None:
    simulators.fault(kind="status", times=None, **fault)
    simulators.cancel(simulators.customers(case="account")[0].uuid)
    [partial] = await results(client, simulators, 1)
    assert partial.outcome is Outcome.PARTIAL
    assert [each.object_type for each in partial.effects] == [done]
    simulators.clear_faults()
    [workflow_id] = accepted(simulators)
    said = await mogulflow("retry", workflow_id)
    assert said.code == 0
    assert "Running again" in said.text
    again = await client.get_workflow_handle(workflow_id, result_type=RunResult).result()
    assert again.outcome is Outcome.ACTED
    actions = {each.object_type: each.action for each in again.effects}
    assert actions == {done: Action.UNCHANGED, missing: Action.CREATED}
    assert one_of_each(simulators, 1)


@pytest.mark.parametrize("run", ["churn_save/nothing", "[/red]"])
async def test_retry_of_an_unknown_run_says_so(mogulflow: Command, run: str) -> None:
    said = await mogulflow("retry", run)
    assert said.code == 1
    assert f"There is no run {run}" in said.text


Begin = Callable[[], Awaitable[WorkflowHandle[Any, Any]]]


@pytest.fixture
async def begin(client: Client) -> AsyncIterator[Begin]:
    """Starts runs on a queue that no worker takes from."""
    handles: list[WorkflowHandle[Any, Any]] = []

    async def start() -> WorkflowHandle[Any, Any]:
        handle = await client.start_workflow(
            "churn_save",
            id=f"churn_save/{uuid.uuid4()}",
            task_queue="nobody",
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(temporal.TEMPLATE, "churn_save"),
                    SearchAttributePair(temporal.OUTCOME, Outcome.OPEN.value),
                    SearchAttributePair(temporal.HEADLINE, "Churn of [/red]"),
                ]
            ),
        )
        handles.append(handle)
        return handle

    yield start
    for handle in handles:
        with suppress(RPCError):
            await handle.terminate()


async def test_retry_before_the_first_step_ended_says_who_has_the_run(
    mogulflow: Command, client: Client, begin: Begin
) -> None:
    handle = await begin()
    said = await mogulflow("retry", handle.id)
    assert (said.code, "no worker has taken it" in said.text) == (1, True)
    queue = TaskQueue(name="nobody")
    await client.workflow_service.poll_workflow_task_queue(
        PollWorkflowTaskQueueRequest(namespace=client.namespace, task_queue=queue)
    )
    said = await mogulflow("retry", handle.id)
    assert (said.code, "A worker is at the run's first step" in said.text) == (1, True)


async def test_a_run_that_somebody_ended_is_listed_so(
    mogulflow: Command, client: Client, begin: Begin
) -> None:
    handle = await begin()
    await handle.terminate()
    await until_listed(client, f"WorkflowId = '{handle.id}' AND ExecutionStatus = 'Terminated'")
    said = await mogulflow("runs", "--query", f"WorkflowId = '{handle.id}'")
    assert said.code == 0
    for shown in ("Churn of [/red]", "open, terminated", handle.id):
        assert shown in said.text


async def test_a_preview_that_fails_says_why(
    simulators: Control, mogulflow: Command, event_file: Write
) -> None:
    said = await mogulflow("preview", str(event_file(simulators)), "--account", "other")
    assert said.code == 1
    assert "The run failed: " in said.text
    assert "CHARTMOGUL__OTHER__API_KEY" in said.text
    assert "Traceback" not in said.text


async def test_doctor_warns_of_a_route_for_an_account_that_is_not_there(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text(ROUTES.replace("[churn]", "[churn], accounts: [europe]"))
    said = await mogulflow("doctor", ROUTES_FILE=str(routes))
    assert said.code == 0
    assert "there is no account europe" in said.text


async def test_doctor_is_content_with_what_is_complete(simulators: Control, mogulflow: Command) -> None:
    said = await mogulflow("doctor")
    assert said.code == 0
    for checked in ("retention", "search attributes", "Task.Mogulflow_Key__c", "channel #revenue-saves"):
        assert checked in said.text
    assert "│ fault" not in said.text


async def test_doctor_says_how_to_make_the_field_of_the_key(simulators: Control, mogulflow: Command) -> None:
    simulators.remove_field("Task", "Mogulflow_Key__c")
    said = await mogulflow("doctor")
    assert said.code == 1
    assert "Object Manager, Activity, Fields & Relationships, New: Text" in said.text


@pytest.mark.parametrize(
    ("wrong", "to_do"),
    [
        (
            {
                "SLACK__BOT_TOKEN": "xoxb-wrong",
                "SALESFORCE__CLIENT_SECRET": "wrong",
                "CHARTMOGUL__DEFAULT__API_KEY": "wrong",
            },
            ("Set SLACK__BOT_TOKEN", "Check the External Client App", "Set CHARTMOGUL__DEFAULT__API_KEY"),
        ),
        (
            {"TEMPORAL_ADDRESS": "127.0.0.1:9"},
            ("set TEMPORAL_ADDRESS to the right one (docs/running.md, step 1)",),
        ),
        ({"TEMPORAL_NAMESPACE": "nosuch"}, ("`mogulflow prepare` makes it, or set TEMPORAL_NAMESPACE.",)),
    ],
    ids=["systems", "Temporal", "namespace"],
)
async def test_doctor_says_what_to_do_where_a_system_refuses_us(
    simulators: Control, mogulflow: Command, wrong: dict[str, str], to_do: tuple[str, ...]
) -> None:
    said = await mogulflow("doctor", **wrong)
    assert said.code == 1
    for each in to_do:
        assert each in said.text
    assert "Traceback" not in said.text


async def test_doctor_says_what_channel_is_meant(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text(ROUTES.replace("#revenue-saves", "#revenue-save"))
    said = await mogulflow("doctor", ROUTES_FILE=str(routes))
    assert said.code == 1
    assert "did you mean revenue-saves?" in said.text
