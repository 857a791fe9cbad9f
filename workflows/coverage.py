"""Coverage: is every movement of ChartMogul's own list accounted for by a run, or by a reason? Where
routes take them, every failed payment that billing systems or ChartMogul's invoices tell of, too?"""

from collections import Counter
from datetime import datetime, timedelta

from temporalio import workflow

from activities.movements import MovementActivities
from activities.payments import PaymentActivities
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
from workflows.engine.tallies import markdown, sentences

LIMIT = timedelta(hours=1)
"""For one day of movements, and for all failed payments."""


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
                scan = _scan(given, first, last, now, tally)
                summary = f"Compare {first:%d %b %Y %H:%M} UTC"
                tally += await long_step(MovementActivities.compare, scan, summary=summary, limit=LIMIT)
                workflow.set_current_details(markdown(f"Coverage of {given.account}", tally))
            if given.payments:  # all days at once: ChartMogul's invoices cannot be asked for by day
                scan = _scan(given, start, end, now, tally).model_copy(update={"waits": given.payments_wait})
                summary = "Compare failed payments"
                tally += await long_step(PaymentActivities.compare, scan, summary=summary, limit=LIMIT)
                workflow.set_current_details(markdown(f"Coverage of {given.account}", tally))
        except StepFailed as failure:
            raise run_failure(failure) from None
        report = CoverageReport(account=given.account, start=start, end=end, tally=tally)
        if not report.complete or tally.stuck:
            key = f"coverage:{given.account}:{end:%Y-%m-%d}"  # once a day is enough
            await tell_ops(given.ops_channel, key, _alert(report))
        return report


def _scan(given: CoverageInput, start: datetime, end: datetime, now: datetime, tally: Tally) -> Scan:
    return Scan(
        account=given.account,
        start=start,
        end=end,
        source=EventSource.POLL,
        fresh_after=now - given.fresh,
        naming=_room(tally) if given.lists else {},
    )


def _room(tally: Tally) -> dict[Found, int]:
    """How many of each kind may still be named: a year's list would not fit into a run's history."""
    counts = Counter(each.found for each in tally.named)
    return {found: LISTED_IN_FULL - counts[found] for found in EXPLAINED}


def _alert(report: CoverageReport) -> str:
    lost, payments = (of(Found.UNACCOUNTED) for of in (report.tally.movements, report.tally.payments))
    more = f" and {payments} failed payments" if payments else ""
    unasked = f"{sentences(report.tally.unasked)} " if report.tally.unasked else ""
    stuck = len(report.tally.stuck)
    span = f"--from {report.start:%Y-%m-%d} --to {report.end + timedelta(days=1):%Y-%m-%d}"
    return (
        f"ChartMogul account {report.account}, {report.start:%d %b} to {report.end:%d %b}: "
        f"{lost} movements{more} have no run and no reason, {report.tally.unread} cannot be read, "
        f"{stuck} runs are stuck. {unasked}"
        f"`mogulflow coverage --list --account {report.account} {span}` lists them, "
        f"`mogulflow backfill` with the same account and span acts on what is lost, "
        f"`mogulflow attention` says what the stuck ones need."
    )
