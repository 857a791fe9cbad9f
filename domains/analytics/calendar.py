"""Days and months as an account's zone cuts them, in whole seconds since 1970."""

from datetime import date, datetime, timedelta, tzinfo

DAY = timedelta(days=1)


class Calendar:
    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def day_of(self, second: int) -> date:
        return datetime.fromtimestamp(second, self._zone).date()

    def start_of(self, day: date) -> int:
        """The first second of a day. Where clocks skip midnight it is the one they skip to."""
        return int(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp())

    def end_of(self, day: date) -> int:
        return self.start_of(day + DAY)


def number_of(month: date) -> int:
    """Months are counted, so that they can be added."""
    return month.year * 12 + month.month - 1


def month_of(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def months_later(month: date, count: int) -> date:
    return month_of(number_of(month) + count)
