"""A worker is lost right after Slack took a message, and the next one takes another way: one message."""

from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from local.stack import Stack
from models.runs import Outcome
from simulators.kit.control import Control
from simulators.kit.shapes import FaultRule
from tests.service.conftest import was_hit
from tests.waiting import until
from tests.workflows.conftest import until_effects
from tests.workflows.template_runs import CHANNEL, Invoice, Run, begin, movement

OFTEN = timedelta(seconds=1) / timedelta(hours=1)
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
TIMED_OUT = EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT
KEPT_WAITING = 2.8
"""Seconds, less than a local step may take."""


def keys(simulators: Control) -> list[str]:
    return [
        each["metadata"]["event_payload"]["key"].rpartition(":")[2] for each in simulators.messages(CHANNEL)
    ]


def kept(simulators: Control, words: str) -> FaultRule:
    """Slack takes the message, and its answer is late."""
    late: dict[str, Any] = {"path": r"/chat\.postMessage$", "text": words, "delay_seconds": KEPT_WAITING}
    return simulators.fault("slack", "slow", **late)


async def until_held(simulators: Control, rule: FaultRule) -> None:
    await until(lambda: was_hit(simulators, rule))


async def has(run: Run, kind: EventType.ValueType) -> list[HistoryEvent]:
    return [event for event in (await run.fetch_history()).events if event.event_type == kind]


async def test_a_message_of_a_later_task_whose_next_try_goes_another_way(
    stack: Stack, simulators: Control, client: Client
) -> None:
    invoice = Invoice(simulators)
    run = await begin(client, "failed_payment", invoice.fails(), check_every_hours=OFTEN)
    await until_effects(run, 1)
    verdict = kept(simulators, ":verdict")
    invoice.act("pay")
    await until_held(simulators, verdict)
    await stack.serve.kill()
    refused = simulators.fault("chartmogul", "status", path=r"/customers", status=400)
    await stack.serve.start()
    assert (await run.result()).outcome is Outcome.RECOVERED
    assert was_hit(simulators, refused)
    assert await has(run, TIMED_OUT)
    assert keys(simulators) == ["alert", "verdict"]


async def test_a_message_under_way_when_its_task_outlasts_its_limit(
    stack: Stack, simulators: Control, client: Client
) -> None:
    """Such a task is completed without it, and goes on in another: then the worker is killed."""
    customer = next(each.uuid for each in simulators.customers(case="account") if each.mrr)
    simulators.fault("chartmogul", "slow", path=r"/customers/[^/]+$", delay_seconds=2)
    alert = kept(simulators, ":alert")
    body = simulators.expand(customer, 5000, send=False)
    options: dict[str, Any] = {"settling_seconds": 0.2, "log_in": "nowhere", "merge_within_days": 0}
    options["opportunity"] = {"stage": "Prospecting", "fallback_owner": "revops@mogulflow.example"}
    run = await begin(client, "expansion", movement(body), **options)
    await until_held(simulators, alert)
    await until(lambda: has(run, COMPLETED))
    await stack.serve.kill()
    await stack.serve.start()
    assert (await run.result()).outcome is Outcome.ACTED
    assert keys(simulators) == ["alert"]
