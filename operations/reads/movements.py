"""MRR movements of the whole account, added up and row by row."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from models.chartmogul_details import ActivityDetail
from models.foreign import Foreign, foreign
from models.reads.movements import Group, MovementRow, Movements, Total
from operations.reads.account import About, NotAnswered, Source
from operations.reads.metrics import query_of
from operations.reads.pages import Wanted, page_of

Type = Literal["new_biz", "reactivation", "expansion", "contraction", "churn"]
GroupBy = Literal["none", "type", "plan", "month", "customer"]

MOST_MOVEMENTS = 10_000
"""Read for one answer: some 50 calls."""

TOLERANCE = 0.001


async def movements(
    source: Source,
    start: date,
    end: date,
    types: Collection[Type],
    group_by: GroupBy,
    wanted: Wanted,
) -> Movements:
    """Newest first, or groups, the largest first. Of days to come there is nothing. Raises NotAnswered,
    IntegrationError."""
    if start > end:
        raise NotAnswered("invalid_arguments", "start_date is after end_date.")
    about = await source.about()
    rows = await read(source, about, start, end, types)
    shown: dict[str, object] = {}
    if group_by == "none":
        page, told = page_of([_row(about, each) for each in reversed(rows)], wanted)
        shown["rows"] = page
    else:
        groups, told = page_of(_groups(about, rows, group_by), wanted)
        shown["groups"] = groups
    net = await _net_by_metrics(source, start, end) if not types and end < about.now().date() else None
    total = _total(rows)
    return Movements.model_validate(
        about.envelope
        | {"start_date": start, "end_date": end, "total": total, "metrics_net_cents": net}
        | {"notes": _differs(total.net_cents, net)}
        | shown
        | told
    )


async def read(
    source: Source, about: About, start: date, end: date, types: Collection[str] = ()
) -> list[ActivityDetail]:
    """Oldest first, up to now. Raises NotAnswered where there are too many."""
    only = next(iter(types)) if len(types) == 1 else ""
    until = min(about.end_of(end), about.now() + timedelta(seconds=1))
    found: list[ActivityDetail] = []
    async for rows in source.reads.activities(about.start_of(start), until, only):
        found += [each for each in rows if not types or each.type in types]
        if len(found) > MOST_MOVEMENTS:
            raise NotAnswered(
                "too_large",
                f"There are more than {MOST_MOVEMENTS} movements.",
                "Take a shorter range, or ask the warehouse.",
            )
    return found


async def _net_by_metrics(source: Source, start: date, end: date) -> int | None:
    sheet = await source.reads.metric("mrr", query_of(start, end, "month"))
    parts = [
        row.get(f"mrr-{part}")
        for row in sheet.entries
        for part in ("new-business", "expansion", "contraction", "churn", "reactivation")
    ]
    numbers = [round(each) for each in parts if isinstance(each, int | float)]
    return sum(numbers) if numbers and len(numbers) == len(parts) else None


def _differs(ours: int, theirs: int | None) -> list[str]:
    if theirs is None or abs(ours - theirs) <= max(100, abs(theirs) * TOLERANCE):
        return []
    return ["The sum of the movements is not what ChartMogul's metrics say: it may be recalculating."]


def _total(rows: Iterable[ActivityDetail]) -> Total:
    count, cents = 0, defaultdict[str, int](int)
    for row in rows:
        count += 1
        cents[_type(row)] += row.movement
    return Total(movements=count, net_cents=sum(cents.values()), cents_by_type=dict(sorted(cents.items())))


TYPES = ("new_biz", "reactivation", "expansion", "contraction", "churn")


def _type(row: ActivityDetail) -> str:
    return row.type if row.type in TYPES else "other"


def _groups(about: About, rows: Sequence[ActivityDetail], by: GroupBy) -> list[Group]:
    keys: dict[str, Callable[[ActivityDetail], str]] = {
        "type": _type,
        "plan": lambda row: row.plan_external_id or "none",
        "month": lambda row: f"{row.date.astimezone(about.zone):%Y-%m}",
        "customer": lambda row: row.customer_uuid,
    }
    of: dict[str, list[ActivityDetail]] = defaultdict(list)
    for row in rows:
        of[keys[by](row)].append(row)
    groups = [
        Group(
            key=Foreign.of(key),
            customer=foreign(each[-1].customer_name) if by == "customer" else None,
            **_total(each).model_dump(),
        )
        for key, each in of.items()
    ]
    if by == "month":
        return sorted(groups, key=lambda group: group.key)
    return sorted(groups, key=lambda group: (-abs(group.net_cents), group.key))


def _row(about: About, row: ActivityDetail) -> MovementRow:
    return MovementRow(
        date=local(about, row.date),
        type=_type(row),
        cents=row.movement,
        customer_uuid=row.customer_uuid,
        customer=foreign(row.customer_name),
        plan=foreign(row.plan_external_id),
        description=Foreign.of(row.description),
        mrr_after_cents=row.mrr,
    )


def local(about: About, instant: datetime) -> datetime:
    return instant.astimezone(about.zone)
