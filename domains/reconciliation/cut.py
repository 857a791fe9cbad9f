"""A month in an account's zone: where it begins and ends, as instants."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from models.reconciliation.books import MonthCut
from models.zones import day_in, zone_of

MINUTE = timedelta(minutes=1)


def month_cut(period: str, time_zone: str) -> MonthCut:
    """Of `2026-10`. A zone that this machine does not know is UTC, as everywhere: the cut then says so."""
    return MonthCut(
        period=period,
        time_zone=time_zone,
        start=_start_of(_first(period), time_zone),
        end=end_of_month(period, time_zone),
    )


@lru_cache(256)
def end_of_month(period: str, time_zone: str) -> datetime:
    """The first instant that is not of the month any more."""
    return _start_of(_after(_first(period)), time_zone)


def last_day(period: str) -> date:
    return _after(_first(period)) - timedelta(days=1)


def holds(cut: MonthCut, instant: datetime) -> bool:
    return cut.start <= instant < cut.end


def local_day(cut: MonthCut, instant: datetime) -> date:
    return day_in(cut.time_zone, instant)


def _first(period: str) -> date:
    year, _, month = period.partition("-")
    return date(int(year), int(month), 1)


def _after(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _start_of(day: date, time_zone: str) -> datetime:
    """Where clocks skip midnight, the instant that they skip at; where they show it twice, the first one."""
    zone = zone_of(time_zone)
    instant = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return instant if _day(instant, zone) == day else _first_of(day, instant, zone)


def _first_of(day: date, near: datetime, zone: tzinfo) -> datetime:
    """Zones that left out a whole day, too: then it begins where the next one does."""
    instant = near
    while _day(instant, zone) < day:
        instant += MINUTE
    while _day(instant - MINUTE, zone) >= day:
        instant -= MINUTE
    return instant


def _day(instant: datetime, zone: tzinfo) -> date:
    return instant.astimezone(zone).date()
