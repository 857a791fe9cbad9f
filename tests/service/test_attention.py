"""`mogulflow attention` lists what waits for a person, and says what to do."""

import uuid

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

import temporal
from models.runs import Outcome
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.service.conftest import Command, accepted, results
from tests.waiting import until_listed

NO_CHANNEL = {"ok": False, "error": "channel_not_found"}


async def test_where_nothing_waits_for_a_person_it_says_so(mogulflow: Command, client: Client) -> None:
    own = await in_a_namespace_of_its_own(client)
    for arguments in ([], ["--check"]):
        said = await mogulflow("attention", *arguments, TEMPORAL_NAMESPACE=own.namespace)
        assert (said.code, said.text) == (0, "Nothing waits for a person.")


async def test_a_partial_run_is_listed_with_what_to_do(
    simulators: Control, mogulflow: Command, client: Client
) -> None:
    simulators.fault("slack", "status", path="chat.postMessage", status=200, body=NO_CHANNEL, times=None)
    simulators.cancel(simulators.customers(case="account")[0].uuid)
    [result] = await results(client, simulators, 1)
    assert result.outcome is Outcome.PARTIAL
    [run] = accepted(simulators)
    await until_listed(client, f"WorkflowId = '{run}' AND Outcome = 'partial' AND CloseTime IS NOT NULL")
    said = await mogulflow("attention")
    assert said.code == 0
    for shown in ("partial", "Churn −$", "Invite the bot to the channel", f"run `mogulflow retry {run}`"):
        assert shown in said.text
    assert (await mogulflow("attention", "--check")).code == 1


@pytest.mark.parametrize(
    "wrong", [{"TEMPORAL_ADDRESS": "127.0.0.1:9"}, {"TEMPORAL_NAMESPACE": "nosuch"}], ids=["down", "refused"]
)
async def test_a_monitor_tells_temporal_that_cannot_be_asked_from_what_waits(
    mogulflow: Command, wrong: dict[str, str]
) -> None:
    said = await mogulflow("attention", "--check", **wrong)
    assert (said.code, "`mogulflow doctor` says what to do." in said.text) == (2, True)


async def test_runs_that_wait_for_a_system_are_counted_and_long_ones_listed(
    mogulflow: Command, client: Client
) -> None:
    own = await in_a_namespace_of_its_own(client)
    for since in ("2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
        await own.start_workflow(
            "churn_save",
            id=f"churn_save/{uuid.uuid4()}",
            task_queue=temporal.WORKFLOWS,
            memo={temporal.WAITS: {"slack": {"since": since, "why": "[/red] is away"}}},
            search_attributes=TypedSearchAttributes([SearchAttributePair(temporal.WAITS_FOR, ["slack"])]),
        )
    await until_listed(own, "WaitsFor = 'slack'", 2)
    said = await mogulflow("attention", "--check", TEMPORAL_NAMESPACE=own.namespace)
    assert said.code == 1
    assert said.text.count("waiting over an hour") == 1
    assert "See whether slack is up and lets us in" in said.text
    assert ": 2: [/red] is away." in said.text
