"""What must be true after any fire: every run has ended well, one task and one alert for each event."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from models.movements import ACTED, CoverageReport, Found
from models.runs import Outcome, RunResult
from simulators.kit.control import Control
from tests.service.conftest import TASK_KEY
from tests.waiting import until_equal

READS = asyncio.Semaphore(16)


async def next_second() -> datetime:
    """Movements have a second, runs an instant: both of what begins now are later than this."""
    await asyncio.sleep(1 - time.time() % 1)
    return datetime.now(UTC).replace(microsecond=0)


async def ended(client: Client, began: datetime, count: int, seconds: float) -> None:
    """Wait until that many runs of churn save have ended, also while Temporal is away now and then."""
    query = (
        f"WorkflowType = 'churn_save' AND StartTime >= '{began.isoformat()}' AND ExecutionStatus != 'Running'"
    )

    async def found() -> int:
        with suppress(RPCError):
            return min((await client.count_workflows(query)).count, count)
        return 0

    await until_equal(found, count, seconds)


async def runs_since(client: Client, began: datetime) -> list[str]:
    query = f"WorkflowType = 'churn_save' AND StartTime >= '{began.isoformat()}'"
    return [run.id async for run in client.list_workflows(query)]


async def results_of(client: Client, ids: Iterable[str]) -> dict[str, RunResult]:
    async def result(id: str) -> RunResult:
        async with READS:
            found: RunResult = await client.get_workflow_handle(id, result_type=RunResult).result()
            return found

    names = list(ids)
    return dict(zip(names, await asyncio.gather(*map(result, names)), strict=True))


async def outcomes(client: Client, ids: Iterable[str]) -> Counter[Outcome]:
    return Counter(result.outcome for result in (await results_of(client, ids)).values())


def task_keys(simulators: Control) -> list[str]:
    return sorted(task[TASK_KEY] for task in simulators.records("Task"))


def message_keys(simulators: Control) -> list[str]:
    return sorted(message["metadata"]["event_payload"]["key"] for message in simulators.messages())


def done_once(simulators: Control, runs: Iterable[str]) -> bool:
    """For each of these runs' events one task and one alert, nothing twice, and nothing for others.

    A reply that adds a late task to the alert's thread has a key of its own.
    """
    events = sorted(run.partition("/")[2] for run in runs)
    messages = message_keys(simulators)
    alerts = [key for key in messages if not key.endswith(":late_task")]
    return (
        task_keys(simulators) == [f"{event}:save_task" for event in events]
        and alerts == [f"{event}:alert" for event in events]
        and len(set(messages)) == len(messages)
    )


def doubled(simulators: Control) -> int:
    counts = Counter(task_keys(simulators)) + Counter(message_keys(simulators))
    return sum(count - 1 for count in counts.values())


def sources(report: CoverageReport) -> dict[str, Any]:
    """By what each movement was accounted for."""
    return {found.value: report.tally.of(found) for found in Found if report.tally.of(found)}


def all_accounted(report: CoverageReport, movements: int) -> bool:
    return (
        report.complete
        and not report.tally.stuck
        and report.tally.rows == report.tally.of(*Found) == movements
    )


def acted_on(report: CoverageReport) -> int:
    return report.tally.of(*ACTED)


def unanswered(simulators: Control) -> set[int]:
    """Deliveries that were begun, not lost by rule, and are still to be accepted."""
    begun = [each for each in simulators.deliveries() if each.error != "lost by rule"]
    answered = {each.delivery for each in begun if each.status_code in (200, 202)}
    return {each.delivery for each in begun} - answered
