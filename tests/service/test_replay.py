"""`mogulflow replay` as a process: what could not be read once acts after a fix, and only then."""

import httpx
import pytest
from temporalio.client import Client

from local.stack import Stack
from models.deliveries import DeliveryResult
from models.runs import Outcome
from simulators.kit.control import Control
from tests.service.conftest import Command, one_of_each
from tests.service.kept import cancellation, kept_before_the_fix, result_of


async def kept_by_the_ingress(stack: Stack, body: bytes) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(stack.webhook_url, content=body)
    assert answer.status_code == 422
    return str(answer.json()["kept"]["workflow_id"])


async def is_open(client: Client, run: str) -> bool:
    status = (await client.get_workflow_handle(run).describe()).status
    return status is not None and status.name == "RUNNING"


async def test_after_a_fix_it_acts_once_and_the_run_names_what_was_started(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await kept_before_the_fix(client, cancellation(simulators))
    said = await mogulflow("replay", run)
    assert said.code == 0, said.text
    result = await result_of(client, run)
    assert result.outcome is Outcome.REPLAYED
    [started] = result.runs
    assert started == f"churn_save/{result.event_id}"
    assert f"{run}: replayed as event {result.event_id}" in said.text
    assert f"{started} started: http" in said.text
    await client.get_workflow_handle(started).result()
    assert one_of_each(simulators, 1)
    again = await mogulflow("replay", run)
    assert (again.code, f"{run} has ended as replayed." in again.text) == (1, True)


async def test_what_came_another_way_meanwhile_is_known(
    stack: Stack, simulators: Control, mogulflow: Command, client: Client
) -> None:
    body = cancellation(simulators)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        assert (await http.post(stack.webhook_url, content=body)).status_code == 202
    run = await kept_before_the_fix(client, body)
    said = await mogulflow("replay", run)
    assert said.code == 0
    assert "was known: http" in said.text
    assert (await result_of(client, run)).outcome is Outcome.REPLAYED


async def test_several_are_seen_to_and_what_cannot_be_read_still_stays_open(
    stack: Stack, simulators: Control, mogulflow: Command, client: Client
) -> None:
    wrong = await kept_by_the_ingress(stack, cancellation(simulators, movement_type="upsell"))
    unrouted = await kept_before_the_fix(client, cancellation(simulators, 1, movement_type="expansion"))
    said = await mogulflow("replay", wrong, unrouted)
    assert said.code == 1
    assert f"{wrong} still cannot be read: This is no MRR movement: movement type is none of" in said.text
    assert "no route takes this expansion movement" in said.text
    assert "1 of 2 left as it was." in said.text
    assert await is_open(client, wrong)
    assert (await result_of(client, unrouted)).runs == []
    listed = await mogulflow("runs", "--query", f"WorkflowId = '{wrong}'")
    for shown in ("Unreadable delivery: This is no MRR movement", "unreadable", wrong):
        assert shown in listed.text


async def test_dismissed_it_ends_with_the_reason(
    stack: Stack, simulators: Control, mogulflow: Command, client: Client
) -> None:
    run = await kept_by_the_ingress(stack, cancellation(simulators)[:-1])
    said = await mogulflow("replay", run, "--dismiss", "A test of ours")
    assert (said.code, f"{run}: dismissed" in said.text) == (0, True)
    assert await result_of(client, run) == DeliveryResult(outcome=Outcome.DISMISSED, reason="A test of ours")


@pytest.mark.parametrize(
    ("encoding", "padding", "why"),
    [
        ("utf-8", 20_000, "only 16 KiB of its "),
        ("utf-16", 0, "its body is no UTF-8"),
    ],
)
async def test_what_is_not_kept_as_it_came_cannot_be_replayed(
    stack: Stack,
    simulators: Control,
    mogulflow: Command,
    client: Client,
    encoding: str,
    padding: int,
    why: str,
) -> None:
    body = (cancellation(simulators, type="other").decode() + " " * padding).encode(encoding)
    run = await kept_by_the_ingress(stack, body)
    said = await mogulflow("replay", run)
    assert said.code == 1
    assert f"{run} cannot be replayed: {why}" in said.text
    assert await is_open(client, run)


async def test_other_runs_and_unknown_ones_are_told_apart(
    stack: Stack, simulators: Control, mogulflow: Command
) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(stack.webhook_url, content=cancellation(simulators))
    [other] = answer.json()["runs"]
    said = await mogulflow("replay", other["workflow_id"], "unreadable_delivery/nothing")
    assert said.code == 1
    assert f"{other['workflow_id']} is no unreadable delivery" in said.text
    assert "There is no run unreadable_delivery/nothing." in said.text
    assert "2 of 2 left as they were." in said.text
