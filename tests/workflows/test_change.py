"""A change: previewed, decided, done once, written down."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client

from models.canonical import digest_of
from models.changes import (
    ChangeRun,
    ChangeState,
    CustomerMerge,
    MatchedRule,
    TagChange,
    Then,
    digest_of_person,
)
from models.runs import Outcome, RunResult
from operations.changes import NotPossible, ask, decide, state_of, waiting
from simulators.kit.control import Control
from tests.waiting import until
from tests.workflows.changing import BOT, OWNER, PERSON, asks, change_of, tagging, tags


@pytest.fixture(autouse=True)
def _workers(workers: None) -> None:
    """All queues are worked on."""


def tag_calls(simulators: Control) -> int:
    calls = simulators.calls("chartmogul")
    return sum(call.method == "POST" and call.path.endswith("/tags") for call in calls)


async def decided(client: Client, state: ChangeRun, who: str, approve: bool = True, **more: Any) -> ChangeRun:
    given = {"plan": state.plan} | more
    return await decide(client, state.run_id, who, "command", approve, "seen", **given)


async def over(client: Client, state: ChangeRun) -> ChangeRun:
    await client.get_workflow_handle(state.run_id).result()
    return await state_of(client, state.run_id)


async def reset(client: Client, workflow_id: str) -> None:
    """As the Web UI does it: signals and updates are applied again."""
    handle = client.get_workflow_handle(workflow_id)
    history = [event async for event in handle.fetch_history_events()]
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    first = next(event.event_id for event in history if event.event_type == completed)
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(
                workflow_id=workflow_id, run_id=(await handle.describe()).run_id
            ),
            reason="for a test",
            workflow_task_finish_event_id=first,
            request_id=str(uuid4()),
        )
    )


async def test_what_is_allowed_is_done_at_once(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change))
    assert (state.status, state.message) == (ChangeState.DONE, "1 of 1 written.")
    assert [(each.field, each.before, each.after) for each in state.changes] == [("tag vip", False, True)]
    assert "vip" in tags(simulators, change.customer_uuid)


async def test_the_same_again_is_the_same_run(client: Client, simulators: Control) -> None:
    given = change_of(tagging(simulators))
    states = await asyncio.gather(*(ask(client, given) for _ in range(20)))
    assert len({each.run_id for each in states}) == 1
    assert tag_calls(simulators) == 1


async def test_another_change_under_the_same_key_is_refused(client: Client, simulators: Control) -> None:
    given = change_of(tagging(simulators))
    await ask(client, given)
    other = change_of(tagging(simulators, "other"), digest=given.digest)
    with pytest.raises(NotPossible) as refused:
        await ask(client, other)
    assert refused.value.code == "idempotency_conflict"


async def test_nothing_to_do_is_unchanged(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    await ask(client, change_of(change))
    again = await ask(client, change_of(change, digest=digest_of("again")))
    assert (again.status, again.changes) == (ChangeState.UNCHANGED, [])


async def test_a_preview_writes_nothing(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change, dry_run=True))
    assert (state.status, state.changes[0].after) == (ChangeState.PREVIEWED, True)
    assert "vip" not in tags(simulators, change.customer_uuid)


async def test_what_the_policy_refuses_shows_what_it_would_do(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    rule = MatchedRule(number=3, said="change_tags: refuse", then=Then.REFUSE)
    state = await ask(client, change_of(change, rule))
    assert state.status is ChangeState.REFUSED
    assert "change_tags: refuse" in state.message
    assert "vip" not in tags(simulators, change.customer_uuid)


async def test_what_is_asked_waits_for_a_person(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change, asks()))
    assert (state.status, state.approvers) == (ChangeState.NEEDS_APPROVAL, 1)
    assert state.decide_by is not None
    assert "vip" not in tags(simulators, change.customer_uuid)

    async def listed() -> bool | None:
        return state.run_id in [each.run_id for each in await waiting(client)] or None

    assert await until(listed)
    await decided(client, state, "ben@vendor.example")
    done = await over(client, state)
    assert (done.status, [each.who for each in done.decisions]) == (ChangeState.DONE, ["ben@vendor.example"])
    assert "vip" in tags(simulators, change.customer_uuid)


async def test_who_asked_or_answers_for_it_does_not_decide(client: Client, simulators: Control) -> None:
    state = await ask(client, change_of(tagging(simulators), asks()))
    for who in (BOT.name, OWNER, OWNER.upper()):
        with pytest.raises(NotPossible) as refused:
            await decided(client, state, who)
        assert refused.value.code == "own_request"


async def test_who_signed_in_for_it_does_not_decide_under_any_writing(
    client: Client, simulators: Control
) -> None:
    asker = BOT.model_copy(update={"people": [digest_of_person("Ana@vendor.example")]})
    state = await ask(client, change_of(tagging(simulators), asks(), asker=asker))
    own = ("ana@vendor.example", "ANA@VENDOR.EXAMPLE ", "\uff41na@vendor.example", "ana\u200b@vendor.example")
    for who in (*own, OWNER + "\u200b", BOT.name.replace("c", "\uff43", 1)):
        with pytest.raises(NotPossible) as refused:
            await decided(client, state, who)
        assert refused.value.code == "own_request"


async def test_a_decision_is_bound_to_what_was_looked_at(client: Client, simulators: Control) -> None:
    state = await ask(client, change_of(tagging(simulators), asks()))
    with pytest.raises(NotPossible) as refused:
        await decided(client, state, "ben@vendor.example", plan="0" * 32)
    assert refused.value.code == "plan_changed"


async def test_one_refusal_is_enough(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change, asks(approvers=2)))
    await decided(client, state, "ben@vendor.example")
    await decided(client, state, "cy@vendor.example", approve=False)
    ended = await over(client, state)
    assert (ended.status, ended.effects) == (ChangeState.REFUSED, [])
    assert "vip" not in tags(simulators, change.customer_uuid)


async def test_two_people_are_two_people(client: Client, simulators: Control) -> None:
    state = await ask(client, change_of(tagging(simulators), asks(approvers=2)))
    first = await decided(client, state, "ben@vendor.example")
    assert first.status is ChangeState.NEEDS_APPROVAL
    twice = await decided(client, state, "ben@vendor.example")  # a double click
    assert len(twice.decisions) == 1
    with pytest.raises(NotPossible) as refused:
        await decided(client, state, "Ben@vendor.example", approve=False)
    assert refused.value.code == "already_decided"
    await decided(client, state, "cy@vendor.example")
    assert (await over(client, state)).status is ChangeState.DONE


async def test_at_the_command_line_a_machines_user_is_one_person_whoever_they_say_they_are(
    client: Client, simulators: Control
) -> None:
    own = change_of(tagging(simulators), asks(approvers=2), asker=PERSON)
    state = await ask(client, own)
    with pytest.raises(NotPossible) as refused:
        await decided(client, state, "cy@vendor.example", machine=PERSON.name)
    assert refused.value.code == "own_request"
    await decided(client, state, "cy@vendor.example", machine="cy@desk")
    with pytest.raises(NotPossible, match="cy@desk has decided on it already") as refused:
        await decided(client, state, "di@vendor.example", machine="cy@desk")
    assert refused.value.code == "already_decided"
    await decided(client, state, "di@vendor.example", machine="di@desk")
    done = await over(client, state)
    assert [each.machine for each in done.decisions] == ["cy@desk", "di@desk"]
    result = await client.get_workflow_handle(state.run_id, result_type=RunResult).result()
    said = "di@vendor.example agreed by command (di@desk claims to be them)"
    assert said in result.facts["Decision"]


async def test_where_slack_alone_decides_the_command_line_does_not(
    client: Client, simulators: Control
) -> None:
    rule = asks().model_copy(update={"only_by": "slack"})
    state = await ask(client, change_of(tagging(simulators), rule))
    with pytest.raises(NotPossible) as refused:
        await decided(client, state, "ben@vendor.example")
    assert refused.value.code == "not_this_way"
    await decide(client, state.run_id, "ben@vendor.example", "slack", True, "", state.plan)
    assert (await over(client, state)).status is ChangeState.DONE


async def test_a_double_click_after_the_end_is_no_fault(client: Client, simulators: Control) -> None:
    state = await ask(client, change_of(tagging(simulators), asks()))
    await decided(client, state, "ben@vendor.example")
    await over(client, state)
    assert (await decided(client, state, "ben@vendor.example")).status is ChangeState.DONE
    with pytest.raises(NotPossible) as refused:
        await decided(client, state, "cy@vendor.example")
    assert refused.value.code == "not_waiting"


async def test_three_ways_at_the_same_instant_are_one_decision(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change, asks()))
    people = ("ben@vendor.example", "cy@vendor.example", "di@vendor.example")
    found = await asyncio.gather(*(decided(client, state, each) for each in people), return_exceptions=True)
    done = await over(client, state)
    assert done.status is ChangeState.DONE
    assert tag_calls(simulators) == 1
    assert sum(not isinstance(each, BaseException) for each in found) >= 1


async def test_nobody_decides_in_time(client: Client, simulators: Control) -> None:
    state = await ask(client, change_of(tagging(simulators), asks(within=timedelta(seconds=0.5))))
    assert (await over(client, state)).status is ChangeState.EXPIRED


async def test_what_has_moved_since_needs_a_new_look(client: Client, simulators: Control) -> None:
    change = tagging(simulators)
    state = await ask(client, change_of(change, asks()))
    await ask(client, change_of(change, digest=digest_of("somebody else")))
    await decided(client, state, "ben@vendor.example")
    assert (await over(client, state)).status is ChangeState.STALE


async def test_a_reset_asks_anew(client: Client, simulators: Control) -> None:
    """Neither ours nor a plain one carries the approval over."""
    state = await ask(client, change_of(tagging(simulators), asks()))
    await decided(client, state, "ben@vendor.example")
    await over(client, state)
    await reset(client, state.run_id)

    async def asks_again() -> ChangeRun | None:
        found = await state_of(client, state.run_id)
        return found if found.status.is_settled else None

    found = await until(asks_again)
    assert found.decisions == []


async def test_a_reset_looks_anew(client: Client, simulators: Control) -> None:
    """Temporal hands the signals of the run before on to it: what that one has found counts no more."""
    state = await ask(client, change_of(tagging(simulators)))
    await over(client, state)
    await reset(client, state.run_id)
    assert (await over(client, state)).status is ChangeState.UNCHANGED
    assert tag_calls(simulators) == 1


async def test_an_unknown_customer_fails_in_words(client: Client) -> None:
    change = TagChange(customer_uuid="cus_nobody", add=["vip"])
    state = await ask(client, change_of(change))
    assert state.status is ChangeState.FAILED
    assert "cus_nobody" in state.message


async def test_a_merge_waits_until_it_is_done(client: Client, simulators: Control) -> None:
    one, two = simulators.customers()[:2]
    change = CustomerMerge(customer_uuid=one.uuid, into_uuid=two.uuid)
    state = await ask(client, change_of(change, asks()))
    await decided(client, state, "ben@vendor.example")
    assert (await over(client, state)).status is ChangeState.DONE


async def test_the_run_says_who_asked_and_which_rule(client: Client, simulators: Control) -> None:
    state = await ask(client, change_of(tagging(simulators)))
    result: RunResult = await client.get_workflow_handle(state.run_id, result_type=RunResult).result()
    assert result.outcome is Outcome.ACTED
    assert result.facts["Asked by"].startswith("churn-bot (agent)")
    assert result.facts["Rule"] == "change_tags: allow"
