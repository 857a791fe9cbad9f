"""One rule after the other, in the order of `STEPS`: what each changes of billing's figure is its cause's.

ChartMogul − billing = the causes + what is unexplained, in whole minor units, by construction.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from domains.reconciliation.causes import standing, structure, terms
from domains.reconciliation.causes.case import Case, Shown
from domains.reconciliation.rates import NoRate
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Explained, RuledOut

Step = Callable[[Case], Shown | None]

STEPS: Mapping[Cause, Step] = MappingProxyType(
    {
        Cause.UNIT_EXPONENT: structure.unit_exponent,
        Cause.DRIFT: structure.drift,
        Cause.TIMEZONE_EDGE: structure.timezone_edge,
        Cause.IMPORT_LAG: structure.import_lag,
        Cause.IMPORT_ERROR: structure.import_error,
        Cause.DUPLICATE_SOURCE: structure.duplicate_source,
        Cause.DELETED_IN_BILLING: structure.deleted_in_billing,
        Cause.IGNORED: structure.ignored,
        Cause.INVOICE_HANDLING: standing.invoice_handling,
        Cause.FREE_OR_TRIAL: standing.free_or_trial,
        Cause.UNPAID_COUNTED: standing.unpaid_counted,
        Cause.PAUSED_COUNTED: standing.paused_counted,
        Cause.CANCEL_TIMING: standing.cancel_timing,
        Cause.REFUND_RULE: standing.refund_rule,
        Cause.ONE_TIME_AS_RECURRING: terms.one_time_as_recurring,
        Cause.METERED_COUNTED: terms.metered_counted,
        Cause.UNBILLED_CHANGE: terms.unbilled_change,
        Cause.SCHEDULED_CHANGE: terms.scheduled_change,
        Cause.PRORATION_FLAG: terms.proration_flag,
        Cause.TAX_INCLUDED: terms.tax_included,
        Cause.DISCOUNT_RULE: terms.discount_rule,
        Cause.PERIOD_FACTOR: terms.period_factor,
        Cause.FX_RATE_DATE: terms.fx_rate_date,
        Cause.USER_EDIT: terms.user_edit,
    }
)

BEFORE = (Cause.INCOMPLETE_READ, Cause.MERGED_CUSTOMER, Cause.MIGRATED_SUBSCRIPTION)
"""Looked for over all rows, not in one of them."""

ORDER: list[Cause] = sorted(
    {*BEFORE, *STEPS, Cause.ROUNDING, Cause.UNEXPLAINED}, key=list(Cause.__members__.values()).index
)

NOT_SHOWN: Mapping[Cause, str] = {
    Cause.UNIT_EXPONENT: "the currency has two decimals, or the amounts are no power of ten apart",
    Cause.DRIFT: "nothing tells that it was changed after the end of the month",
    Cause.TIMEZONE_EDGE: "nothing of it lies between the two ends of the month",
    Cause.IMPORT_LAG: "its source waits for no import, or has its lines",
    Cause.IMPORT_ERROR: "none of its lines was refused",
    Cause.DUPLICATE_SOURCE: "no other source counts it",
    Cause.MIGRATED_SUBSCRIPTION: "no other difference of the customer is its opposite within seven days",
    Cause.DELETED_IN_BILLING: "billing does not say that it is gone",
    Cause.IGNORED: "the configuration leaves neither its plan nor its customer out",
    Cause.INVOICE_HANDLING: "its first invoice is not open",
    Cause.FREE_OR_TRIAL: "it is in no trial, and not free",
    Cause.UNPAID_COUNTED: "it is neither unpaid nor past due for too long",
    Cause.PAUSED_COUNTED: "it is not paused, or both sides do the same",
    Cause.CANCEL_TIMING: "nobody has cancelled it, or both sides do the same",
    Cause.REFUND_RULE: "no counted invoice was paid back, or refunds do not count here",
    Cause.ONE_TIME_AS_RECURRING: "no line is of a one-time item",
    Cause.METERED_COUNTED: "no line is of usage",
    Cause.UNBILLED_CHANGE: "quantity and plan are those of the line, or were changed before it",
    Cause.SCHEDULED_CHANGE: "nothing is agreed for later, or neither side counts it",
    Cause.PRORATION_FLAG: "no line is shorter than its plan's period without being marked",
    Cause.TAX_INCLUDED: "no price has a tax, or the lines have it too",
    Cause.DISCOUNT_RULE: "no coupon was in force that one side leaves out",
    Cause.PERIOD_FACTOR: "prices and lines are for the same periods, in the same part of a month",
    Cause.FX_RATE_DATE: "it is in the account's currency, or does not agree in its own",
    Cause.USER_EDIT: "no person edited a line",
}
WITHDRAWN = "it may apply, but the amounts in the records do not bear it out"


class Explanation(NamedTuple):
    causes: list[Explained]
    unexplained: int
    ruled_out: list[RuledOut]


def explain(case: Case) -> Explanation:
    """All that the records show, where it comes to the difference; else only what amounts of single records
    prove. What is left is never given to a cause."""
    start = case.members
    shown, rest = _tried(case, STEPS)
    proven = {each.cause for each in shown if each.proven}
    dropped: list[Cause] = []
    if abs(rest) > case.tolerance and len(proven) < len(shown):
        dropped = [each.cause for each in shown if not each.proven]
        case.members = start
        shown, rest = _tried(case, proven)
    causes = [_explained(each) for each in shown]
    if rest and abs(rest) <= case.tolerance and _has_lines(case):
        why = f"within {case.tolerance} for the lines and items that are rounded"
        causes.append(Explained(cause=Cause.ROUNDING, minor=rest, why=why))
        rest = 0
    return Explanation(causes, rest, _ruled_out(case, causes, dropped) if rest else [])


def _has_lines(case: Case) -> bool:
    return any(each.in_force for each in case.members)


def _tried(case: Case, allowed: Container[Cause]) -> tuple[list[Shown], int]:
    """Leaves the case's members as they count after all of it."""
    found: list[Shown] = []
    direct = 0
    for cause, step in STEPS.items():
        shown = _shown(case, step) if cause in allowed else None
        if shown is None:
            continue
        minor = shown.minor
        if shown.members is not None:
            before, case.members = case.figure, shown.members
            minor = case.figure - before
        else:
            direct += minor
        if minor:
            found.append(replace(shown, minor=minor))
    return found, case.total - case.figure - direct


def _shown(case: Case, step: Step) -> Shown | None:
    """Without a rate there is nothing to show."""
    try:
        shown = step(case)
        if shown is not None and shown.members is not None:
            _ = [each.converted for each in shown.members]
        return shown
    except NoRate:
        return None


def _explained(shown: Shown) -> Explained:
    records = list(dict.fromkeys(shown.records))[:20]
    return Explained(cause=shown.cause, minor=shown.minor, why=shown.why, records=records)


def _ruled_out(case: Case, causes: list[Explained], dropped: list[Cause]) -> list[RuledOut]:
    named = {each.cause for each in causes}
    return [
        RuledOut(cause=cause, why=WITHDRAWN if cause in dropped else why)
        for cause, why in NOT_SHOWN.items()
        if cause not in named
    ]
