"""ChartMogul's metrics, added up from the same movements that its lists show."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from simulators.chartmogul.ledger import Ledger
from simulators.kit.seed import Customer

INTERVALS = ("day", "week", "month", "quarter", "year")
AT_A_TIME = 500
"""Customers that are added up before other calls get their turn."""

Move = tuple[float, str, int, int]
"""Instant, type, cents, and what the customer pays after it."""


@dataclass
class Sums:
    """Of one day, or of an interval: cents by type of movement, and customers who came and went."""

    cents: dict[str, int] = field(default_factory=dict)
    new: int = 0
    joined: int = 0
    left: int = 0

    def add(self, other: "Sums") -> None:
        for kind, cents in other.cents.items():
            self.cents[kind] = self.cents.get(kind, 0) + cents
        self.new, self.joined, self.left = (
            self.new + other.new, self.joined + other.joined, self.left + other.left,
        )  # fmt: skip


@dataclass(frozen=True)
class Interval:
    last_day: date
    sums: Sums
    mrr: int
    """At its end, as `customers`."""
    customers: int
    mrr_before: int
    customers_before: int


Days = dict[int, Sums]
"""By ordinal of the day, in the account's zone."""


class Totals:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seeded: dict[str, Days] = {}
        self._turn = asyncio.Lock()

    async def over(self, ends: list[date]) -> list[Interval]:
        """Between each of these days and the next."""
        days = await self._days()
        ordinals = sorted(days)
        found, mrr, customers, position = list[Interval](), 0, 0, 0
        for end in ends:
            sums = Sums()
            while position < len(ordinals) and ordinals[position] <= end.toordinal():
                sums.add(days[ordinals[position]])
                position += 1
            before = mrr, customers
            mrr += sum(sums.cents.values())
            customers += sums.joined - sums.left
            found.append(Interval(end, sums, mrr, customers, *before))
        return found[1:]

    async def _days(self) -> Days:
        """As it was at the start, but for the customers of whom something is not as it was then."""
        zone = self._ledger.rules.metrics_zone
        async with self._turn:
            if zone not in self._seeded:
                self._seeded[zone] = await self._at_the_start(ZoneInfo(zone))
        days = {day: replace(sums, cents=dict(sums.cents)) for day, sums in self._seeded[zone].items()}
        for number in self._ledger.touched():
            _count(days, self._steps(number), ZoneInfo(zone), -1)
            customer = self._ledger.customers.find(self._ledger.customers.numbered(number).uuid)
            if customer:
                _count(days, self._moves(customer), ZoneInfo(zone), 1)
        return days

    async def _at_the_start(self, zone: ZoneInfo) -> Days:
        days: Days = {}
        for number in self._ledger.seed.numbers():
            _count(days, self._steps(number), zone, 1)
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
        return days

    def _steps(self, number: int) -> Iterator[Move]:
        if self._ledger.customers.newcomers.has(number):
            return
        for step in self._ledger.past.history.steps(number):
            yield step.at, step.type, step.cents, step.after

    def _moves(self, customer: Customer) -> Iterator[Move]:
        ledger, shown = self._ledger, self._ledger.shown
        running = ledger.running_mrr(customer, shown)
        for movement in ledger.movements(customer, shown):
            yield movement.date.timestamp(), movement.type, movement.cents, running[movement.id]


def ends(start: date, end: date, interval: str) -> list[date]:
    """The day before the first interval, and each interval's last day; the last is cut at `end`."""
    found = [start - timedelta(days=1)]
    while found[-1] < end:
        found.append(min(_last_day(found[-1] + timedelta(days=1), interval), end))
    return found


def _last_day(day: date, interval: str) -> date:
    """Of the interval that the day is in; a week ends on Sunday."""
    if interval == "day":
        return day
    if interval == "week":
        return day + timedelta(days=6 - day.weekday())
    months = {"month": 1, "quarter": 3, "year": 12}[interval]
    last = (day.month - 1) // months * months + months
    return date(day.year + last // 12, last % 12 + 1, 1) - timedelta(days=1)


def _count(days: Days, moves: Iterable[Move], zone: ZoneInfo, sign: int) -> None:
    before = 0
    for at, kind, cents, after in moves:
        day = datetime.fromtimestamp(at, zone).toordinal()
        sums = days.get(day) or days.setdefault(day, Sums())
        sums.cents[kind] = sums.cents.get(kind, 0) + sign * cents
        if before == 0 < after:
            sums.joined += sign
            sums.new += sign * (kind == "new_biz")
        elif after == 0 < before:
            sums.left += sign
        before = after
