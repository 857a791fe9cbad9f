"""`mogulflow approvals` and `undo`: people decide on changes, and take back what a run has done."""

from pathlib import Path

from temporalio.client import Client

from models.changes import ChangeState
from operations.changes import ask, state_of
from operations.person import who
from simulators.kit.control import Control
from tests.service.conftest import Command, accepted, results, until_shown
from tests.workflows.changing import asks, change_of, tagging, tags


async def test_what_waits_is_listed_shown_and_decided(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change, asks()))
    listed = await until_shown(mogulflow, state.run_id, "approvals")
    assert "tag vip: False → True" in listed.text
    shown = await mogulflow("approvals", "show", state.run_id)
    assert f"{state.run_id}: needs_approval" in shown.text
    assert "Rule: *: ask" in shown.text
    agreed = await mogulflow("approvals", "approve", state.run_id, "--reason", "seen")
    assert (agreed.code, "agreed by command. seen" in agreed.text) == (0, True)
    await client.get_workflow_handle(state.run_id).result()
    assert "vip" in tags(simulators, change.customer_uuid)
    late = await mogulflow("approvals", "refuse", state.run_id)
    assert late.code == 1
    assert "already over: done" in late.text


async def test_a_change_that_is_refused_writes_nothing(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change, asks()))
    assert (await mogulflow("approvals", "refuse", state.run_id, "--reason", "no")).code == 0
    await client.get_workflow_handle(state.run_id).result()
    assert (await state_of(client, state.run_id)).status is ChangeState.REFUSED
    assert "vip" not in tags(simulators, change.customer_uuid)


async def test_where_approvers_are_listed_only_they_decide(
    simulators: Control, mogulflow: Command, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text("approvers: {emails: [ben@vendor.example]}\n")
    state = await ask(client, change_of(tagging(simulators), asks()))

    async def approve(**person: str) -> str:
        said = await mogulflow("approvals", "approve", state.run_id, AGENTS_FILE=str(file), **person)
        return said.text

    assert "Set OPERATOR_EMAIL" in await approve()
    assert "not among the approvers" in await approve(OPERATOR_EMAIL="mallory@vendor.example")
    said = await approve(OPERATOR_EMAIL="Ben@vendor.example")
    assert f"ben@vendor.example agreed by command ({who()} claims to be them)" in said


async def test_an_undo_is_shown_before_it_is_done(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    simulators.cancel(simulators.customers(case="account")[0].uuid)
    await results(client, simulators, 1)
    [run] = accepted(simulators)
    shown = await mogulflow("undo", run, "--dry-run")
    assert (shown.code, shown.text.count("│ undone │")) == (0, 2)
    [task] = simulators.records("Task")
    assert task["Status"] == "Not Started"
    done = await mogulflow("undo", run, "--yes", "--reason", "a mistake")
    assert (done.code, "2 of 2 written" in done.text) == (0, True)
    [task] = simulators.records("Task")
    assert task["Status"] == "Completed"
    assert (await mogulflow("undo", "churn_save/nothing", "--yes")).code == 1
