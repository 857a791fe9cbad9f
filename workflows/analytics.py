"""Analytics: an account's movements, counted once a day. What it counted is the run's result, and so is kept
with it: every question of that day is answered from it."""

from temporalio import workflow

from activities.analytics import AnalyticsActivities
from models.analytics import Book, BookInput
from workflows.engine.ops import run_failure
from workflows.engine.steps import StepFailed, long_step


@workflow.defn(name="analytics")
class Analytics:
    @workflow.run
    async def run(self, given: BookInput) -> Book:
        count = AnalyticsActivities.count_movements
        try:
            return await long_step(count, given, summary="Read and count movements", limit=given.patience)
        except StepFailed as failure:
            raise run_failure(failure) from None
