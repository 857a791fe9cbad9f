"""Movements → a book: one pass in order of time, in which each movement changes a few sums."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from domains.analytics.calendar import Calendar, month_of, number_of
from domains.analytics.movements import (
    CHURN,
    CONTRACTION,
    EXPANSION,
    KINDS,
    NEW,
    OTHER,
    REACTIVATION,
    Movement,
    Movements,
)
from models.analytics import MOST_MONTHS, CohortCounts, MonthCounts
from models.zones import zone_of

DUST = 2
"""Cents that rounding of currencies leaves behind: so little counts as nothing."""

NEVER = -1


@dataclass
class Counted:
    months: list[MonthCounts]
    cohorts: list[CohortCounts]
    returned: int
    """Customers whose history starts with a reactivation."""
    otherwise: int
    """Customers with neither that nor New Business."""

    @property
    def first(self) -> date | None:
        return self.months[0].month if self.months else None


def count(movements: Movements, time_zone: str, as_of: datetime) -> Counted:
    """All up to `as_of`, whose month is the last one and not over."""
    last, calendar = int(as_of.timestamp()), Calendar(zone_of(time_zone))
    walk = _Walk(movements.customers, movements.with_new_business(last), calendar)
    walk.go(movements.until(last), last)
    months = walk.months[-MOST_MONTHS:]
    first = months[0].month if months else date.max
    cohorts = [each.counts() for _, each in sorted(walk.cohorts.items())]
    return Counted(months, [each for each in cohorts if each.month >= first], walk.returned, walk.otherwise)


@dataclass(slots=True)
class _Cohort:
    number: int
    customers: int = 0
    new: int = 0
    new_ever: int = 0
    returned: int = 0
    active: int = 0
    mrr: int = 0
    ever_churned: int = 0
    kept: tuple[list[int], list[int], list[int]] = field(default_factory=lambda: ([], [], []))

    def keep(self) -> None:
        for into, now in zip(self.kept, (self.active, self.mrr, self.ever_churned), strict=True):
            into.append(now)

    def counts(self) -> CohortCounts:
        active, mrr, ever_churned = self.kept
        return CohortCounts(
            month=month_of(self.number),
            customers=self.customers,
            new_cents=self.new,
            new_ever_cents=self.new_ever,
            returned_cents=self.returned,
            active=active,
            mrr_cents=mrr,
            ever_churned=ever_churned,
        )


@dataclass(slots=True)
class _Span:
    """A day or a month that is being counted. `touched` has who moved in it, and whether they were active
    at its start."""

    customers: int
    mrr: int
    touched: dict[int, bool] = field(default_factory=dict)
    cents: list[int] = field(default_factory=lambda: [0] * (OTHER + 1))
    left: int = 0

    @property
    def lost(self) -> int:
        return -self.cents[CHURN] - self.cents[CONTRACTION]


def _paid(cents: int) -> int:
    return 0 if -DUST <= cents <= DUST else cents


class _Walk:
    def __init__(self, customers: int, has_new: bytearray, calendar: Calendar) -> None:
        self.months: list[MonthCounts] = []
        self.cohorts: dict[int, _Cohort] = {}
        self.returned = self.otherwise = 0
        self._has_new, self._calendar = has_new, calendar
        self._running = [0] * customers
        self._cohort_of: list[_Cohort | None] = [None] * customers
        self._since = array("i", [NEVER]) * customers
        """Month of the first movement."""
        self._active_in = array("i", [NEVER]) * customers
        """Month in which the customer last became active."""
        self._churned = bytearray(customers)
        self._customers = self._mrr = 0
        self._month, self._month_end, self._day_end = NEVER, 0, 0
        self._of_month = self._of_day = _Span(0, 0)
        self._daily = [0.0] * 5

    def go(self, rows: Iterable[Movement], last: int) -> None:
        for who, at, kind, cents in rows:
            if at >= self._day_end:
                self._go_on_to(at)
            self._take(who, kind, cents)
        if self._month != NEVER:
            self._go_on_to(last)
            self._close_month()

    def _go_on_to(self, at: int) -> None:
        day = self._calendar.day_of(at)
        if self._month == NEVER:
            self._open_month(number_of(day))
        else:
            self._close_day()
        while at >= self._month_end:
            self._close_month()
            self._open_month(self._month + 1)
        self._of_day, self._day_end = _Span(self._customers, self._mrr), self._calendar.end_of(day)

    def _open_month(self, number: int) -> None:
        self._month = number
        self._month_end = self._calendar.start_of(month_of(number + 1))
        self._of_month, self._daily = _Span(self._customers, self._mrr), [0.0] * 5

    def _take(self, who: int, kind: int, cents: int) -> None:
        before = self._running[who]
        after = self._running[who] = before + cents
        was, active, day = before > DUST, after > DUST, self._of_day
        if who not in day.touched:
            day.touched[who] = was
            self._of_month.touched.setdefault(who, was)
        day.cents[kind] += cents
        paid = _paid(after) - _paid(before)
        self._mrr += paid
        cohort = self._cohort_of[who] or self._join(who, kind, cents, before)
        if cohort:
            cohort.mrr += paid
            if kind == NEW:
                self._buys(cohort, cents)
        if was is not active:
            self._turns(who, cohort, active)

    def _turns(self, who: int, cohort: _Cohort | None, active: bool) -> None:
        change = 1 if active else -1
        self._customers += change
        if cohort:
            cohort.active += change
        if active:
            self._active_in[who] = self._month
            return
        self._of_day.left += 1
        if not self._churned[who]:
            self._churned[who] = 1
            if cohort:
                cohort.ever_churned += 1

    def _buys(self, cohort: _Cohort, cents: int) -> None:
        cohort.new_ever += cents
        if cohort.number == self._month:
            cohort.new += cents

    def _join(self, who: int, kind: int, cents: int, before: int) -> _Cohort | None:
        """At the first New Business; at the first movement where that is a reactivation, or where there is no
        New Business at all."""
        first = self._since[who] == NEVER
        if first:
            self._since[who] = self._month
        returns = first and kind == REACTIVATION
        if not (kind == NEW or returns or not self._has_new[who]):
            return None
        found = self.cohorts.setdefault(self._month, _Cohort(self._month))
        self._cohort_of[who] = found
        found.customers += 1
        found.active += before > DUST
        found.mrr += _paid(before)
        found.ever_churned += self._churned[who]
        found.returned += cents if returns else 0
        self.returned += returns
        self.otherwise += not returns and kind != NEW
        return found

    def _close_day(self) -> None:
        """Of a day without a movement nothing is lost."""
        day, daily = self._of_day, self._daily
        for kind, cents in enumerate(day.cents):
            self._of_month.cents[kind] += cents
        if day.customers > 0:
            gone = sum(was and self._running[who] <= DUST for who, was in day.touched.items())
            daily[0] += day.left / day.customers
            daily[1] += gone / day.customers
        if day.mrr > 0:
            back = day.cents[REACTIVATION]
            daily[2] += day.lost / day.mrr
            daily[3] += max(day.lost - back, 0) / day.mrr
            daily[4] += (day.lost - back - day.cents[EXPANSION]) / day.mrr

    def _close_month(self) -> None:
        for each in self.cohorts.values():
            each.keep()
        month = self._of_month
        gone = [(who, was) for who, was in month.touched.items() if self._running[who] <= DUST]
        churned, churned_net, lost, lost_net, net_lost = self._daily
        self.months.append(
            MonthCounts(
                month=month_of(self._month),
                customers_before=month.customers,
                customers=self._customers,
                mrr_before_cents=month.mrr,
                mrr_cents=self._mrr,
                churned=sum(was for _, was in gone),
                back_and_gone=sum(self._came_back(who) for who, was in gone if not was),
                cents=dict(zip(KINDS, month.cents, strict=False)),
                churned_daily=churned,
                churned_daily_net=churned_net,
                lost_daily=lost,
                lost_daily_net=lost_net,
                net_lost_daily=net_lost,
            )
        )

    def _came_back(self, who: int) -> bool:
        """Was active in this month, and a customer before it."""
        return self._active_in[who] == self._month and self._since[who] < self._month
