"""Backfill: go through a past time span of ChartMogul's list, day by day, below live traffic. Where routes
take them, then through the failed payments of the whole span, which billing systems and ChartMogul list."""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.movements import MovementActivities
from activities.payments import PaymentActivities
from models.event import EventSource
from models.movements import BackfillInput, BackfillProgress, Scan, days_of
from workflows.engine.ops import run_failure
from workflows.engine.steps import StepFailed, long_step
from workflows.engine.tallies import markdown

LIMIT = timedelta(hours=12)
"""For one day of movements, an outage of ChartMogul's included; and for all failed payments."""


@workflow.defn(name="backfill")
class Backfill:
    @workflow.init
    def __init__(self, given: BackfillInput) -> None:
        self._given = given
        self._next = given.next or given.start
        self._tally = given.tally
        self._payments_left = given.payments

    @workflow.run
    async def run(self, given: BackfillInput) -> BackfillProgress:
        try:
            for start, end in days_of(self._next, given.end) if given.movements else ():
                if workflow.info().is_continue_as_new_suggested():
                    workflow.continue_as_new(
                        given.model_copy(update={"next": self._next, "tally": self._tally})
                    )
                await self._do(start, end)
            if given.payments:
                await self._do_payments()
        except StepFailed as failure:
            raise run_failure(failure) from None
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
            payments_left=self._payments_left,
        )

    async def _do(self, start: datetime, end: datetime) -> None:
        scan, summary = self._scan(start, end), f"Movements of {start:%d %b %Y}"
        self._tally += await long_step(MovementActivities.sweep, scan, summary=summary, limit=LIMIT)
        self._next = end
        self._show(f"done up to {end:%d %b %Y}")

    async def _do_payments(self) -> None:
        """All days at once: ChartMogul's invoices cannot be asked for by day."""
        scan = self._scan(self._given.start, self._given.end)
        scan = scan.model_copy(update={"waits": self._given.payments_wait})
        self._tally += await long_step(PaymentActivities.sweep, scan, summary="Failed payments", limit=LIMIT)
        self._next, self._payments_left = self._given.end, False
        self._show("done, failed payments too")

    def _scan(self, start: datetime, end: datetime) -> Scan:
        return Scan(
            account=self._given.account,
            start=start,
            end=end,
            source=EventSource.BACKFILL,
            preview=self._given.preview,
            templates=self._given.templates,
            act_within_days=self._given.act_within_days,
        )

    def _show(self, how_far: str) -> None:
        title = f"{'Preview of backfill' if self._given.preview else 'Backfill'} of {self._given.account}"
        workflow.set_current_details(markdown(f"{title}, {how_far}", self._tally))
