"""The whole product as real processes: fixtures that each folder of such tests imports in its conftest."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from simulators.control import Control
from stack import ANY_PORTS, Stack
from tests.imported import ImportedStack

ROUTES = """
routes:
  - name: churn-save
    template: churn_save
    when: {movements: [churn]}
    pause_above: 0
    options:
      channel: "#revenue-saves"
      task: {fallback_owner: revops@mogulflow.example}
      check_back_days: []
      settling_seconds: 0.2
"""


@pytest.fixture(scope="package")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state = tmp_path_factory.mktemp("service")
    routes = state / "routes.yaml"
    routes.write_text(ROUTES)
    environment = {"ROUTES_FILE": str(routes), "SLACK__SETTLE_SECONDS": "0.2"}
    async with ImportedStack(state, ANY_PORTS, environment=environment) as stack:
        yield stack


@pytest.fixture
async def stack(shared_stack: Stack) -> Stack:
    """All of it up, whatever the test before did to it."""
    for child in (shared_stack.simulators, shared_stack.temporal, shared_stack.serve):
        await child.start()
    return shared_stack


OPEN = "ExecutionStatus = 'Running' AND WorkflowType != 'hold'"


async def _end_open_runs(stack: Stack, client: Client) -> None:
    """Those that the test before left, a run that waits for a system, say, or a backfill: they would act in
    this one. Steps that have begun know of no end but their process's."""
    if not (left := [run async for run in client.list_workflows(OPEN)]):
        return
    await stack.serve.kill()
    for run in left:
        with suppress(RPCError):  # it has ended by now
            await client.get_workflow_handle(run.id, run_id=run.run_id).terminate()
    await stack.serve.start()


@pytest.fixture
async def simulators(stack: Stack, client: Client, seed: int) -> AsyncIterator[Control]:
    """Fresh, with customers that no other test has seen, and quick to send a webhook again."""
    await _end_open_runs(stack, client)
    with Control(stack.simulators_url) as control:
        control.reset(seed=seed)
        control.webhook(url=stack.webhook_url, retry_base_seconds=0.2)
        yield control


@pytest.fixture
async def client(stack: Stack) -> Client:
    return await stack.client()
