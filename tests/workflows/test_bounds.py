"""A run takes the largest movement that the ingress takes, also by signal, and its result stays small."""

import json
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from dispatch.deliveries import CHARTMOGUL, MAX_BODY, Delivery, event_of
from models.events import MrrMovement
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from temporal import LARGEST_MEMO
from tests.workflows.conftest import Start, cancelled
from workflows.engine.run_log import LONGEST_NAME, LONGEST_NOTE, MOST_NAMES, MOST_NOTED, RunLog
from workflows.engine.steps import StepFailed

WIDE = "\U0001f600"
RESULT = 512 * 1024
"""Bytes of a payload of which Temporal warns."""

DETAILS = 20_000
"""Bytes of the details that the Web UI takes."""


def largest(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """With texts of four bytes a letter, as long as the ingress takes them."""
    room = (MAX_BODY - len(json.dumps(body)) - 1_000) // 8
    customer = body["customer"] | {"name": WIDE * room, "company": WIDE * room}
    return body | {"customer": customer, **changes}


def size_of(body: dict[str, Any]) -> int:
    return len(json.dumps(body, ensure_ascii=False).encode())


@pytest.mark.timeout(300)
async def test_the_largest_movement_has_a_result_that_fits(simulators: Control, start: Start) -> None:
    body = largest(cancelled(simulators))
    assert MAX_BODY / 2 < size_of(body) <= MAX_BODY
    result = await (await start(body)).result()
    assert result.outcome is Outcome.ACTED
    assert len(result.model_dump_json().encode()) < RESULT
    assert max(len(fact.encode()) for fact in result.facts.values()) <= LONGEST_NOTE


@pytest.mark.timeout(300)
async def test_a_run_takes_the_largest_news_of_its_movement(simulators: Control, start: Start) -> None:
    body = largest(cancelled(simulators))
    run = await start(body, check_back_days=[1])
    stated = event_of(Delivery(CHARTMOGUL, "default", json.dumps(body, ensure_ascii=False).encode()))
    assert isinstance(stated, MrrMovement)
    changed = stated.amount.model_copy(update={"cents": stated.amount.cents - 100})
    await run.signal("restated", stated.model_copy(update={"amount": changed}))
    await run.signal("came_back", stated)
    metadata = await run.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert "ChartMogul has restated the movement" in metadata.current_details
    assert len(metadata.current_details.encode()) < DETAILS
    kinds = [event.event_type async for event in run.fetch_history_events()]
    assert kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED) == 2
    assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in kinds
    await run.terminate()


@workflow.defn(name="fills_its_ledger")
class FillsItsRunLog:
    """A run to which more happens than it keeps."""

    @workflow.run
    async def run(self, more: int) -> RunResult:
        run_log = RunLog("Too much")
        for number in range(MOST_NOTED + more):
            text = WIDE * LONGEST_NOTE
            failure = StepFailed(f"salesforce.{number}", "Rejected", text, permanent=True, pause=None)
            run_log.note_problem(failure)
            run_log.note_fallback(failure)
        for number in range(MOST_NAMES + more):
            run_log.name(f"{number}{'x' * (LONGEST_NAME - 3)}", WIDE * LONGEST_NAME)
        return run_log.end(Outcome.ACTED, WIDE * LONGEST_NOTE)


async def test_a_run_says_how_much_more_happened_than_it_keeps(client: Client) -> None:
    queue = f"bounds-{uuid4()}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[FillsItsRunLog],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        run = await client.start_workflow(FillsItsRunLog.run, 12, id=queue, task_queue=queue)
        result = await run.result()
        metadata = await run.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert result.outcome is Outcome.PARTIAL
    assert (len(result.problems), result.more_problems) == (MOST_NOTED, 12)
    assert (len(result.fallbacks), result.more_fallbacks) == (MOST_NOTED, 12)
    assert len(result.names) == MOST_NAMES
    assert len(result.model_dump_json().encode()) < RESULT
    details = metadata.current_details
    assert "62 steps failed for good: the first 50 are listed, and 12 more are in the history." in details
    assert "62 steps were gone on without: the first 50 are listed" in details
    assert len(details.encode()) < DETAILS
    memo = (await run.describe()).raw_description.workflow_execution_info.memo
    assert len(memo.SerializeToString()) <= LARGEST_MEMO
