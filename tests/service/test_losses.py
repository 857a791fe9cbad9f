"""Processes die in the middle of the work: nothing is lost, nothing is done twice."""

import asyncio
import os
import signal
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from local.stack import Stack
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow, FaultRule, System
from tests.service.conftest import accepted, one_of_each, results, was_hit
from tests.waiting import until

CALLS: dict[str, list[dict[System, str]]] = {
    "before Slack": [
        {"chartmogul": r"/customers/[^/]+$", "salesforce": r"/oauth2/token$"},
        {"chartmogul": r"/subscriptions$", "salesforce": r"/query"},
        {"chartmogul": r"/activities$", "salesforce": r"/sobjects/Task/"},
    ],
    "Slack": [
        {"slack": r"/auth\.test$"},
        {"slack": r"/users\.lookupByEmail$"},
        {"slack": r"/chat\.postMessage$", "chartmogul": r"/customer_notes$"},
    ],
}
"""All that a run asks for or writes. With each worker one call is under way, or two that do not wait for each
other, each in a run of its own. Four workers fit into the time after which the first run goes on."""


@pytest.mark.parametrize("of", CALLS)
async def test_a_worker_killed_after_each_call_in_turn_leaves_one_task_and_one_message_per_event(
    stack: Stack, simulators: Control, client: Client, of: str
) -> None:
    await stack.serve.kill()  # one that has run before knows token, identity and member
    await stack.serve.start()
    customers = iter(paying(simulators))
    for calls in CALLS[of]:
        late = [  # done; the answer is late
            simulators.fault(system, "slow", path=path, delay_seconds=2.5) for system, path in calls.items()
        ]
        for _ in late:
            simulators.cancel(next(customers).uuid)
        await until(partial(were_hit, simulators, late))
        await asyncio.sleep(0.1)
        await stack.serve.kill()
        await stack.serve.start()
    events = sum(map(len, CALLS[of]))
    assert await outcomes(client, simulators, events) == {Outcome.ACTED: events}
    assert one_of_each(simulators, events)


def were_hit(simulators: Control, faults: list[FaultRule]) -> bool:
    return all(was_hit(simulators, each) for each in faults)


def paying(simulators: Control) -> list[CustomerRow]:
    return [each for each in simulators.customers(limit=200, case="account") if each.status == "Active"]


async def outcomes(client: Client, simulators: Control, count: int) -> Counter[Outcome]:
    return Counter(result.outcome for result in await results(client, simulators, count))


@pytest.mark.timeout(300)
async def test_temporal_killed_amid_fifty_events_loses_none_and_doubles_none(
    stack: Stack, simulators: Control, client: Client
) -> None:
    began = datetime.now(UTC)
    customers = paying(simulators)[:50]
    for customer in customers[:20]:
        simulators.cancel(customer.uuid)
    await until(lambda: len(accepted(simulators)) >= 10)
    await stack.temporal.kill()
    for customer in customers[20:]:
        simulators.cancel(customer.uuid)
    await until(lambda: any(each.status_code == 503 for each in simulators.deliveries()))
    await stack.temporal.start()
    assert await outcomes(client, simulators, 50) == {Outcome.ACTED: 50}
    assert one_of_each(simulators, 50)
    assert await runs_since(client, began, 50) == 50


async def runs_since(client: Client, instant: datetime, expected: int) -> int:
    """Once the list has as many as expected, or more."""

    async def found() -> int:
        listed = (await client.count_workflows(f"StartTime >= '{instant.isoformat()}'")).count
        return listed if listed >= expected else 0

    return await until(found)


async def test_one_event_delivered_64_times_at_once_is_one_run(
    stack: Stack, simulators: Control, client: Client
) -> None:
    body = simulators.cancel(simulators.customers()[0].uuid, send=False)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answers = await asyncio.gather(*(http.post(stack.webhook_url, json=body) for _ in range(64)))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: 63}
    runs: set[Any] = {answer.json()["runs"][0]["run_id"] for answer in answers}
    assert len(runs) == 1
    await client.get_workflow_handle(answers[0].json()["runs"][0]["workflow_id"]).result()
    assert one_of_each(simulators, 1)


@pytest.mark.timeout(300)
async def test_a_service_told_to_stop_ends_well_and_loses_nothing(
    stack: Stack, simulators: Control, client: Client
) -> None:
    simulators.fault("salesforce", "slow", path="/sobjects/Task/", delay_seconds=1, times=4)
    simulators.fault("slack", "status", path="chat.postMessage", status=503, times=4)
    for customer in paying(simulators)[:8]:
        simulators.cancel(customer.uuid)
    await until(lambda: len(accepted(simulators)) == 8)
    os.kill(stack.serve.pid, signal.SIGTERM)
    await until(lambda: not stack.serve.running, stack.serve.grace_seconds)
    assert stack.serve.exit_code == 0
    await stack.serve.start()
    assert await outcomes(client, simulators, 8) == {Outcome.ACTED: 8}
    assert one_of_each(simulators, 8)
