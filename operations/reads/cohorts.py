"""Cohorts for whoever cannot take a table of thousands of cells."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client

import temporal
from models.reads.cohorts import CohortMetric, CohortRow, Cohorts, RelativeTo
from operations.reads.account import NotAnswered, Source
from operations.reads.pages import Wanted, page_of
from settings import Settings

PATIENCE = timedelta(seconds=12)
"""How long whoever asks waits; the run goes on."""

MOST_MONTHS = 36


async def cohorts(
    settings: Settings,
    source: Source,
    metric: CohortMetric,
    start_month: str,
    end_month: str,
    months: int,
    relative_to: RelativeTo,
    wanted: Wanted,
    connect: Callable[[], Awaitable[Client]] = temporal.connect,
) -> Cohorts:
    """The same table as `mogulflow analytics cohorts`. Raises Stopped, NotAnswered."""
    from models.analytics import CohortWish
    from operations.analytics import cohorts as computed

    if months > MOST_MONTHS:
        raise NotAnswered("too_large", f"More than {MOST_MONTHS} months.", "Ask for fewer months.")
    wish = CohortWish.model_validate(
        {"metric": metric, "months": months, "relative_to": relative_to}
        | ({"start_month": start_month} if start_month else {})
        | ({"end_month": end_month} if end_month else {})
    )
    table, about = await asyncio.gather(
        computed(settings, source.account, wish, patience=PATIENCE, connect=connect),
        source.about_if_it_answers(),
    )
    rows, told = page_of([_row(each) for each in table.cohorts], wanted)
    as_of = about.local(table.as_of)
    known = {"currency": table.currency, "time_zone": table.time_zone, "as_of": as_of}
    return Cohorts.model_validate(
        about.envelope
        | {name: value for name, value in known.items() if value}
        | {
            "status": table.status,
            "run_id": table.run_id,
            "message": table.message,
            "metric": metric,
            "relative_to": relative_to,
            "cohorts": rows,
            "notes": table.notes,
        }
        | told
    )


def _row(cohort: Any) -> CohortRow:
    cells: Sequence[Any] = cohort.cells
    return CohortRow(
        month=f"{cohort.month:%Y-%m}",
        customers=cohort.customers,
        value_cents=cohort.value_cents,
        percent=[each.percent if each.percent is None else round(each.percent, 2) for each in cells],
        active=[each.customers for each in cells],
        mrr_cents=[each.mrr_cents for each in cells],
        partial=bool(cells) and cells[-1].partial,
    )
