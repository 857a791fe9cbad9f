"""Movement poll: read ChartMogul's own list and start what the webhook has not brought."""

from datetime import datetime, timedelta
from hashlib import blake2b

from temporalio import workflow

from activities.movements import MovementActivities
from models.events import EventSource
from models.movements import Found, PollInput, PollState, Sweep, Tally
from workflows.ops import run_failure, tell_ops
from workflows.steps import StepFailed, long_step
from workflows.tallies import markdown

LIMIT = timedelta(hours=1)
"""An outage of ChartMogul's that lasts longer fails this poll; the next one reads what it has not."""

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
        sweep = _window(given, last, now, looks_back=looks_back)
        try:
            tally = await long_step(MovementActivities.sweep, sweep, summary=_summary(sweep), limit=LIMIT)
        except StepFailed as failure:
            raise run_failure(failure) from None
        workflow.set_current_details(markdown(f"Poll of {given.account}", tally))
        await self._tell_of_what_was_missed(given, last, now, tally)
        return PollState(
            complete_until=now - given.head_start,
            looked_back_at=now if last is None or looks_back else last.looked_back_at,
            tally=tally,
        )

    async def _tell_of_what_was_missed(
        self, given: PollInput, last: PollState | None, now: datetime, tally: Tally
    ) -> None:
        late = tally.of(Found.TOO_OLD)
        if last and now - last.complete_until > GAP and late:
            await tell_ops(
                given.ops_channel,
                f"poll:{given.account}:gap:{last.complete_until:%Y-%m-%dT%H:%M:%S}",
                f"ChartMogul account {given.account} was not polled from {last.complete_until:%d %b %H:%M} "
                f"to {now:%d %b %H:%M} UTC. {late} movements are older than their routes act on now. To act "
                f"on them all the same: `mogulflow backfill --account {given.account} --from "
                f"{last.complete_until:%Y-%m-%d} --to {now:%Y-%m-%d} --act-within DAYS`.",
            )
        if tally.unreadable:
            digest = blake2b("\n".join(sorted(tally.unreadable)).encode(), digest_size=8).hexdigest()
            await tell_ops(
                given.ops_channel,
                f"poll:{given.account}:unreadable:{digest}",
                f"{len(tally.unreadable)} rows of ChartMogul's list ({given.account}) cannot be read, "
                f"so nothing was done about them: {tally.unreadable[0]}. Look whether ChartMogul changed it.",
            )


def _window(given: PollInput, last: PollState | None, now: datetime, *, looks_back: bool) -> Sweep:
    """From where the last complete poll ended, with overlap, to as far ahead as movements are seen."""
    start = last.complete_until - given.overlap if last else now - given.look_back
    if looks_back:
        start = min(start, now - given.look_back)
    return Sweep(
        account=given.account,
        start=start,
        end=now + given.horizon,
        source=EventSource.POLL,
        fresh_after=now - given.head_start,
    )


def _summary(sweep: Sweep) -> str:
    return f"Read movements from {sweep.start:%d %b %H:%M} UTC on"
