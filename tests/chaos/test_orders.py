"""A customer's five movements are delivered in every order; what comes of them is always the same."""

import asyncio
import itertools
import re
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from local.stack import Stack
from models.movements import Found
from models.runs import RunResult
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.chaos.conftest import Figures
from tests.chaos.proofs import done_once, doubled, ended, next_second, results_of, runs_since
from tests.chaos.sizes import SIZES
from tests.chaos.sweeps import poll
from tests.service.conftest import TASK_KEY

ORDERS = list(itertools.permutations(range(5)))[:: SIZES.orders.step]
SIDE_BY_SIDE = 16
CHURNS = 2
Body = dict[str, Any]


@dataclass(frozen=True)
class Delivered:
    """A customer, and what the ingress said of each movement, in the movements' own order."""

    customer: CustomerRow
    answers: list[Body]


@pytest.mark.timeout(SIZES.limit_seconds)
async def test_orders_of_a_customers_movements_end_alike(
    stack: Stack, simulators: Control, client: Client, figures: Figures
) -> None:
    began, started = await next_second(), time.monotonic()
    customers = alike(simulators, len(ORDERS))
    bodies = [five_movements(simulators, each.uuid) for each in customers]
    delivered = await deliver_all(stack.webhook_url, customers, bodies)
    await ended(client, began, CHURNS * len(ORDERS), SIZES.limit_seconds)
    runs = await runs_since(client, began)
    results = await results_of(client, runs)
    state = (await poll(client)).tally
    tasks = {task[TASK_KEY]: task for task in simulators.records("Task")}
    messages = {message["metadata"]["event_payload"]["key"]: message for message in simulators.messages()}
    states = Counter(final_state(each, results, tasks, messages) for each in delivered)
    figures |= {
        "orders": len(ORDERS),
        "deliveries": 5 * len(ORDERS),
        "seconds": round(time.monotonic() - started),
        "runs": len(runs),
        "doubled": doubled(simulators),
        "different final states": len(states),
    }
    assert len(states) == 1, states
    assert len(runs) == CHURNS * len(ORDERS)
    assert done_once(simulators, runs)
    assert state.counts.get(Found.KNOWN) == {"churn": CHURNS * len(ORDERS)}
    assert state.of(Found.KNOWN, Found.UNROUTED) == state.of(*Found)


def alike(simulators: Control, count: int) -> list[CustomerRow]:
    """Of one plan, so that the words about them differ in name and figures alone."""
    found = simulators.customers(limit=2000, case="account")
    return [each for each in found if each.status == "Active" and each.plan == "Team Monthly"][:count]


def five_movements(simulators: Control, uuid: str) -> list[Body]:
    """They have all happened by the time when the first is delivered."""
    first = datetime.now(UTC) - timedelta(minutes=5)
    at = [first + timedelta(seconds=10 * number) for number in range(5)]
    return [
        simulators.expand(uuid, at=at[0].isoformat(), send=False),
        simulators.contract(uuid, at=at[1].isoformat(), send=False),
        simulators.cancel(uuid, at=at[2], send=False),
        simulators.reactivate(uuid, at=at[3].isoformat(), send=False),
        simulators.cancel(uuid, at=at[4], send=False),
    ]


async def deliver_all(url: str, customers: list[CustomerRow], bodies: list[list[Body]]) -> list[Delivered]:
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:

        async def deliver(customer: CustomerRow, movements: list[Body], order: tuple[int, ...]) -> Delivered:
            answers: dict[int, Body] = {}
            async with places:
                for number in order:
                    answer = await http.post(url, json=movements[number])
                    answers[number] = answer.raise_for_status().json()
            return Delivered(customer, [answers[number] for number in sorted(answers)])

        jobs = map(deliver, customers, bodies, ORDERS)
        return list(await asyncio.gather(*jobs))


def final_state(
    delivered: Delivered, results: dict[str, RunResult], tasks: dict[str, Body], messages: dict[str, Body]
) -> str:
    """Of each movement its outcome, effects, task and message, without what is this customer's own."""
    lines = []
    for number, answer in enumerate(delivered.answers):
        event = answer["event_id"]
        lines.append(f"movement {number + 1}: {answer['result']}")
        lines += [f"{run['template']} {told(results[run['workflow_id']])}" for run in answer["runs"]]
        task, message = tasks.get(f"{event}:save_task"), messages.get(f"{event}:alert")
        lines += (
            [f"{task['Subject']} {task['Status']} {task['Priority']} {task['ActivityDate']}"] if task else []
        )
        lines += [f"{message['channel']} {message['text']}"] if message else []
    return without_own_words("\n".join(lines), delivered.customer)


def told(result: RunResult) -> str:
    effects = sorted(f"{each.object_type} {each.action}" for each in result.effects)
    return f"{result.outcome} {effects} {result.problems} {result.restated}"


def without_own_words(text: str, customer: CustomerRow) -> str:
    escaped = customer.company.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for name in (escaped, customer.company):
        text = text.replace(name, "the customer")
    return re.sub(r"\$[\d,.]+", "$", text)
