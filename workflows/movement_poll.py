"""Movement poll: read ChartMogul's own list and start what the webhook has not brought. Where routes take
them, the same of failed payments: of the billing systems' lists, and of ChartMogul's invoices."""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.movements import MovementActivities
from activities.payments import PaymentActivities
from models.event import EventSource
from models.movements import Found, Notice, PollInput, PollState, Scan, Tally
from workflows.engine.ops import run_failure, tell_ops
from workflows.engine.steps import StepFailed, long_step
from workflows.engine.tallies import markdown, sentences

LIMIT = timedelta(hours=1)
"""An outage of ChartMogul's that lasts longer fails this poll; the next one reads what it has not."""

PAYMENTS_LIMIT = timedelta(minutes=10)
"""The next poll of movements waits meanwhile. What was not read then, the next poll reads."""

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
        complete_until = last.complete_until if last else None
        scan = _window(given, complete_until, now, looks_back=looks_back)
        try:
            tally = await long_step(MovementActivities.sweep, scan, summary=_summary(scan), limit=LIMIT)
        except StepFailed as failure:
            raise run_failure(failure) from None
        paid_until = last.payments_until if last else None
        if given.payments:
            tally += await _sweep_payments(given, last, now, looks_back=looks_back)
            paid_until = paid_until if tally.unasked else now - given.head_start
        workflow.set_current_details(markdown(f"Poll of {given.account}", tally))
        notices = [*(last.untold if last else []), *_notices(given, last, now, tally)]
        return PollState(
            complete_until=now - given.head_start,
            looked_back_at=now if last is None or looks_back else last.looked_back_at,
            tally=tally,
            untold=await _told(given.ops_channel, notices),
            payments_until=paid_until,
        )


async def _sweep_payments(
    given: PollInput, last: PollState | None, now: datetime, *, looks_back: bool
) -> Tally:
    """A billing system that is away, or whose key is refused, stops no movement, and no other's payments: it
    is named as not asked.

    ChartMogul's invoices, a request for each customer who is past due, only where it looks back: ChartMogul
    itself learns of a failed payment at its next import.
    """
    scan = _window(given, last.payments_until if last else None, now, looks_back=looks_back)
    try:
        return await long_step(
            PaymentActivities.sweep,
            scan.model_copy(update={"invoices": looks_back, "waits": given.payments_wait}),
            summary=f"Read failed payments from {scan.start:%d %b %H:%M} UTC on",
            limit=PAYMENTS_LIMIT,
        )
    except StepFailed as failure:
        return Tally(unasked=[str(failure)])


async def _told(channel: str | None, notices: list[Notice]) -> list[Notice]:
    """Those that could not be told now. Without a channel there is nobody to tell."""
    if not channel:
        return []
    return [each for each in notices if not await tell_ops(channel, each.key, each.text)][-UNTOLD:]


def _notices(given: PollInput, last: PollState | None, now: datetime, tally: Tally) -> list[Notice]:
    found, account = [], given.account
    if last:
        found += _gaps(given, last, now, tally)
    if tally.unreadable:
        whose = "the polled lists" if given.payments else "ChartMogul's list"
        who = "the system" if given.payments else "ChartMogul"
        text = (
            f"Rows of {whose} ({account}) cannot be read, so nothing was done about them: "
            f"{tally.unreadable[0]}. Look whether {who} changed it; the poll's run lists more."
        )
        found.append(Notice(key=f"poll:{account}:unreadable:{now:%Y-%m-%d}", text=text))
    if tally.unasked:
        text = (
            f"Failed payments of account {account} cannot be polled: {sentences(tally.unasked)} Webhooks are"
            " taken, and movements and other lists polled. What a webhook loses meanwhile, the next poll that"
            " can read finds."
        )
        found.append(Notice(key=f"poll:{account}:payments:{now:%Y-%m-%d}", text=text))
    return found


def _gaps(given: PollInput, last: PollState, now: datetime, tally: Tally) -> list[Notice]:
    """Told where they cost something."""
    found, account = [], given.account
    late, since = tally.movements(Found.TOO_OLD), last.complete_until
    if late and _is_gap(given, since, now):
        act = _how_to_act("", account, since, now)
        text = (
            f"ChartMogul account {account} was not polled {_span(since, now)}. "
            f"{late} movements are older than their routes act on now. {act}"
        )
        found.append(Notice(key=f"poll:{account}:gap:{since:%Y-%m-%dT%H:%M:%S}", text=text))
    late, since = tally.payments(Found.TOO_OLD), last.payments_until or now
    if late and _is_gap(given, since, now):
        act = _how_to_act("--kind failed_payment ", account, since, now)
        text = (
            f"Failed payments of account {account} were not polled {_span(since, now)}. "
            f"{late} are older than their routes act on now. {act}"
        )
        found.append(Notice(key=f"poll:{account}:payments-gap:{since:%Y-%m-%dT%H:%M:%S}", text=text))
    return found


def _how_to_act(kind: str, account: str, since: datetime, now: datetime) -> str:
    return (
        f"To act on them all the same: `mogulflow backfill {kind}--account {account} "
        f"--from {since:%Y-%m-%d} --to {now:%Y-%m-%d} --act-within DAYS`."
    )


def _is_gap(given: PollInput, since: datetime, now: datetime) -> bool:
    return now - given.head_start - since > max(GAP, 2 * given.every)


def _span(since: datetime, until: datetime) -> str:
    return f"from {since:%d %b %H:%M} to {until:%d %b %H:%M} UTC"


def _window(given: PollInput, complete_until: datetime | None, now: datetime, *, looks_back: bool) -> Scan:
    """From where the last complete poll ended, with overlap, to as far ahead as movements are seen."""
    start = complete_until - given.overlap if complete_until else now - given.look_back
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
