import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

import temporal
from local import postgres
from local.builds import NoTemporal
from local.postgres_server import PostgresServer
from local.stack import ANY_PORTS, Stack
from namespace import Gaps, namespace_gaps, prepare_namespace
from simulators.kit.control import Control
from tests.local.namespaces import retention, start_headed
from tests.waiting import until

pytestmark = [pytest.mark.timeout(300), pytest.mark.needs_server]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The product on it, which the last test ends."""
    async with Stack(tmp_path_factory.mktemp("state"), ANY_PORTS, temporal="postgres") as stack:
        yield stack


@pytest.fixture
def running(stack: Stack) -> PostgresServer:
    assert isinstance(stack.temporal, PostgresServer)
    return stack.temporal


async def the_run_of_a_cancellation(stack: Stack, number: int) -> str:
    """The customer of that number cancels; the id of the run, which has ended."""
    with Control(stack.simulators_url) as control:
        control.webhook(url=stack.webhook_url)
        control.cancel(control.customers(case="account")[number].uuid)
        await until(lambda: len(control.messages()) > number)
        [run] = control.deliveries()[-1].response["runs"]
    return str(run["workflow_id"])


async def test_what_has_begun_survives_a_restart(running: PostgresServer) -> None:
    await start_headed(await running.client(), "kept")
    await running.restart()
    run = await (await running.client()).get_workflow_handle("kept").describe()
    assert run.status == WorkflowExecutionStatus.RUNNING
    assert run.typed_search_attributes[temporal.HEADLINE] == "Churn"


async def test_it_is_prepared_when_it_is_ready(running: PostgresServer) -> None:
    client = await running.client()
    assert await namespace_gaps(client) == Gaps(retention=None, search_attributes=())
    assert await retention(client) == temporal.RETENTION


async def test_a_namespace_that_is_missing_is_registered_and_usable_at_once(running: PostgresServer) -> None:
    client = await Client.connect(running.address, namespace="sales")
    await prepare_namespace(client)
    await start_headed(client, "first")
    await prepare_namespace(client)
    assert await namespace_gaps(client) == Gaps(retention=None, search_attributes=())


class TestFindingPostgres:
    def test_the_newest_of_debians_is_taken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
        for version in ("9.6", "15", "16"):
            (tmp_path / version / "bin").mkdir(parents=True)
            (tmp_path / version / "bin" / "initdb").touch()
        assert postgres.find_postgres() == tmp_path / "16" / "bin"

    def test_without_one_the_package_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
        with pytest.raises(NoTemporal, match="apt install postgresql"):
            postgres.find_postgres()


async def test_an_unknown_kind_of_temporal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOGULFLOW_TEMPORAL", "sqlite")
    with pytest.raises(NoTemporal, match="MOGULFLOW_TEMPORAL is 'sqlite'"):
        await Stack(tmp_path, ANY_PORTS).start()


async def test_the_product_runs_on_it_its_state_survives_a_crash_and_nothing_stays_behind(
    stack: Stack, running: PostgresServer
) -> None:
    before = await the_run_of_a_cancellation(stack, 0)
    await running.kill()
    assert running.database.running
    await running.start()
    run = await (await stack.client()).get_workflow_handle(before).describe()
    assert run.typed_search_attributes[temporal.TEMPLATE] == "churn_save"
    await the_run_of_a_cancellation(stack, 1)
    processes = (running.pid, running.database.pid)
    await stack.stop()
    for pid in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
