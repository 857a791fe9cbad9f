"""A night's export with its worker killed in the middle: every row is there, and each load once."""

from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg
import pytest
from temporalio.client import Client, WorkflowHandle

import temporal
from local.postgres import USER, Postgres
from local.processes import free_ports
from local.stack import ANY_PORTS, Stack
from models.runs import Outcome
from models.templates.warehouse_export import ExportInput, ExportReport
from simulators.kit.control import Control
from tests.contracts.warehouse_rows import MAPPING
from tests.emulators.lossy import lossy_line
from tests.imported import ImportedStack
from tests.service.conftest import Command, was_hit
from tests.waiting import until

STREAMS = ["mrr_movements", "customers", "subscriptions"]
"""One that is read by time, one page by page, and one customer by customer."""

ONCE_EACH = {each.target: 1 for each in MAPPING.streams if each.stream in STREAMS}
"""Loads: what is read may go to several tables."""

FEW = 40
"""Customers."""

COUNTED = "select stream, count(*) from chartmogul.load_runs group by 1"

Run = WorkflowHandle[Any, ExportReport]


async def started(client: Client) -> Run:
    return await client.start_workflow(
        "warehouse_export",
        ExportInput(account="default", mapping=MAPPING, streams=STREAMS),
        id=f"export/{uuid4()}",
        task_queue=temporal.WORKFLOWS,
        result_type=ExportReport,
    )


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as database:
        database.execute("use warehouse.chartmogul")
        return database.execute(query).fetchall()


@pytest.mark.timeout(300)
async def test_a_worker_killed_twice_costs_no_row_and_doubles_no_load(
    stack: Stack, simulators: Control, client: Client, seed: int
) -> None:
    """While ChartMogul is asked for a list of all customers', and then for one of each customer's."""
    simulators.reset(customers=FEW, seed=seed)
    stack.warehouse.unlink(missing_ok=True)  # each simulated ChartMogul is another account's
    await stack.serve.kill()
    run = await started(client)
    for path in ("/activities$", "/subscriptions$"):
        fault = simulators.fault("chartmogul", "slow", path=path, delay_seconds=4)
        await stack.serve.start()
        await until(partial(was_hit, simulators, fault))
        await stack.serve.kill()
    await stack.serve.start()
    report = await run.result()
    assert report.outcome is Outcome.ACTED
    for load in report.loads:
        assert ask(stack.warehouse, f"select count(*) from {load.stream}") == [(load.rows_read,)]
    counts = dict(ask(stack.warehouse, "select stream, count(*) from load_runs group by 1"))
    assert counts == ONCE_EACH


@pytest.mark.timeout(300)
async def test_a_worker_killed_between_commit_and_its_answer_finds_the_load_done(tmp_path: Path) -> None:
    (port,) = free_ports(0)
    server = Postgres(tmp_path / "postgres", port, tmp_path / "postgres.log")
    await server.start()
    try:
        await server.execute("postgres", "create database warehouse")
        with lossy_line(port) as line:
            dsn = f"postgresql://{USER}:{server.password}@127.0.0.1:{line.port}/warehouse"
            async with _exporting(tmp_path / "stack", dsn) as stack:
                line.lose("commit\0", hold=True)
                run = await started(await stack.client())
                await until(lambda: line.lost)
                await stack.serve.kill()
                await stack.serve.start()
                report = await run.result()
        with psycopg.connect(dsn.replace(f":{line.port}/", f":{port}/")) as connection:
            counts: dict[str, int] = dict(connection.execute(COUNTED).fetchall())
    finally:
        await server.stop()
    assert report.outcome is Outcome.ACTED
    assert sum(load.already_applied for load in report.loads) >= 1
    assert counts == ONCE_EACH


def _exporting(state: Path, dsn: str) -> Stack:
    environment = {"WAREHOUSE__ENGINE": "postgres", "WAREHOUSE__DSN": dsn}
    return ImportedStack(state, ANY_PORTS, customers=FEW, environment=environment)


async def test_command_runs_follows_and_lists_exports(
    stack: Stack, simulators: Control, mogulflow: Command
) -> None:
    stack.warehouse.unlink(missing_ok=True)
    preview = await mogulflow("preview", "warehouse", "--stream", "customers")
    assert preview.code == 0, preview.text
    assert "would run: create table if not exists customers" in preview.text
    assert "customers: 200 read, 200 new" in preview.text
    whole = await mogulflow("preview", "warehouse")
    assert (whole.code, "subscriptions: nothing" in whole.text) == (0, True), whole.text
    assert not stack.warehouse.exists()
    done = await mogulflow("export", "run", "--stream", "customers", "--stream", "plans")
    assert done.code == 0, done.text
    assert "into duckdb: acted" in done.text
    again = await mogulflow("export", "status")
    assert again.text.partition(":")[2].partition(" ")[2] in done.text
    history = await mogulflow("export", "history")
    assert history.text.count("customer_tags") == 1
    unknown = await mogulflow("export", "run", "--stream", "custmers")
    assert unknown.code == 1
    assert "There is no stream custmers; there are: mrr_movements, customers" in unknown.text
