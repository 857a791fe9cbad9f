"""An account's time zone, by which ChartMogul cuts days and months, and its people count them."""

from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


def day_in(zone: str, instant: datetime) -> date:
    return instant.astimezone(zone_of(zone)).date()


@lru_cache
def zone_of(zone: str) -> tzinfo:
    """UTC where this machine does not know the zone: a run must not stop for it."""
    try:
        return ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        return UTC
