"""How the recorded runs of polls, backfills, coverage reports and the watch come about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

import temporal
from models.attention import WatchInput, WatchState
from models.movements import (
    BackfillInput,
    BackfillProgress,
    CoverageInput,
    CoverageReport,
    Found,
    PollInput,
    PollState,
)
from models.runs import RunResult
from tests.histories import churn_save_cases
from tests.histories.studio import Case, Run, Studio

OPS = "#revops-alerts"


async def start(studio: Studio, workflow: str, given: BaseModel, result_type: type[Any]) -> Run:
    return await studio.client.start_workflow(
        workflow,
        given,
        id=f"{workflow}/{datetime.now(UTC).timestamp()}",
        task_queue=temporal.WORKFLOWS,
        task_timeout=temporal.TASK_TIMEOUT,
        result_type=result_type,
    )


def days_ago(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)


def cancelled(studio: Studio, days: float) -> None:
    customer = next(each for each in studio.simulators.customers(case="account") if each.mrr)
    studio.simulators.cancel(customer.uuid, at=days_ago(days), send=False)


async def quiet(studio: Studio) -> Run:
    return await start(studio, "movement_poll", PollInput(account="default"), PollState)


async def caught(studio: Studio) -> Run:
    cancelled(studio, 0.5)
    return await start(studio, "movement_poll", PollInput(account="default"), PollState)


async def cannot_read_a_row(studio: Studio) -> Run:
    body = {"entries": [{"date": "2026-11-01T00:00:00+00:00"}], "has_more": False}
    studio.simulators.fault("chartmogul", "status", status=200, body=body, path="/v1/activities")
    return await start(studio, "movement_poll", PollInput(account="default", ops_channel=OPS), PollState)


async def three_days(studio: Studio) -> Run:
    cancelled(studio, 1.25)
    given = BackfillInput(account="default", start=days_ago(3), end=days_ago(0))
    return await start(studio, "backfill", given, BackfillProgress)


async def complete(studio: Studio) -> Run:
    return await start(studio, "coverage", CoverageInput(account="default"), CoverageReport)


async def one_is_missing(studio: Studio) -> Run:
    cancelled(studio, 0.75)
    given = CoverageInput(account="default", ops_channel=OPS)
    return await start(studio, "coverage", given, CoverageReport)


async def tells(studio: Studio) -> Run:
    """Of a run that has ended partial."""
    partial = await churn_save_cases.partial(studio)
    result: RunResult = await partial.result()
    assert result.problems
    return await start(studio, "ops_watch", WatchInput(ops_channel=OPS), WatchState)


CASES = {
    "movement_poll": [
        Case(quiet, lambda state: state.tally.rows == 0),
        Case(caught, lambda state: state.tally.of(Found.STARTED) == 1),
        Case(cannot_read_a_row, lambda state: len(state.tally.unreadable) == 1),
    ],
    "backfill": [Case(three_days, lambda progress: progress.tally.of(Found.STARTED) == 1)],
    "coverage": [
        Case(complete, lambda report: report.complete),
        Case(one_is_missing, lambda report: report.tally.of(Found.UNACCOUNTED) == 1),
    ],
    "ops_watch": [Case(tells, lambda state: any(group.told_at for group in state.groups))],
}
"""By workflow."""
