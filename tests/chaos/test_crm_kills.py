"""A worker is killed in the midst of a sync of all customers, which goes on where it was."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowHandle

import temporal
from local.stack import ANY_PORTS, Stack
from models.runs import Outcome
from models.templates.crm_sync import CrmReport, CrmSyncInput, Status
from simulators.kit.control import Control
from tests.chaos import FULL
from tests.chaos.conftest import Figures
from tests.conftest import settings_for
from tests.imported import ImportedStack
from tests.waiting import until
from tests.workflows.crm import MAPPING, of, paths, prepare

CUSTOMERS, SEED = 3000 if FULL else 1000, 77
PACE = "400" if FULL else "130"
IN_FLIGHT = 6
"""Batches of an object that a worker has under way at once: what became of them is not known when it dies."""

WRITE_SECONDS = 8
WRITES = ("/batch/update", "/batch/create", "/batch/upsert")

CUSTOMER_LISTS = ("/v1/customers", "/v1/invoices", "/v1/plans")


@dataclass(frozen=True)
class Moment:
    """When to kill: after so many calls of a path."""

    path: str
    calls: int


WHILE_WRITING = Moment("/crm/objects/2026-09/contacts/batch/update", 8 if FULL else 1)
MOMENTS = [
    Moment("/v1/customers", 3),
    Moment("/crm/objects/2026-09/contacts/batch/read", 12),
    WHILE_WRITING,
    Moment("/crm/associations/2026-09/contacts/companies/batch/read", 10),
    Moment("/crm/objects/2026-09/companies/batch/update", 8),
]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """At a pace that leaves time to kill."""
    pace = {"HUBSPOT__REQUESTS_PER_10_SECONDS": PACE, "CHARTMOGUL__DEFAULT__REQUESTS_PER_SECOND": "60"}
    async with ImportedStack(tmp_path_factory.mktemp("crm"), ANY_PORTS, environment=pace) as stack:
        yield stack


@pytest.fixture
def simulators(stack: Stack) -> Iterator[Control]:
    with Control(stack.simulators_url) as control:
        yield control


async def fresh(simulators: Control) -> None:
    """A portal with our properties, and the same customers each time."""
    simulators.reset(seed=SEED, customers=CUSTOMERS)
    await prepare(settings_for(simulators.url))


async def begun(client: Client) -> WorkflowHandle[object, CrmReport]:
    given = CrmSyncInput(account="default", system="hubspot", mapping=MAPPING)
    return await client.start_workflow(
        "crm_sync",
        given,
        id=f"crm/default/hubspot/{uuid4()}",
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        result_type=CrmReport,
    )


def calls(simulators: Control) -> Counter[str]:
    return paths(simulators, None)


@pytest.fixture(scope="module")
async def undisturbed(stack: Stack) -> tuple[CrmReport, Counter[str]]:
    with Control(stack.simulators_url) as simulators:
        await fresh(simulators)
        report = await (await begun(await stack.client())).result()
        return report, calls(simulators)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("moment", MOMENTS if FULL else [WHILE_WRITING], ids=lambda moment: moment.path)
async def test_a_killed_sync_goes_on_and_writes_no_batch_again_that_was_done(
    stack: Stack,
    simulators: Control,
    undisturbed: tuple[CrmReport, Counter[str]],
    moment: Moment,
    figures: Figures,
) -> None:
    await fresh(simulators)
    if moment.path.endswith(WRITES):  # some are under way when it is killed, and some are to come
        simulators.fault("hubspot", "slow", path=moment.path, times=None, delay_seconds=WRITE_SECONDS)
    run = await begun(await stack.client())
    await until(lambda: calls(simulators)[moment.path] >= moment.calls)
    await stack.serve.kill()
    simulators.clear_faults()
    before = calls(simulators)
    await stack.serve.start()
    report = await run.result()
    after, expected = calls(simulators), undisturbed[1]
    hubspot = [path for path in expected if path.startswith("/crm/") and "properties" not in path]
    repeated = {path: after[path] - expected[path] for path in hubspot}
    writes = {path: more for path, more in repeated.items() if path.endswith(WRITES)}
    figures |= {
        "customers": CUSTOMERS,
        "calls before the kill": sum(before[path] for path in hubspot),
        "calls in all": sum(after[path] for path in hubspot),
        "without a kill": sum(expected[path] for path in hubspot),
        "writes repeated": sum(writes.values()),
    }
    assert (report.outcome, report.problems) == (Outcome.ACTED, [])
    assert sum(before[path] for path in hubspot) < sum(after[path] for path in hubspot)
    assert writes
    assert all(0 <= more <= IN_FLIGHT for more in writes.values()), writes
    if moment.path not in CUSTOMER_LISTS:
        assert {path: after[path] for path in CUSTOMER_LISTS} == {p: expected[p] for p in CUSTOMER_LISTS}
    assert there(report) == there(undisturbed[0])
    again = await (await begun(await stack.client())).result()
    assert [each.written for each in again.objects] == [0, 0]


def there(report: CrmReport) -> list[tuple[str, int, int]]:
    """Customers that were left, and those whose record is as it should be, however it came to be."""
    found = []
    for name in ("contacts", "companies"):
        counts = of(report, name).counts
        right = counts.get(Status.UPDATED, 0) + counts.get(Status.UNCHANGED, 0)
        found.append((name, right, counts.get(Status.NOT_FOUND, 0)))
    return found
