"""Who left, how much that was, and who is going to leave."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from clients.kit.errors import NotFound
from models.chartmogul_details import ActivityDetail, CustomerDetail, ScheduledEvent
from models.foreign import foreign
from models.reads.movements import Churn, ChurnRow, Rates, ScheduledCancellation
from operations.reads.account import About, NotAnswered, Source
from operations.reads.metrics import query_of
from operations.reads.movements import read
from operations.reads.pages import Wanted, page_of

SCHEDULED = "subscription_cancellation_scheduled"
RETRACTED = "scheduled_subscription_cancellation_retracted"

MOST_SCHEDULED = 25
MOST_ASKED = 10
"""Customers of a page who are read for tenure and reason: a call each."""

MOST_MONTHS = 24


async def churn(
    source: Source,
    start: date,
    end: date,
    wanted: Wanted,
    min_cents: int = 0,
    reason_attribute: str | None = None,
    *,
    include_scheduled: bool = False,
) -> Churn:
    """The largest first; totals are of all rows of at least `min_cents`. Raises NotAnswered,
    IntegrationError."""
    if (end - start).days > MOST_MONTHS * 31:
        raise NotAnswered("too_large", f"More than {MOST_MONTHS} months.", "Take a shorter range.")
    query_of(start, end, "month")
    about = await source.about()
    found = [each for each in await read(source, about, start, end, ["churn"]) if -each.movement >= min_cents]
    found.sort(key=lambda row: (row.movement, row.date))
    page, told = page_of([_row(about, each) for each in found], wanted)
    rows, rates, (scheduled, notes) = await asyncio.gather(
        _with_details(source, page, reason_attribute),
        _rates(source, about, start, end),
        _scheduled(source, about) if include_scheduled else _none(),
    )
    return Churn.model_validate(
        about.envelope
        | {
            "start_date": start,
            "end_date": end,
            "lost_cents": sum(each.movement for each in found),
            "churned_customers": len({each.customer_uuid for each in found}),
            "rates": rates,
            "rows": rows,
            "scheduled": scheduled,
            "notes": [*notes, *_undetailed(page, reason_attribute)],
        }
        | told
    )


async def _none() -> tuple[list[ScheduledCancellation] | None, list[str]]:
    return None, []


def _row(about: About, row: ActivityDetail) -> ChurnRow:
    return ChurnRow(
        date=row.date.astimezone(about.zone),
        cents=row.movement,
        customer_uuid=row.customer_uuid,
        customer=foreign(row.customer_name),
        plan=foreign(row.plan_external_id),
    )


async def _with_details(source: Source, page: Sequence[ChurnRow], attribute: str | None) -> list[ChurnRow]:
    first = await asyncio.gather(*(_known(source, each.customer_uuid) for each in page[:MOST_ASKED]))
    detailed = [_detailed(row, of, attribute) for row, of in zip(page, first, strict=False)]
    return [*detailed, *page[MOST_ASKED:]]


async def _known(source: Source, uuid: str) -> CustomerDetail | None:
    try:
        return await source.reads.customer(uuid)
    except NotFound:
        return None


def _detailed(row: ChurnRow, of: CustomerDetail | None, attribute: str | None) -> ChurnRow:
    if of is None:
        return row
    since, reason = of.customer_since, of.attributes.custom.get(attribute) if attribute else None
    days = (row.date - since).days if since and since <= row.date else None
    told = foreign(str(reason)) if reason is not None else None
    return row.model_copy(update={"tenure_days": days, "reason": told})


def _undetailed(page: Sequence[ChurnRow], attribute: str | None) -> list[str]:
    notes = []
    if len(page) > MOST_ASKED:
        notes.append(
            f"Tenure and reason are given for the first {MOST_ASKED} rows: ask for pages of {MOST_ASKED}."
        )
    if attribute is None:
        notes.append(
            "No custom attribute is set as the reason of a cancellation; ChartMogul has none itself."
        )
    return notes


async def _rates(source: Source, about: About, start: date, end: date) -> list[Rates]:
    """Of whole months that the days are in; both rates by one call."""
    sheet = await source.reads.metric("all", query_of(start, min(end, about.now().date()), "month"))
    return [
        Rates(
            month_end=date.fromisoformat(row["date"][:10]),
            customer_churn_percent=_percent(row.get("customer-churn-rate")),
            net_mrr_churn_percent=_percent(row.get("mrr-churn-rate")),
        )
        for row in sheet.entries
        if isinstance(row.get("date"), str)
    ]


def _percent(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


async def _scheduled(source: Source, about: About) -> tuple[list[ScheduledCancellation], list[str]]:
    """Of any day to come, soonest first, as far as they were not taken back."""
    (planned, more), (taken_back, _) = await asyncio.gather(
        source.reads.subscription_events(SCHEDULED), source.reads.subscription_events(RETRACTED)
    )
    ahead = [each for each in planned if _is_ahead(each, about.now(), taken_back)]
    rows = [
        ScheduledCancellation(
            effective_date=each.effective_date.astimezone(about.zone),
            decided_at=about.local(each.event_date),
            customer_external_id=foreign(each.customer_external_id),
            subscription_external_id=foreign(each.subscription_external_id),
            data_source_uuid=each.data_source_uuid,
        )
        for each in sorted(ahead, key=lambda each: str(each.effective_date))
        if each.effective_date
    ]
    cut = more or len(rows) > MOST_SCHEDULED
    notes = [f"The first {MOST_SCHEDULED} scheduled cancellations among the newest events."] if cut else []
    return rows[:MOST_SCHEDULED], notes


def _is_ahead(event: ScheduledEvent, now: datetime, taken_back: Sequence[ScheduledEvent]) -> bool:
    if event.disabled is True or event.effective_date is None or event.effective_date <= now:
        return False
    return not any(
        each.subscription_external_id == event.subscription_external_id
        and each.data_source_uuid == event.data_source_uuid
        and each.event_date is not None
        and (event.event_date is None or each.event_date >= event.event_date)
        for each in taken_back
    )
