"""Dates and time spans, as a person types and reads them."""

from datetime import UTC, date, datetime, timedelta

from operations.errors import Stopped

UNITS = (("day", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def in_words(length: timedelta) -> str:
    """`1 h 30 min`."""
    left, words = length.total_seconds(), []
    for unit, seconds in UNITS:
        count, left = divmod(left, seconds)
        if count:
            plural = "s" if unit == "day" and count > 1 else ""
            words.append(f"{count:g} {unit}{plural}")
    return " ".join(words) or "0 s"


def shown(instant: datetime) -> str:
    """`2026-10-01`, with the time of day only where it says something."""
    instant = instant.astimezone(UTC)
    midnight = not (instant.hour or instant.minute or instant.second)
    return f"{instant:%Y-%m-%d}" if midnight else f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def time_span(first: str, last: str) -> tuple[datetime, datetime]:
    """What `--from` and `--to` name. Raises Stopped."""
    start, end = instant("--from", first), instant("--to", last)
    if start >= end:
        raise Stopped(f"--from {shown(start)} must lie before --to {shown(end)}, which is not included.")
    return start, end


def instant(option: str, text: str) -> datetime:
    """A date is its first second; UTC where no offset is given."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        wanted = "a date such as 2026-10-01, or 2026-10-01T08:00+02:00"
        raise Stopped(f"{option} {text!r} is not {wanted}.") from None
    if not 1990 <= read.year <= 2200:
        raise Stopped(f"{option} {text} must lie between 1990 and 2200.")
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def local(instant: datetime) -> str:
    """`29 Nov 10:00 CET`: the time of the machine that the command runs on, with its zone."""
    return f"{instant.astimezone():%d %b %H:%M %Z}"


def month(option: str, text: str) -> date:
    """`2026-10`, or any day of it: its first day."""
    read = text.strip()
    try:
        day = date.fromisoformat(f"{read}-01" if len(read) == len("2026-10") else read)
    except ValueError:
        raise Stopped(f"{option} {text!r} is not a month such as 2026-10.") from None
    if not 1990 <= day.year <= 2200:
        raise Stopped(f"{option} {text} must lie between 1990 and 2200.")
    return day.replace(day=1)
