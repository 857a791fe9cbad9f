"""The whole product as real processes: fixtures that each folder of such tests imports in its conftest."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from local.stack import ANY_PORTS, Stack
from simulators.kit.control import Control
from tests.conftest import terminate
from tests.imported import ImportedStack
from tests.waiting import until_list_is_current

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


def stack_in(state: Path, *, apart: bool = False) -> Stack:
    routes = state / "routes.yaml"
    routes.write_text(ROUTES)
    environment = {
        "ROUTES_FILE": str(routes),
        "SLACK__SETTLE_SECONDS": "0.2",
        "CHARGEBEE__DEFAULT__REQUESTS_PER_MINUTE": "60000",
        "RECONCILIATION__FOLDER": str(state / "reconciliation"),
        "RECONCILIATION__KEY_FILE": str(state / "reconciliation.key"),
    }
    return ImportedStack(state, ANY_PORTS, environment=environment, apart=apart)


@pytest.fixture(scope="package")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack_in(tmp_path_factory.mktemp("service")) as stack:
        yield stack


@pytest.fixture
async def stack(shared_stack: Stack) -> Stack:
    """All of it up, whatever the test before did to it, and nothing left of that one's runs."""
    for child in (shared_stack.simulators, shared_stack.temporal, shared_stack.serve):
        await child.start()
    await _end_open_runs(shared_stack)
    return shared_stack


OPEN = "ExecutionStatus = 'Running' AND WorkflowType NOT IN ('hold', 'audit', 'marker')"


async def _end_open_runs(stack: Stack) -> None:
    """One that waits for a system, say, or a backfill, would act in the next test. Steps that have begun know
    of no end but their process's."""
    client = await stack.client()
    await until_list_is_current(client)
    if (await client.count_workflows(OPEN)).count:
        await stack.serve.kill()
        await terminate(client, OPEN)
        await stack.serve.start()


@pytest.fixture
def simulators(stack: Stack, seed: int) -> Iterator[Control]:
    """Fresh, with customers that no other test has seen, and quick to send a webhook again."""
    with Control(stack.simulators_url) as control:
        control.reset(seed=seed)
        control.webhook(url=stack.webhook_url, retry_base_seconds=0.2)
        yield control


@pytest.fixture
async def client(stack: Stack) -> Client:
    return await stack.client()
