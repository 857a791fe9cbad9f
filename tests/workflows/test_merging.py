"""ChartMogul merges customers a while after it was asked to: the step's durable tries look until it has."""

from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.chartmogul import ChartMogulActivities
from activities.definition import steps_of
from models.chartmogul_writes import MergeWrite
from models.effects import Action, Effect
from simulators.kit.control import Control
from tests.contracts.chartmogul import client_of
from tests.waiting import until
from workflows.engine.steps import step


@workflow.defn(name="merges")
class Merges:
    @workflow.run
    async def run(self, write: MergeWrite) -> Effect:
        return await step(ChartMogulActivities.merge_customers, write, summary="Merge the customers")


@pytest.fixture(autouse=True)
def _workers(workers: None) -> None:
    """ChartMogul's queue is worked on."""


async def test_a_merge_that_takes_a_while_is_waited_for(client: Client, simulators: Control) -> None:
    one, two = simulators.customers(limit=2)
    planned = {"uuid": one.uuid, "data_source_uuid": "ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44"}
    planned |= {"external_id": one.external_id}
    write = MergeWrite(
        key="k:merge", account="default", customer_uuid=one.uuid, into_uuid=two.uuid, was=planned
    )
    simulators.chartmogul(merge_seconds=3600)
    queue, own = f"merging-{uuid4()}", client_of(simulators.chartmogul_url)
    steps = steps_of(ChartMogulActivities({"default": own}))
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Merges],
        activities=steps,
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        run = await client.start_workflow(Merges.run, write, id=queue, task_queue=queue)

        async def tries() -> bool:
            pending = (await run.describe()).raw_description.pending_activities
            return any(each.attempt > 2 for each in pending)

        await until(tries)
        simulators.chartmogul(merge_seconds=0)
        effect = await run.result()
    await own.aclose()
    assert effect.action is Action.UPDATED
    assert (effect.before or {})["external_id"] == one.external_id
    assert effect.after["merged_into"] == two.uuid
    asked = [call for call in simulators.calls("chartmogul") if call.path.endswith("/merges")]
    assert len(asked) == 2  # by the local try, and by the first durable one, which knows nothing of it
