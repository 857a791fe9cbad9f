"""Nights of the export, from the simulated ChartMogul into a real DuckDB file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from temporalio.client import Client

import temporal
import worker
from domains.warehouse.settings import DuckDbWarehouse
from models.runs import Outcome
from models.templates.warehouse_export import ExportInput, ExportReport
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.contracts.warehouse_rows import MAPPING

SCHEMAS = ("chartmogul", "chartmogul_europe")
NIGHT = "2026-11-20T04:15:00Z"
MOVEMENTS = ["mrr_movements"]
CHECKED = ["customers", "mrr_movements"]
"""What is compared after a night: two streams, where a whole night costs seven times as much."""
SMALL = ["customers", "subscriptions", "mrr_movements", "plans"]
MADE_UP_FOR: list[tuple[str, list[str]]] = [
    ("2015-11-01T04:15:00Z", []),
    ("2026-11-01T04:15:00Z", SMALL),
    ("2026-11-02T04:15:00Z", SMALL),
]
"""Of all streams once. By when a night was due only movements and subscriptions are read."""

Export = Callable[..., Awaitable[ExportReport]]
Sql = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse") / "chartmogul.duckdb"


@pytest.fixture(scope="module")
async def own(client: Client, settings: Settings, path: Path) -> AsyncIterator[Client]:
    """An installation with a warehouse."""
    namespace = await in_a_namespace_of_its_own(client)
    account = settings.chartmogul["default"].model_copy(update={"requests_per_second": 10_000})
    changes = {"warehouse": DuckDbWarehouse(path=path), "chartmogul": {"default": account, "europe": account}}
    connected = settings.model_copy(update=changes)
    async with worker.running(namespace, connected):
        yield namespace


@pytest.fixture(autouse=True)
def empty(path: Path) -> None:
    """Each test begins with no warehouse."""
    for each in path.parent.iterdir():
        each.unlink()


@pytest.fixture
def export(own: Client) -> Export:
    latest = ""

    async def night(**wish: Any) -> ExportReport:
        """Without `night` in a second of its own: a run's name in the ledger has no parts of one."""
        nonlocal latest
        while "night" not in wish and f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}" <= latest:
            await asyncio.sleep(0.05)
        given = ExportInput.model_validate({"account": "default", "mapping": MAPPING} | wish)
        report: ExportReport = await own.execute_workflow(
            "warehouse_export",
            given,
            id=f"export/{uuid4()}",
            task_queue=temporal.WORKFLOWS,
            result_type=ExportReport,
        )
        latest = max(latest, report.run_id.partition("/")[2])
        return report

    return night


@pytest.fixture
def sql(path: Path) -> Sql:
    def ask(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(path), read_only=True) as database:
            database.execute("use chartmogul.chartmogul")
            return database.execute(query).fetchall()

    return ask


async def test_nights_bring_every_stream_once_whenever_they_are_due(
    simulators: Control, export: Export, sql: Sql
) -> None:
    """Each night on what those before it left."""
    first = await export(night=NIGHT)
    brings_every_stream(first, len(simulators.customers(limit=1000)), sql)
    gives_each_month_as_chartmogul_does(sql)
    assert all(load.already_applied for load in (await export(night=NIGHT)).loads)
    assert sql("select count(*) from load_runs") == [(len(MAPPING.streams),)]
    loads = (await export()).loads
    assert [load.stream for load in loads if load.inserted or load.restated or load.missing] == []
    assert {load.stream for load in loads} == {each.target for each in MAPPING.streams}
    for night, streams in MADE_UP_FOR:
        loads = (await export(night=night, streams=streams)).loads
        assert [load.stream for load in loads if load.missing or load.deleted or load.returned] == []


def brings_every_stream(report: ExportReport, customers: int, sql: Sql) -> None:
    assert report.problems == []
    assert report.outcome is Outcome.ACTED
    counts = {load.stream: load.rows_read for load in report.loads}
    assert counts["customers"] == customers == 200
    assert all(counts[each.target] for each in MAPPING.streams if each.target != "customer_tags")
    for target, count in counts.items():
        assert sql(f"select count(*) from {target}") == [(count,)]


def gives_each_month_as_chartmogul_does(sql: Sql) -> None:
    """One row, also of the one that runs, which ChartMogul dates by the day that was asked for. And what the
    movements come to is what its own metrics say."""
    days = sql("select distinct day(metric_date) from metrics where metric_interval = 'month'")
    assert days == [(1,)]
    ours = sql(
        "select month_start, mrr_cents, new_business_cents, expansion_cents, contraction_cents, churn_cents "
        "from mrr_by_month order by 1"
    )
    theirs = sql(
        "select date_trunc('month', metric_date)::date, mrr_cents::bigint, mrr_new_business_cents::bigint, "
        "mrr_expansion_cents::bigint, mrr_contraction_cents::bigint, mrr_churn_cents::bigint "
        "from metrics where metric_interval = 'month' order by 1"
    )
    assert len(ours) > 40
    assert ours == [row for row in theirs if row[0] >= ours[0][0]]


async def test_two_accounts_share_a_file_at_the_same_hour(export: Export, sql: Sql) -> None:
    reports = await asyncio.gather(*(export(account=name, streams=SMALL) for name in ("default", "europe")))
    assert [report.problems for report in reports] == [[], []]
    ours, theirs = (sql(f"select count(*) from chartmogul.{each}.subscriptions") for each in SCHEMAS)
    assert ours == theirs != [(0,)]


def with_one_small_movement(sql: Sql) -> tuple[str, int]:
    """A customer, and its MRR. Of others a restated movement changes the ones after it."""
    [found] = sql(
        "select customer_uuid, sum(mrr_movement_cents) from mrr_movements group by customer_uuid "
        "having count(*) = 1 and sum(mrr_movement_cents) between 1 and 100000 order by 1 limit 1"
    )
    return str(found[0]), int(found[1])


async def test_restated_history_is_told_with_its_months(
    simulators: Control, export: Export, sql: Sql
) -> None:
    await export(streams=MOVEMENTS)
    uuid, _ = with_one_small_movement(sql)
    simulators.restate(uuid, cents=300_000, index=0, whole_history=True)
    report = await export(streams=MOVEMENTS)
    [row] = sql("select movement_uuid, before_cents, after_cents, delta_cents from mrr_movement_changes")
    assert row[2] - row[1] == row[3] != 0
    [(month, cents)] = [each for stream in report.streams for each in stream.months.items()]
    assert cents == row[3]
    [message] = simulators.messages(MAPPING.restated.channel)
    assert month in message["text"]
    assert report.run_id in message["text"]


async def test_little_that_moved_is_not_told(simulators: Control, export: Export, sql: Sql) -> None:
    await export(streams=MOVEMENTS)
    uuid, cents = with_one_small_movement(sql)
    simulators.restate(uuid, cents=cents + 100, index=0, whole_history=True)
    report = await export(streams=MOVEMENTS)
    assert any(stream.months for stream in report.streams)
    assert simulators.messages(MAPPING.restated.channel) == []


async def test_customer_whose_movements_do_not_give_their_mrr_is_named(
    simulators: Control, export: Export
) -> None:
    checked = (await export(streams=CHECKED)).checked
    assert checked is not None
    assert (checked.customers_at_odds, checked.at_odds) == (0, "")
    customer = next(each for each in simulators.customers(limit=50) if each.mrr)
    simulators.hide(customer.uuid, whole_history=True)  # two nights, after which it is taken for gone
    assert (await export(streams=CHECKED)).checked == checked
    checked = (await export(streams=CHECKED)).checked
    assert checked is not None
    assert (checked.customers_at_odds, checked.examples) == (1, [customer.uuid])


async def test_stream_that_fails_stops_no_other(simulators: Control, export: Export, sql: Sql) -> None:
    simulators.fault("chartmogul", "status", status=403, path="/invoices")
    report = await export(streams=["invoices", *SMALL])
    assert report.outcome is Outcome.PARTIAL
    [problem] = report.problems
    assert problem.kind == "Unauthorized"
    assert {stream.stream for stream in report.streams} == set(SMALL)
    assert sql("select count(*) from invoices") == [(0,)]
    assert (await export(streams=["invoices"])).outcome is Outcome.ACTED
    assert sql("select count(*) from invoices") != [(0,)]
