"""Is a subscription counted at all? What both sides do with open invoices, trials, failed payments, pauses,
cancellations and refunds."""

from collections.abc import Callable
from datetime import timedelta

from domains.reconciliation.causes.case import Case, Member, Shown
from domains.reconciliation.figures.billing import asked, in_trial, is_paused
from domains.reconciliation.figures.chartmogul import refunded
from models.reconciliation.books import Standing
from models.reconciliation.causes import Cause

DAY = timedelta(days=1)
OPEN = {"open", "unpaid", "pending", "past_due", "uncollectible"}
REFUNDS_IGNORED = "refund_ignore"

Change = tuple[Member, str]
"""The member by the other rule, and what shows it."""


def each_member(case: Case, cause: Cause, step: Callable[[Case, Member], Change | None]) -> Shown | None:
    changed, records, why = case.members, [], ""
    for member in case.members:
        found = step(case, member)
        if found:
            new, why = found
            changed = tuple(new if each is member else each for each in changed)
            records += [member.sub.id, *[each.line for each in member.in_force[:3]]]
    proven = case.reproduced
    return Shown(cause, why, tuple(records), changed, proven=proven) if records else None


def counts_there(member: Member) -> bool:
    """Whether a line makes ChartMogul count it. Where none was read nothing is proven, and only the whole
    figure can bear it out."""
    return not member.lines or any(each.amount > 0 for each in member.in_force)


def invoice_handling(case: Case) -> Shown | None:
    return each_member(case, Cause.INVOICE_HANDLING, _invoice_handling)


def _invoice_handling(case: Case, member: Member) -> Change | None:
    state = member.state
    if not (state.first_invoice_open or state.standing is Standing.INCOMPLETE):
        return None
    if member.rules.counts_from == "paid" and case.counted and counts_there(member) and _is_open(member):
        return member.ruled(counts_from="open"), "its first invoice is open, and ChartMogul counts it already"
    if member.rules.counts_from == "open" and not case.counted and case.not_yet:
        return member.ruled(counts_from="paid"), "its first invoice is open: ChartMogul waits for a payment"
    return None


def _is_open(member: Member) -> bool:
    states = {each.invoice_status for each in member.in_force}
    return not states or bool(states & OPEN) or "" in states


def free_or_trial(case: Case) -> Shown | None:
    return each_member(case, Cause.FREE_OR_TRIAL, _free_or_trial)


def _free_or_trial(case: Case, member: Member) -> Change | None:
    trial = in_trial(member.state, member.rules)
    if trial and not member.rules.trial and case.counted and counts_there(member):
        return member.ruled(trial=True), _trial(member)
    free = member.in_force and not any(each.amount or each.discount for each in member.in_force)
    ended = member.state.trial_ends_at
    if (
        not trial
        and free
        and ended
        and any(each.starts_at <= ended for each in member.in_force if each.starts_at)
    ):
        return member.ruled(absent=True), "the line of its free time, at 0, covers the end of the month"
    return None


def _trial(member: Member) -> str:
    began, trial = member.state.started_at, member.state.trial_started_at
    running = began is not None and trial is not None and trial - began > DAY
    what = "a trial on a running subscription" if running else "in trial"
    return f"billing has it as {what}, and a line covers the end of the month"


def unpaid_counted(case: Case) -> Shown | None:
    return each_member(case, Cause.UNPAID_COUNTED, _unpaid_counted)


def _unpaid_counted(case: Case, member: Member) -> Change | None:
    standing = member.state.standing
    if standing is Standing.UNPAID and not member.rules.unpaid and case.counted and counts_there(member):
        return member.ruled(unpaid=True), "billing has it as unpaid, and ChartMogul counts it until it ends"
    if (
        standing is Standing.PAST_DUE
        and member.rules.past_due
        and not case.counted
        and _too_late(case, member)
    ):
        return member.ruled(past_due=False), "it is past due for longer than ChartMogul waits to let it churn"
    return None


def _too_late(case: Case, member: Member) -> bool:
    since, source = member.state.past_due_since, case.around.source
    if since is None or source is None or source.auto_churn_days is None:
        return False
    return since + source.auto_churn_days * DAY < case.around.cut.end


def paused_counted(case: Case) -> Shown | None:
    return each_member(case, Cause.PAUSED_COUNTED, _paused_counted)


def _paused_counted(case: Case, member: Member) -> Change | None:
    state, rules = member.state, member.rules
    covers = member.reader.covers(member.in_force)
    if is_paused(state, rules) and not rules.paused and case.counted and counts_there(member):
        if case.system == "recurly" and not covers:
            return None
        return member.ruled(paused=True), "billing has it as paused, and ChartMogul keeps it"
    paused = state.paused_at is not None and state.paused_at < rules.cut
    if paused and member.minor and not case.counted and not covers:
        return member.ruled(absent=True), "it is paused, and no line covers the end of the month"
    return None


def cancel_timing(case: Case) -> Shown | None:
    return each_member(case, Cause.CANCEL_TIMING, _cancel_timing)


def _cancel_timing(case: Case, member: Member) -> Change | None:
    state, rules, cut = member.state, member.rules, case.around.cut.end
    end = state.ended_at or state.ends_at
    covers = member.reader.covers(member.in_force)
    runs = (end is not None and end >= cut) or covers
    kept = runs and case.counted and counts_there(member)
    if asked(state, rules) and rules.cancellation == "at_request" and kept:
        return member.ruled(cancellation="at_end", ended=covers), "it was cancelled, and its term goes on"
    if end is not None and end < cut and covers and kept and not rules.ended:
        return member.ruled(
            ended=True
        ), "it ended within a term that is paid, and ChartMogul counts to its end"
    gone = rules.cancellation == "at_end" and member.minor and not case.counted and _at_request(case)
    if asked(state, rules) and gone:
        return member.ruled(cancellation="at_request"), "ChartMogul let it churn when it was cancelled"
    return None


def _at_request(case: Case) -> bool:
    return case.churned or "time_of_cancel" in (case.around.settings.churn_recognition or "")


# -- refunds


def refund_rule(case: Case) -> Shown | None:
    if shown := _left_out(case):
        return shown
    handling = case.around.settings.refund_handling
    if case.system != "stripe" or handling == REFUNDS_IGNORED:
        return None
    changed, records = case.members, []
    for member in case.members:
        less = member.counted_value(True) - member.counted_value(False)
        if less:
            lower = member.ruled(added=member.rules.added + less)
            changed = tuple(lower if each is member else each for each in changed)
            paid_back = refunded(member.lines, case.around.cut.end, case.around.paid_back)
            records += [member.sub.id, *[each for each in paid_back][:5]]
    why = "invoices of counted lines were paid back, and refunds of this source reduce the MRR"
    shown = Shown(Cause.REFUND_RULE, why, tuple(records), changed, proven=case.refunds_bite)
    return shown if records else None


def _left_out(case: Case) -> Shown | None:
    """No line is left of it: only where the source is known to do so, and billing paid it back."""
    if not case.row.source.documented_full_refunds or case.counted or case.lines or not case.figure:
        return None
    refunds = {
        member.sub.id: each.id
        for member in case.members
        for each in case.around.refunds.get(member.sub.customer_id, ())
        if each.amount >= member.minor and each.currency == member.sub.currency
    }
    if len(refunds) < len(case.members):
        return None
    why = "it was paid back in full, and the source is known to leave such invoices out"
    changed = tuple(each.ruled(absent=True) for each in case.members)
    return Shown(Cause.REFUND_RULE, why, tuple(sorted([*refunds, *refunds.values()])), changed, proven=True)
