"""The sandbox of the tests: what would not replay is refused to every run, not only to the first."""

import random
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

import temporal


@workflow.defn(sandboxed=True)
class Draws:
    @workflow.run
    async def run(self, freely: bool) -> float:
        return random.random() if freely else workflow.random().random()


@pytest.fixture
async def queue(client: Client) -> AsyncIterator[str]:
    name = f"sandbox-{uuid4()}"
    async with Worker(
        client,
        task_queue=name,
        workflows=[Draws],
        workflow_runner=temporal.workflow_runner(sandboxed=True),
        workflow_failure_exception_types=[Exception],
    ):
        yield name


async def draw(client: Client, queue: str, freely: bool) -> float:
    return await client.execute_workflow(Draws.run, freely, id=str(uuid4()), task_queue=queue)


async def test_each_run_is_refused_what_would_not_replay(client: Client, queue: str) -> None:
    for _ in range(2):
        assert 0 <= await draw(client, queue, freely=False) < 1
        with pytest.raises(WorkflowFailureError) as failure:
            await draw(client, queue, freely=True)
        assert isinstance(failure.value.cause, ApplicationError)
        assert failure.value.cause.type == "RestrictedWorkflowAccessError"
