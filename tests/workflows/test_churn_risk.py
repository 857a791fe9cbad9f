"""Churn risk: all that puts a customer at risk is one case, with one thread, one task, one tag."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client

from models.effects import Mode
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow, FaultRule
from tests.waiting import until
from tests.workflows.conftest import RunAgain, outcome_attribute, until_effects
from tests.workflows.leaving import tried
from tests.workflows.template_runs import CHANNEL, Invoice, Run, actions, begin, case_of, movement, payment

TAG = {"system": "intercom", "tag": "at-risk"}
TASK = {"fallback_owner": "revops@mogulflow.example"}
SOON = timedelta(seconds=0.3) / timedelta(hours=1)


@pytest.fixture(autouse=True)
def _workers(workers: None) -> None:
    """All queues are worked on."""


def payers(simulators: Control) -> list[CustomerRow]:
    """Whom Intercom knows as users."""
    known = {each["uuid"] for each in simulators.ask("GET", "intercom/customers?case=user")}
    return [each for each in simulators.customers(case="account") if each.mrr and each.uuid in known]


async def contracted(
    client: Client, simulators: Control, customer: str, cents: int = 500, mode: Mode = Mode.LIVE, **more: Any
) -> Run:
    body = simulators.contract(customer, cents, send=False)
    given: dict[str, Any] = {"task": TASK, "tag": TAG, "settling_seconds": 0.2} | more
    return await begin(client, "churn_risk", movement(body), mode=mode, **given)


def slack_is_away(simulators: Control) -> FaultRule:
    return simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)


async def test_a_contraction_is_a_thread_a_task_and_a_tag(client: Client, simulators: Control) -> None:
    customer = payers(simulators)[0].uuid
    result = await (await contracted(client, simulators, customer)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert actions(result.effects) == {
        "salesforce Task": "created",
        "intercom contact": "updated",
        "slack message": "created",
    }
    [message] = simulators.messages(CHANNEL)
    assert "is at risk: downgraded, $5.00 of MRR" in message["text"]
    [task] = simulators.records("Task")
    assert "downgraded" in task["Subject"]


async def test_two_reasons_are_one_case(client: Client, simulators: Control) -> None:
    customer = payers(simulators)[0].uuid
    await (await contracted(client, simulators, customer)).result()
    paid_not = payment("in_never_seen", customer=customer, attempt=3)
    options: dict[str, Any] = {"task": TASK, "tag": TAG}
    result = await (await begin(client, "churn_risk", paid_not, **options)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    alert, reply = simulators.messages(CHANNEL)
    assert reply["thread_ts"] == alert["ts"]
    assert "the payment failed 3 times" in reply["text"]
    [task] = simulators.records("Task")
    assert "downgraded" in task["Description"]
    assert "the payment failed 3 times" in task["Description"]


async def test_when_the_mrr_is_back_task_and_tag_are_resolved(client: Client, simulators: Control) -> None:
    customer = payers(simulators)[0].uuid
    await (await contracted(client, simulators, customer, check_every_hours=SOON)).result()
    simulators.expand(customer, 500, send=False)
    result = await case_of(client, "risk_case", customer).result()
    assert (result.outcome, result.problems) == (Outcome.SAVED, [])
    assert "No longer at risk" in simulators.messages(CHANNEL)[-1]["text"]
    [task] = simulators.records("Task")
    assert task["Status"] == "Completed"


async def test_a_reason_that_comes_while_the_case_closes_begins_the_next_one(
    client: Client, simulators: Control
) -> None:
    customer = payers(simulators)[0].uuid
    await (await contracted(client, simulators, customer, check_every_hours=SOON)).result()
    closing = simulators.fault("slack", "slow", path="chat.postMessage", delay_seconds=2)
    simulators.expand(customer, 500, send=False)

    async def closes() -> bool | None:
        return next(rule for rule in simulators.faults() if rule.id == closing.id).hits == 1 or None

    assert await until(closes)
    result = await (await contracted(client, simulators, customer, 700)).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    alerts = [each for each in simulators.messages(CHANNEL) if not each.get("thread_ts")]
    assert ["$7.00" in each["text"] for each in alerts] == [False, True]
    first, second = simulators.records("Task")
    assert (first["Status"], second["Status"]) == ("Completed", "Not Started")


async def test_a_first_failed_attempt_is_waited_for(client: Client, simulators: Control) -> None:
    customer = payers(simulators)[0].uuid
    first = payment("in_never_seen", customer=customer, attempt=1)
    run = await begin(client, "churn_risk", first, task=None)
    assert simulators.messages(CHANNEL) == []
    again = payment("in_never_seen", customer=customer, attempt=2)
    assert (await begin(client, "churn_risk", again, task=None)).id == run.id
    await until_effects(run, 1)
    assert (await run.result()).outcome is Outcome.ACTED


async def test_what_was_paid_before_we_looked_is_not_waited_for(client: Client, simulators: Control) -> None:
    invoice = Invoice(simulators)
    event = invoice.fails(minutes=5)
    invoice.act("pay")
    result = await (await begin(client, "churn_risk", event, task=None)).result()
    assert (result.outcome, result.effects) == (Outcome.ALREADY_PAID, [])


async def test_a_preview_writes_nothing(client: Client, simulators: Control) -> None:
    customer = payers(simulators)[0].uuid
    result = await (await contracted(client, simulators, customer, mode=Mode.PREVIEW)).result()
    assert (result.outcome, result.problems) == (Outcome.PREVIEWED, [])
    assert set(actions(result.effects).values()) == {"would create", "would update"}
    assert (simulators.messages(CHANNEL), simulators.records("Task")) == ([], [])
    assert simulators.ask("GET", "intercom/tagged") == {}


async def test_the_case_of_one_customer_is_not_that_of_another(client: Client, simulators: Control) -> None:
    one, two = payers(simulators)[:2]
    for each in (one, two):
        await (await contracted(client, simulators, each.uuid)).result()

    async def both() -> bool | None:
        return len(simulators.messages(CHANNEL)) == 2 or None

    assert await until(both)


async def test_a_further_reason_is_told_where_there_is_no_task(client: Client, simulators: Control) -> None:
    """Salesforce refuses it for good, at the first reason and at the second."""
    customer = payers(simulators)[0].uuid
    refusal = [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "insufficient access rights"}]
    simulators.fault("salesforce", "status", path="Task", status=403, body=refusal, times=None)
    first = await (await contracted(client, simulators, customer)).result()
    assert first.outcome is Outcome.PARTIAL
    paid_not = payment("in_without_task", customer=customer, attempt=3)
    run = await begin(client, "churn_risk", paid_not, task=TASK, tag=TAG)
    assert (await run.result()).outcome is Outcome.PARTIAL
    alert, reply = simulators.messages(CHANNEL)
    assert reply["thread_ts"] == alert["ts"]
    assert "the payment failed 3 times" in reply["text"]


async def test_a_reason_that_comes_while_the_case_closes_begins_the_next(
    client: Client, simulators: Control
) -> None:
    customer = payers(simulators)[0].uuid
    await (await contracted(client, simulators, customer, check_every_hours=SOON)).result()
    slack = slack_is_away(simulators)
    simulators.expand(customer, 500, send=False)
    await until(lambda: tried(simulators, "slack", "chat.postMessage", 2))
    run = await contracted(client, simulators, customer, 700)
    simulators.remove_fault(slack.id)
    result = await run.result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert "downgraded, $7.00" in str([each["text"] for each in simulators.messages(CHANNEL)])


async def test_what_was_held_up_until_the_risk_was_over_is_not_said(
    client: Client, simulators: Control
) -> None:
    customer = payers(simulators)[0].uuid
    slack = slack_is_away(simulators)
    run = await contracted(
        client, simulators, customer, task=None, reread_after_seconds=0, check_every_hours=SOON
    )
    await until(lambda: tried(simulators, "slack", "chat.postMessage", 1))
    simulators.expand(customer, 500, send=False)
    await asyncio.sleep(1.2)  # what was read a second ago counts as true
    simulators.remove_fault(slack.id)
    assert (await run.result()).outcome is Outcome.ACTED
    assert (await case_of(client, "risk_case", customer).result()).outcome is Outcome.SAVED
    assert simulators.messages(CHANNEL) == []


async def test_a_partial_run_that_is_run_again_does_what_is_missing_and_nothing_twice(
    client: Client, simulators: Control, run_again: RunAgain
) -> None:
    customer, channel = payers(simulators)[0].uuid, "#not-invited-yet"
    run = await contracted(client, simulators, customer, channel=channel)
    assert (await run.result()).outcome is Outcome.PARTIAL
    simulators.invite_bot(channel)
    result = await run_again(run)
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    assert len(simulators.messages(channel)) == 1
    assert len(simulators.records("Task")) == 1
    assert await outcome_attribute(case_of(client, "risk_case", customer)) == "open"
