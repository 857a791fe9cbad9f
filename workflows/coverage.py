"""Coverage: is every movement of ChartMogul's own list accounted for by a run, or by a reason?"""

from collections import Counter
from datetime import timedelta

from temporalio import workflow

from activities.movements import MovementActivities
from models.event import EventSource
from models.movements import (
    EXPLAINED,
    LISTED_IN_FULL,
    CoverageInput,
    CoverageReport,
    Found,
    Scan,
    Tally,
    days_of,
)
from temporal import NOMINAL_TIME
from workflows.engine.ops import run_failure, tell_ops
from workflows.engine.steps import StepFailed, long_step
from workflows.engine.tallies import markdown

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
                scan = Scan(
                    account=given.account,
                    start=first,
                    end=last,
                    source=EventSource.POLL,
                    fresh_after=now - given.fresh,
                    naming=_room(tally) if given.lists else {},
                )
                summary = f"Compare {first:%d %b %Y %H:%M} UTC"
                tally += await long_step(MovementActivities.compare, scan, summary=summary, limit=LIMIT)
                workflow.set_current_details(markdown(f"Coverage of {given.account}", tally))
        except StepFailed as failure:
            raise run_failure(failure) from None
        report = CoverageReport(account=given.account, start=start, end=end, tally=tally)
        if not report.complete or tally.stuck:
            key = f"coverage:{given.account}:{end:%Y-%m-%d}"  # once a day is enough
            await tell_ops(given.ops_channel, key, _alert(report))
        return report


def _room(tally: Tally) -> dict[Found, int]:
    """How many of each kind may still be named: a year's list would not fit into a run's history."""
    counts = Counter(each.found for each in tally.named)
    return {found: LISTED_IN_FULL - counts[found] for found in EXPLAINED}


def _alert(report: CoverageReport) -> str:
    lost, stuck = report.tally.of(Found.UNACCOUNTED), len(report.tally.stuck)
    span = f"--from {report.start:%Y-%m-%d} --to {report.end + timedelta(days=1):%Y-%m-%d}"
    return (
        f"ChartMogul account {report.account}, {report.start:%d %b} to {report.end:%d %b}: {lost} movements "
        f"have no run and no reason, {report.tally.unread} cannot be read, {stuck} runs are stuck. "
        f"`mogulflow coverage --list --account {report.account} {span}` lists them, "
        f"`mogulflow backfill` with the same account and span acts on the lost ones, "
        f"`mogulflow attention` says what the stuck ones need."
    )
