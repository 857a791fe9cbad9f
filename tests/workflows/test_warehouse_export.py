"""Nights of the export, from the simulated ChartMogul into a real DuckDB file."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from temporalio.client import Client

import temporal
import worker
from config_files import load
from models.exports import ExportInput, ExportReport
from models.runs import Outcome
from models.warehouse import Mapping
from settings import Settings
from settings_warehouse import DuckDbWarehouse
from simulators.control import Control
from tests.conftest import in_a_namespace_of_its_own

MAPPING = load("config/warehouse.yaml", Mapping, "It is part of the repository.")
NIGHTS = itertools.count()

Export = Callable[..., Awaitable[ExportReport]]
Sql = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chartmogul.duckdb"


@pytest.fixture
async def own(client: Client, settings: Settings, path: Path) -> AsyncIterator[Client]:
    """An installation with an empty warehouse."""
    namespace = await in_a_namespace_of_its_own(client)
    account = settings.chartmogul["default"].model_copy(update={"requests_per_second": 10_000})
    changes = {"warehouse": DuckDbWarehouse(path=path), "chartmogul": {"default": account}}
    connected = settings.model_copy(update=changes)
    async with worker.running(namespace, connected):
        yield namespace


@pytest.fixture
def export(own: Client) -> Export:
    async def night(**wish: Any) -> ExportReport:
        given = ExportInput.model_validate({"account": "default", "mapping": MAPPING} | wish)
        report: ExportReport = await own.execute_workflow(
            "warehouse_export",
            given,
            id=f"export/{uuid4()}",
            task_queue=temporal.WORKFLOWS,
            result_type=ExportReport,
        )
        return report

    return night


@pytest.fixture
def sql(path: Path) -> Sql:
    def ask(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(path), read_only=True) as database:
            database.execute("use chartmogul.chartmogul")
            return database.execute(query).fetchall()

    return ask


async def test_a_night_brings_every_stream(simulators: Control, export: Export, sql: Sql) -> None:
    report = await export()
    assert report.problems == []
    assert report.outcome is Outcome.ACTED
    counts = {load.stream: load.rows_read for load in report.loads}
    assert counts["customers"] == len(simulators.customers(limit=1000)) == 200
    assert all(counts[each.target] for each in MAPPING.streams if each.target != "customer_tags")
    for target, count in counts.items():
        assert sql(f"select count(*) from {target}") == [(count,)]


async def test_a_second_night_without_a_change_changes_nothing(simulators: Control, export: Export) -> None:
    await export()
    loads = (await export()).loads
    assert [load.stream for load in loads if load.inserted or load.restated or load.missing] == []
    assert {load.stream for load in loads} == {each.target for each in MAPPING.streams}


async def test_the_same_night_again_does_nothing(simulators: Control, export: Export, sql: Sql) -> None:
    night = "2026-11-20T04:15:00Z"
    await export(night=night)
    again = await export(night=night)
    assert all(load.already_applied for load in again.loads)
    assert sql("select count(*) from load_runs") == [(len(MAPPING.streams),)]
