"""Where a month ends, in every zone that is known."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from domains.reconciliation.cut import end_of_month, holds, last_day, local_day, month_cut


@pytest.mark.parametrize(
    ("zone", "period", "start", "end"),
    [
        ("Europe/Berlin", "2026-10", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("America/New_York", "2026-10", "2026-10-01T04:00", "2026-11-01T04:00"),
        ("America/New_York", "2026-11", "2026-11-01T04:00", "2026-12-01T05:00"),
        ("Pacific/Auckland", "2026-10", "2026-09-30T11:00", "2026-10-31T11:00"),
        ("Pacific/Auckland", "2026-09", "2026-08-31T12:00", "2026-09-30T11:00"),
        ("Pacific/Kiritimati", "2026-10", "2026-09-30T10:00", "2026-10-31T10:00"),
        ("Europe/Berlin", "2028-02", "2028-01-31T23:00", "2028-02-29T23:00"),
        ("Europe/Berlin", "2026-12", "2026-11-30T23:00", "2026-12-31T23:00"),
        ("UTC", "2026-02", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("Nowhere/Known", "2026-02", "2026-02-01T00:00", "2026-03-01T00:00"),
    ],
)
def test_a_month_in_its_zone(zone: str, period: str, start: str, end: str) -> None:
    cut = month_cut(period, zone)
    assert (cut.start.isoformat()[:16], cut.end.isoformat()[:16]) == (start, end)


def test_it_is_half_open() -> None:
    cut = month_cut("2026-10", "Pacific/Auckland")
    second = timedelta(seconds=1)
    assert [holds(cut, cut.start - second), holds(cut, cut.start)] == [False, True]
    assert [holds(cut, cut.end - second), holds(cut, cut.end)] == [True, False]


def test_months_follow_each_other_without_a_gap_in_every_zone() -> None:
    """A month that came back a day early was the bug: local days of both ends, over leap days and changes of
    clocks."""
    zones = sorted(available_timezones())
    assert len(zones) >= 400
    for zone in zones:
        for period, following in (("2026-03", "2026-04"), ("2026-10", "2026-11"), ("2028-02", "2028-03")):
            cut, after = month_cut(period, zone), month_cut(following, zone)
            assert cut.end == after.start
            assert local_day(cut, cut.end - timedelta(seconds=1)) == last_day(period)
            assert cut.end.astimezone(ZoneInfo(zone)).day == 1


@pytest.mark.parametrize(
    ("period", "day"), [("2027-02", 28), ("2028-02", 29), ("2026-04", 30), ("2026-12", 31)]
)
def test_the_last_day(period: str, day: int) -> None:
    assert last_day(period) == date(int(period[:4]), int(period[5:]), day)


def test_where_a_day_was_left_out_the_month_ends_where_the_next_one_begins() -> None:
    """Samoa had no 30th of December 2011; and where clocks skip midnight a day begins at one."""
    assert end_of_month("2011-12", "Pacific/Apia") == datetime(2011, 12, 31, 10, tzinfo=UTC)
    skipped = end_of_month("2017-09", "America/Asuncion").astimezone(ZoneInfo("America/Asuncion"))
    assert (skipped.day, skipped.hour) == (1, 1)
