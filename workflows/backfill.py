"""Backfill: go through a past time span of ChartMogul's list, day by day, below live traffic."""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.movements import MovementActivities
from models.event import EventSource
from models.movements import BackfillInput, BackfillProgress, Scan, days_of
from workflows.engine.ops import run_failure
from workflows.engine.steps import StepFailed, long_step
from workflows.engine.tallies import markdown

LIMIT = timedelta(hours=12)
"""For one day of movements, an outage of ChartMogul's included."""


@workflow.defn(name="backfill")
class Backfill:
    @workflow.init
    def __init__(self, given: BackfillInput) -> None:
        self._given = given
        self._next = given.next or given.start
        self._tally = given.tally

    @workflow.run
    async def run(self, given: BackfillInput) -> BackfillProgress:
        for start, end in days_of(self._next, given.end):
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(given.model_copy(update={"next": self._next, "tally": self._tally}))
            await self._do(start, end)
        return self.progress()

    @workflow.query(name="progress", description="How far it has come, and what it found")
    def progress(self) -> BackfillProgress:
        return BackfillProgress(
            start=self._given.start,
            end=self._given.end,
            next=self._next,
            tally=self._tally,
            preview=self._given.preview,
            act_within_days=self._given.act_within_days,
        )

    async def _do(self, start: datetime, end: datetime) -> None:
        scan = Scan(
            account=self._given.account,
            start=start,
            end=end,
            source=EventSource.BACKFILL,
            preview=self._given.preview,
            templates=self._given.templates,
            act_within_days=self._given.act_within_days,
        )
        try:
            self._tally += await long_step(
                MovementActivities.sweep, scan, summary=f"Movements of {start:%d %b %Y}", limit=LIMIT
            )
        except StepFailed as failure:
            raise run_failure(failure) from None
        self._next = end
        title = f"{'Preview of backfill' if self._given.preview else 'Backfill'} of {self._given.account}"
        workflow.set_current_details(markdown(f"{title}, done up to {end:%d %b %Y}", self._tally))
