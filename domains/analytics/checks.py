"""What was counted, against ChartMogul's own metrics: is the MRR the same, and which churn rate is theirs?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.analytics import Checked, Formula, MonthCounts

TOLERANCE = 0.001
"""Of a month's MRR."""

POINTS = 0.05
"""Percentage points in which two rates may differ: ChartMogul rounds them."""

ENOUGH = 0.95
"""Of the months, in which a formula must fit: a month is restated now and then."""


@dataclass(frozen=True)
class Metrics:
    """Of one month, as ChartMogul says."""

    mrr_cents: float | None
    churn_percent: float | None


def checked(months: Sequence[MonthCounts], theirs: Mapping[date, Metrics]) -> Checked:
    """Of whole months alone: the last one runs."""
    whole = [(each, theirs[each.month]) for each in months[:-1] if each.month in theirs]
    off = {each.month: each.mrr_cents - said.mrr_cents for each, said in whole if said.mrr_cents is not None}
    too_far = {
        each.month: off[each.month]
        for each, said in whole
        if each.month in off and abs(off[each.month]) > TOLERANCE * abs(said.mrr_cents or 0)
    }
    worst = max(too_far, key=lambda month: abs(too_far[month]), default=None)
    return Checked(
        months=len(off),
        months_off=len(too_far),
        worst_month=worst,
        worst_cents=round(too_far[worst]) if worst else 0,
        formula=_formula(whole),
    )


FORMULAS: dict[Formula, Callable[[MonthCounts], float]] = {
    "standard": lambda each: each.churned / each.customers_before,
    "shopify": lambda each: each.churned_daily,
}
"""In this order: where both fit, nothing tells them apart."""


def _formula(whole: Sequence[tuple[MonthCounts, Metrics]]) -> Formula:
    told = [
        (each, said.churn_percent)
        for each, said in whole
        if said.churn_percent is not None and each.customers_before
    ]
    if not told:
        return "unknown"
    for name, rate in FORMULAS.items():
        fits = sum(abs(100 * rate(each) - said) <= POINTS for each, said in told)
        if fits >= ENOUGH * len(told):
            return name
    return "neither"
