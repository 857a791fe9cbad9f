"""Coverage: is every movement of ChartMogul's own list accounted for by a run, or by a reason?"""

from datetime import timedelta

from temporalio import workflow

from activities.movements import MovementActivities
from models.events import EventSource
from models.movements import CoverageInput, CoverageReport, Found, Sweep, Tally, days_of
from temporal import NOMINAL_TIME
from workflows.ops import run_failure, tell_ops
from workflows.steps import StepFailed, long_step
from workflows.tallies import markdown

LIMIT = timedelta(hours=1)
"""For one day of movements."""


@workflow.defn(name="coverage")
class Coverage:
    @workflow.run
    async def run(self, given: CoverageInput) -> CoverageReport:
        now = workflow.now()
        end = given.end or workflow.info().typed_search_attributes.get(NOMINAL_TIME) or now
        start = given.start or end - timedelta(days=given.days)
        tally = Tally()
        try:
            for first, last in days_of(start, end):
                sweep = Sweep(
                    account=given.account,
                    start=first,
                    end=last,
                    source=EventSource.POLL,
                    fresh_after=now - given.fresh,
                )
                summary = f"Compare {first:%d %b %Y %H:%M} UTC"
                tally += await long_step(MovementActivities.compare, sweep, summary=summary, limit=LIMIT)
                workflow.set_current_details(markdown(f"Coverage of {given.account}", tally))
        except StepFailed as failure:
            raise run_failure(failure) from None
        report = CoverageReport(account=given.account, start=start, end=end, tally=tally)
        if not report.complete or tally.stuck:
            key = f"coverage:{given.account}:{end:%Y-%m-%d}"  # once a day is enough
            await tell_ops(given.ops_channel, key, _alert(report))
        return report


def _alert(report: CoverageReport) -> str:
    lost, stuck = report.tally.of(Found.UNACCOUNTED), len(report.tally.stuck)
    span = f"--from {report.start:%Y-%m-%d} --to {report.end + timedelta(days=1):%Y-%m-%d}"
    return (
        f"ChartMogul account {report.account}, {report.start:%d %b} to {report.end:%d %b}: {lost} movements "
        f"have no run and no reason, {len(report.tally.unreadable)} cannot be read, {stuck} runs are stuck. "
        f"`mogulflow coverage --account {report.account} {span}` lists them, `mogulflow backfill` with the "
        f"same options acts on the lost ones, `mogulflow attention` says what the stuck ones need."
    )
