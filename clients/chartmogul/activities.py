"""ChartMogul's list of all MRR movements, as records."""

import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from clients.chartmogul.dates import ADVICE, CALL, PAGE, Get, Row, read_on, whole_second
from clients.kit.errors import Rejected
from clients.kit.http import mismatches, refused
from models.chartmogul import Activity, ActivityBlock


async def read_activities(
    get: Get, start: datetime, end: datetime, page_size: int = PAGE
) -> AsyncIterator[ActivityBlock]:
    """Movements with start <= date < end, oldest first. `get` is called as `get(call, path, **query)`."""
    start, end = whole_second(start), whole_second(end)
    while start < end:
        step = await read_on(get, start, end, page_size)
        rows, unreadable = _rows(step.rows)
        unreadable += _rows(step.outside)[1]
        if len(unreadable) >= page_size and not rows and step.until < end:
            raise refused(CALL, Rejected, f"no row of a page can be read: {unreadable[:1]}", ADVICE)
        yield ActivityBlock(rows=rows, until=step.until, unreadable=unreadable, requests=step.requests)
        start = step.until


def _rows(entries: Iterable[Row]) -> tuple[list[Activity], list[str]]:
    """A row of another shape must not stop the others, nor be passed over in silence."""
    rows, unreadable = [], []
    for entry in entries:
        try:
            rows.append(Activity.model_validate(entry))
        except ValidationError as error:
            unreadable.append(f"{named(entry)}: {mismatches(error)}")
    return rows, unreadable


def named(entry: dict[str, Any]) -> str:
    """Its date and id, nothing else: a row of another shape may have a name in their place."""
    given = (_text(entry.get(name)) for name in ("date", "uuid"))
    return " ".join(re.sub(r"[^\w:+.-]|[g-zG-SU-Y]", "", each[:200])[:40] for each in given)


def _text(value: object) -> str:
    return value if isinstance(value, str) else "-"
