"""Movement poll: read ChartMogul's own list and start what the webhook has not brought."""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.movements import MovementActivities
from models.event import EventSource
from models.movements import Found, Notice, PollInput, PollState, Scan, Tally
from workflows.engine.ops import run_failure, tell_ops
from workflows.engine.steps import StepFailed, long_step
from workflows.engine.tallies import markdown

LIMIT = timedelta(hours=1)
"""An outage of ChartMogul's that lasts longer fails this poll; the next one reads what it has not."""

UNTOLD = 20
"""Notices that are kept for a Slack that is away."""

GAP = timedelta(hours=1)
"""A longer pause between two polls is one that a person should know of, where it cost something."""


@workflow.defn(name="movement_poll")
class MovementPoll:
    """The last complete poll's result says where this one begins: state of the schedule, kept by Temporal."""

    @workflow.run
    async def run(self, given: PollInput) -> PollState:
        last: PollState | None = workflow.get_last_completion_result(PollState)
        now = workflow.now()
        looks_back = last is None or now - last.looked_back_at >= given.look_back_every
        scan = _window(given, last, now, looks_back=looks_back)
        try:
            tally = await long_step(MovementActivities.sweep, scan, summary=_summary(scan), limit=LIMIT)
        except StepFailed as failure:
            raise run_failure(failure) from None
        workflow.set_current_details(markdown(f"Poll of {given.account}", tally))
        notices = [*(last.untold if last else []), *_notices(given, last, now, tally)]
        return PollState(
            complete_until=now - given.head_start,
            looked_back_at=now if last is None or looks_back else last.looked_back_at,
            tally=tally,
            untold=await _told(given.ops_channel, notices),
        )


async def _told(channel: str | None, notices: list[Notice]) -> list[Notice]:
    """Those that could not be told now. Without a channel there is nobody to tell."""
    if not channel:
        return []
    return [each for each in notices if not await tell_ops(channel, each.key, each.text)][-UNTOLD:]


def _notices(given: PollInput, last: PollState | None, now: datetime, tally: Tally) -> list[Notice]:
    found = []
    late = tally.of(Found.TOO_OLD)
    if last and late and now - given.head_start - last.complete_until > max(GAP, 2 * given.every):
        found.append(_gap(given.account, last.complete_until, now, late))
    if tally.unreadable:
        text = (
            f"Rows of ChartMogul's list ({given.account}) cannot be read, so nothing was done about them: "
            f"{tally.unreadable[0]}. Look whether ChartMogul changed it; the poll's run lists more."
        )
        found.append(Notice(key=f"poll:{given.account}:unreadable:{now:%Y-%m-%d}", text=text))
    return found


def _gap(account: str, since: datetime, until: datetime, late: int) -> Notice:
    return Notice(
        key=f"poll:{account}:gap:{since:%Y-%m-%dT%H:%M:%S}",
        text=(
            f"ChartMogul account {account} was not polled from {since:%d %b %H:%M} to "
            f"{until:%d %b %H:%M} UTC. "
            f"{late} movements are older than their routes act on now. To act on them all the same: "
            f"`mogulflow backfill --account {account} --from {since:%Y-%m-%d} --to {until:%Y-%m-%d} "
            f"--act-within DAYS`."
        ),
    )


def _window(given: PollInput, last: PollState | None, now: datetime, *, looks_back: bool) -> Scan:
    """From where the last complete poll ended, with overlap, to as far ahead as movements are seen."""
    start = last.complete_until - given.overlap if last else now - given.look_back
    if looks_back:
        start = min(start, now - given.look_back)
    return Scan(
        account=given.account,
        start=start,
        end=now + given.horizon,
        source=EventSource.POLL,
        fresh_after=now - given.head_start,
    )


def _summary(scan: Scan) -> str:
    return f"Read movements from {scan.start:%d %b %H:%M} UTC on"
