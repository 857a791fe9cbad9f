"""Undo: what a run has done is taken back, newest first, and what people changed since stays."""

from typing import Any

import pytest
from temporalio.client import Client

from models.canonical import digest_of
from models.changes import ChangeRun, ChangeState, TagChange
from models.undo import UndoState
from operations.changes import ask
from simulators.kit.control import Control
from tests.workflows.changing import change_of, tags, undo_of
from tests.workflows.conftest import Start, cancelled


@pytest.fixture(autouse=True)
def _workers(workers: None) -> None:
    """All queues are worked on."""


async def undo(client: Client, workflow_id: str, **more: Any) -> ChangeRun:
    return await ask(client, undo_of(workflow_id, **more), seconds=60)


async def saved(client: Client, simulators: Control, start: Start) -> str:
    """A run of churn save with its task and its message."""
    run = await start(cancelled(simulators))
    await run.result()
    return run.id


async def test_a_churn_saves_task_is_closed_and_its_message_struck_through(
    client: Client, simulators: Control, start: Start
) -> None:
    run = await saved(client, simulators, start)
    state = await undo(client, run)
    assert (state.status, [each.state for each in state.undone]) == (
        ChangeState.UNDONE,
        [UndoState.UNDONE, UndoState.UNDONE],
    )
    [task] = simulators.records("Task")
    assert task["Status"] == "Completed"
    message, reply = simulators.messages("#revenue-saves")
    assert message["text"].startswith("~")
    assert reply["thread_ts"] == message["ts"]


async def test_a_dry_run_says_so_and_writes_nothing(
    client: Client, simulators: Control, start: Start
) -> None:
    run = await saved(client, simulators, start)
    state = await undo(client, run, dry_run=True)
    assert (state.status, [each.state for each in state.undone]) == (
        ChangeState.PREVIEWED,
        [UndoState.UNDONE, UndoState.UNDONE],
    )
    [task] = simulators.records("Task")
    assert task["Status"] == "Not Started"
    [message] = simulators.messages("#revenue-saves")
    assert not message["text"].startswith("~")


async def test_what_was_created_is_deleted_where_that_is_asked_for(
    client: Client, simulators: Control, start: Start
) -> None:
    await undo(client, await saved(client, simulators, start), delete_tasks=True)
    assert simulators.records("Task") == []


async def test_what_a_person_changed_since_is_left(client: Client, simulators: Control) -> None:
    one = TagChange(customer_uuid=simulators.customers()[0].uuid, add=["vip", "beta"])
    done = await ask(client, change_of(one))
    other = TagChange(customer_uuid=one.customer_uuid, remove=["vip"])
    await ask(client, change_of(other, digest=digest_of("a person")))
    before = await undo(client, done.run_id, dry_run=True)
    assert [each.left for each in before.undone] in ([["tag vip"]], [[]])
    await undo(client, done.run_id)
    assert not {"vip", "beta"} & set(tags(simulators, one.customer_uuid))


async def test_an_undo_can_be_undone(client: Client, simulators: Control) -> None:
    change = TagChange(customer_uuid=simulators.customers()[0].uuid, add=["vip"])
    done = await ask(client, change_of(change))
    first = await undo(client, done.run_id)
    assert "vip" not in tags(simulators, change.customer_uuid)
    second = await undo(client, first.run_id)
    assert second.status is ChangeState.UNDONE
    assert "vip" in tags(simulators, change.customer_uuid)


async def test_the_same_undo_again_is_the_same_run(client: Client, simulators: Control, start: Start) -> None:
    run = await saved(client, simulators, start)
    first, again = await undo(client, run), await undo(client, run)
    assert first.run_id == again.run_id
    assert len(simulators.messages("#revenue-saves")) == 2


async def test_what_wrote_nothing_has_nothing_to_take_back(client: Client, simulators: Control) -> None:
    change = TagChange(customer_uuid=simulators.customers()[0].uuid, add=["vip"])
    done = await ask(client, change_of(change, dry_run=True))
    assert (await undo(client, done.run_id)).status is ChangeState.UNCHANGED
