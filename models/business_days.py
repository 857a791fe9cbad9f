"""Business days: Monday to Friday, without the holidays of a country."""

from datetime import date
from typing import Annotated

import holidays
from pydantic import AfterValidator


def _known(code: str) -> str:
    if code not in holidays.list_supported_countries():  # imports all of them: not for those who give none
        raise ValueError(f"{code!r} is no country whose holidays are known; use its code, such as DE or US")
    return code


Country = Annotated[str, AfterValidator(_known)]


def business_day(start: date, days: int, country: str | None) -> date:
    """So many business days after `start`."""
    calendar = holidays.country_holidays(country) if country else holidays.HolidayBase()
    return calendar.get_nth_working_day(start, days)
