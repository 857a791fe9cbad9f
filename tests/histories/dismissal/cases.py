"""How the recorded dismissals come about."""

from datetime import UTC, datetime, timedelta

import temporal
from models.attention import Dismissal
from tests.histories.studio import Case, Run, Studio

WHY = "The customer has called"


async def start(studio: Studio, keep_for: timedelta) -> Run:
    given = Dismissal(
        workflow_id="churn_save/36f153c17ae07d0b880d919f",
        run_id="0192f0c1-0000-7000-8000-000000000000",
        headline="Churn −$490.00",
        who="ada",
        why=WHY,
        at=datetime.now(UTC),
        keep_for=keep_for,
    )
    return await studio.client.start_workflow(
        "dismissal",
        given,
        id=f"dismissal/{keep_for.total_seconds():g}",
        task_queue=temporal.WORKFLOWS,
        result_type=Dismissal,
    )


async def of_one_that_ended(studio: Studio) -> Run:
    return await start(studio, timedelta(0))


async def of_one_that_goes_on(studio: Studio) -> Run:
    return await start(studio, timedelta(seconds=1))


CASES = [
    Case(of_one_that_ended, lambda kept: kept.why == WHY),
    Case(of_one_that_goes_on, lambda kept: kept.why == WHY),
]
