"""A past time span, gone through day by day; old movements are counted, not acted on."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

import temporal
from models.movements import BackfillInput, BackfillProgress, CoverageInput, CoverageReport, Found
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow

Backfill = Callable[..., Awaitable[BackfillProgress]]
Coverage = Callable[..., Awaitable[CoverageReport]]

NOW = datetime.now(UTC).replace(microsecond=0)
SECONDS = itertools.count()
"""No two tests' movements are of one second: the simulators name subscriptions alike after each reset."""


@pytest.fixture
def backfill(client: Client, workers: None) -> Backfill:
    async def run(days: float = 20, **wish: Any) -> BackfillProgress:
        given = BackfillInput(account="default", start=NOW - timedelta(days=days), end=NOW, **wish)
        done: BackfillProgress = await client.execute_workflow(
            "backfill", given, id=f"backfill/{uuid4()}", task_queue=temporal.WORKFLOWS,
            result_type=BackfillProgress, priority=temporal.BULK,
        )  # fmt: skip
        return done

    return run


@pytest.fixture
def coverage(client: Client, workers: None) -> Coverage:
    async def run(days: float = 20, **wish: Any) -> CoverageReport:
        given = CoverageInput(account="default", start=NOW - timedelta(days=days), end=NOW, **wish)
        report: CoverageReport = await client.execute_workflow(
            "coverage", given, id=f"coverage/{uuid4()}", task_queue=temporal.WORKFLOWS,
            result_type=CoverageReport,
        )  # fmt: skip
        return report

    return run


def cancelled(simulators: Control, *days_ago: float) -> None:
    for customer, days in zip(paying(simulators), days_ago, strict=False):
        at = NOW - timedelta(days=days, seconds=next(SECONDS))
        simulators.cancel(customer.uuid, at=at, send=False)


def paying(simulators: Control) -> list[CustomerRow]:
    return [each for each in simulators.customers(limit=100, case="account") if each.mrr]


def churn(tally: Any) -> dict[str, int]:
    return {found.value: kinds["churn"] for found, kinds in tally.counts.items() if "churn" in kinds}


async def test_old_movements_are_counted_and_recent_ones_acted_on(
    simulators: Control, backfill: Backfill
) -> None:
    cancelled(simulators, 1, 2, 10, 12, 15)
    done = await backfill()
    assert churn(done.tally) == {"started": 2, "too old": 3}
    assert done.done == 1
    assert done.tally.rows == 5


async def test_a_person_may_act_on_old_ones(simulators: Control, backfill: Backfill) -> None:
    cancelled(simulators, 1, 10, 15)
    assert churn((await backfill(act_within_days=12)).tally) == {"started": 2, "too old": 1}


async def test_a_second_backfill_starts_nothing(simulators: Control, backfill: Backfill) -> None:
    cancelled(simulators, 1, 2)
    await backfill()
    assert churn((await backfill()).tally) == {"known": 2}


async def test_a_preview_counts_what_it_would_start_and_starts_nothing(
    simulators: Control, backfill: Backfill
) -> None:
    cancelled(simulators, 1, 2, 10)
    assert churn((await backfill(preview=True)).tally) == {"would start": 2, "too old": 1}
    assert churn((await backfill()).tally) == {"started": 2, "too old": 1}


async def test_only_the_templates_asked_for(simulators: Control, backfill: Backfill) -> None:
    cancelled(simulators, 1)
    assert churn((await backfill(templates=["another"])).tally) == {"route filter": 1}


async def test_an_outage_in_the_middle_is_waited_out(simulators: Control, backfill: Backfill) -> None:
    cancelled(simulators, 1, 2)
    simulators.fault("chartmogul", "status", status=503, path="/activities", skip=2, times=2)
    assert churn((await backfill(days=4)).tally) == {"started": 2}


async def test_coverage_accounts_for_each_movement(
    simulators: Control, backfill: Backfill, coverage: Coverage
) -> None:
    cancelled(simulators, 1, 2, 10)
    before = await coverage()
    assert churn(before.tally) == {"unaccounted": 2, "too old": 1}
    assert not before.complete
    assert [line.partition(" ")[2][-14:] for line in before.tally.unaccounted]
    await backfill()
    after = await coverage()
    assert churn(after.tally) == {"backfill": 2, "too old": 1}
    assert after.complete


async def test_coverage_names_what_was_revised_and_what_no_route_takes(
    simulators: Control, backfill: Backfill, coverage: Coverage
) -> None:
    first, second = paying(simulators)[:2]
    cancelled(simulators, 1)
    simulators.expand(second.uuid, at=(NOW - timedelta(days=1)).isoformat(), send=False)
    await backfill()
    simulators.restate(first.uuid, cents=300)
    report = await coverage()
    assert report.tally.counts == {Found.RESTATED: {"churn": 1}, Found.UNROUTED: {"expansion": 1}}
    assert report.complete


async def test_movements_younger_than_the_poll_can_have_seen_are_not_due(
    simulators: Control, coverage: Coverage
) -> None:
    cancelled(simulators, 0.001)
    report = await coverage(fresh=timedelta(hours=3))  # longer than the tests before this one take
    assert report.tally.counts == {Found.FRESH: {"churn": 1}}
    assert report.complete


async def test_what_is_unaccounted_for_is_told_to_the_people_who_run_it(
    simulators: Control, coverage: Coverage
) -> None:
    cancelled(simulators, 1)
    await coverage(ops_channel="#revops-alerts")
    [message] = simulators.messages("#revops-alerts")
    assert "1 movements have no run" in message["text"]
    await coverage()
    assert len(simulators.messages("#revops-alerts")) == 1
